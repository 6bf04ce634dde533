"""The executed agreement: sealed, with its evidence, or not there at all."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from pypdf import PdfReader

from msa_portal import seals
from requests_app.agreements import versions
from requests_app.models import Agreement, Document, Seal
from requests_app.signing import rendering
from tests import factories
from tests.requests_app.signing.conftest import render

pytestmark = [pytest.mark.pdf, pytest.mark.django_db]


def body_of(document: Document) -> bytes:
    with document.file.open("rb") as file:
        return file.read()


def text_of(document: Document) -> str:
    pages = PdfReader(io.BytesIO(body_of(document))).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def executed(agreement: Agreement) -> Agreement:
    for party in agreement.parties:
        factories.sign(agreement, party)
    rendering.render(agreement.pk)
    return Agreement.objects.get(pk=agreement.pk)


def test_executed_agreement_is_sealed_and_says_by_whom(ready):
    document = executed(ready).executed_document

    seals.check(body_of(document))
    identity = seals.identity()
    seal = Seal.objects.get(document=document)
    assert (seal.name, seal.certificate_sha256, seal.is_self_signed) == (
        identity.name,
        identity.certificate_sha256,
        True,
    )
    text = text_of(document)
    assert identity.name in text
    assert "self-signed" in text
    assert identity.certificate_sha256 in text.replace(" ", "")
    assert "/verify/" in text
    assert ready.number in text


def test_executed_agreement_is_tagged(ready):
    root = PdfReader(io.BytesIO(body_of(executed(ready).executed_document))).root_object

    assert root["/MarkInfo"]["/Marked"]
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_object().get_data()
    assert "/StructTreeRoot" in root


def test_evidence_names_each_signature_and_consent(ready):
    agreement = executed(ready)

    text = text_of(agreement.executed_document)
    assert agreement.signatures.count() == 2
    for signature in agreement.signatures.all():
        assert "; ".join(signature.section_titles) in text
        assert signature.document_sha256 in text.replace(" ", "")
        assert signature.consent_text in text
    assert text.count("consent to electronic records Given") == agreement.consents.count()


def test_signature_that_still_stands_names_the_version_that_was_signed(ready):
    first = executed(ready)
    msa_request = first.msa_request
    factories.drafts.save_facts(
        msa_request, {"street": "14 Oak Avenue"}, by=factories.actor_of(msa_request), version=msa_request.version
    )
    second = render(msa_request)
    for party in second.waited_for:
        factories.sign(second, party)
    rendering.render(second.pk)
    second.refresh_from_db()

    kept = second.signatures.filter(carried_from__isnull=False)
    assert kept.exists()
    assert f"Signed as {first.number}." in text_of(second.executed_document)


@pytest.mark.parametrize("broken", ["", "bm8ga2V5"])
def test_without_a_usable_key_nothing_is_stored_and_it_fails_loudly(ready, settings, broken):
    for party in ready.parties:
        factories.sign(ready, party)
    settings.SEAL_KEY, settings.SEAL_SELF_SIGNED_FILE = broken, ""
    before = Document.objects.count()

    with pytest.raises(seals.SealKeyError):
        rendering.render(ready.pk)
    assert Document.objects.count() == before
    assert Agreement.objects.get(pk=ready.pk).executed_document is None


def test_sweeper_finds_it_again_once_the_key_is_mended(ready, settings):
    for party in ready.parties:
        factories.sign(ready, party)
    later = Agreement.objects.get(pk=ready.pk).executed_at + timedelta(minutes=2)

    assert list(Agreement.objects.lacking_document(since=later)) == [ready]
    rendering.render(ready.pk)
    assert not Agreement.objects.lacking_document(since=later).exists()


def test_signed_copy_from_before_there_were_seals_is_made_anew(ready):
    agreement = executed(ready)
    Seal.objects.all().delete()

    assert rendering.render(agreement.pk) is True
    fresh = Agreement.objects.get(pk=agreement.pk)
    assert fresh.executed_document.seal
    assert fresh.executed_document != agreement.executed_document


def test_signing_itself_renders_and_seals_nothing(ready, monkeypatch):
    def never(*_args, **_named):
        raise AssertionError("sealed while a person waits")

    monkeypatch.setattr(seals, "seal", never)
    for party in ready.parties:
        factories.sign(ready, party)
    assert versions.current(ready.msa_request).state == "executed"
