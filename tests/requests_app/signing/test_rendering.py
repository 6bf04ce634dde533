"""The real PDFs: what stands in them, and that each is made once."""

from __future__ import annotations

import hashlib
import io

import pytest
from pypdf import PdfReader

from requests_app import tasks
from requests_app.agreements import versions
from requests_app.enums import AgreementState, DocumentKind, Party
from requests_app.files import storage
from requests_app.models import Agreement, AgreementWording, Document, MSARequest
from requests_app.signing import rendering, signatures
from tests import factories, jobs

pytestmark = [pytest.mark.pdf, pytest.mark.django_db]


def pages_of(document: Document) -> list[str]:
    with document.file.open("rb") as file:
        return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(file.read())).pages]


def agent_request(**facts: object) -> MSARequest:
    return factories.complete_request(company=factories.CompanyFactory(), **facts)


def rendered(msa_request: MSARequest) -> Agreement:
    agreement = versions.prepare(msa_request, by=factories.actor_of(msa_request))
    rendering.render(agreement.pk)
    return Agreement.objects.get(pk=agreement.pk)


def test_agreement_of_a_customer_has_the_terms_and_facts_and_the_sample_mark_on_each_page():
    msa_request = factories.complete_request(owner=factories.UserFactory())
    agreement = rendered(msa_request)

    assert agreement.state == AgreementState.SIGNING
    pages = pages_of(agreement.document)
    text = " ".join(pages)
    assert all("Sample" in page for page in pages)
    assert all(f"Page {number} of {len(pages)}" in page for number, page in enumerate(pages, 1))
    assert all(page.count(msa_request.reference) >= 1 for page in pages)
    for words in ("Customer terms", "Alice Sample", "12 Oak Avenue", "700123456789", str(msa_request.device)):
        assert words in text
    assert "Authorization to Act as Agent" not in text


def test_agreement_of_an_agent_has_all_three_sections():
    agreement = rendered(agent_request())

    text = " ".join(pages_of(agreement.document))
    assert "Authorization to Act as Agent to Request SCE Work" in text
    assert "Application Submittal Form" in text
    assert agreement.msa_request.agent_company.name in text


def test_hash_that_is_kept_is_the_files_own():
    document = rendered(factories.complete_request()).document

    with document.file.open("rb") as file:
        body = file.read()
    assert (document.sha256, document.size) == (hashlib.sha256(body).hexdigest(), len(body))


def test_executed_agreement_has_a_signature_page_for_everybody():
    msa_request = agent_request()
    agreement = rendered(msa_request)
    for party in agreement.parties:
        factories.sign(agreement, party)
    rendering.render(agreement.pk)

    executed = Agreement.objects.get(pk=agreement.pk).executed_document
    last = " ".join(pages_of(executed)[pages_of(agreement.document).__len__() - 1 :])
    for signature in agreement.signatures.all():
        for words in (signature.name, signature.email, "127.0.0.1", "tests"):
            assert words in last
    assert agreement.document.sha256 in last.replace(" ", "")
    assert executed.sha256 != agreement.document.sha256
    assert Document.objects.get(pk=agreement.document_id).sha256 == agreement.document.sha256


def test_rendering_twice_makes_one_document_and_one_invitation():
    agreement = rendered(agent_request())
    tasks.render_agreement(agreement.pk)

    assert Document.objects.filter(msa_request=agreement.msa_request).count() == 1
    assert agreement.invitations.count() == 1


def test_rendering_that_comes_late_stores_nothing(monkeypatch):
    msa_request = factories.complete_request()
    agreement = versions.prepare(msa_request, by=msa_request.owner)

    def other_worker_first(*_args):
        monkeypatch.undo()
        rendering.render(agreement.pk)
        return b"late"

    monkeypatch.setattr(rendering, "render_pdf", other_worker_first)
    assert rendering.render(agreement.pk) is False
    assert Document.objects.filter(msa_request=msa_request).count() == 1


def test_rendering_of_a_replaced_agreement_stores_nothing():
    msa_request = factories.complete_request()
    agreement = versions.prepare(msa_request, by=msa_request.owner)
    factories.drafts.save_facts(msa_request, {"city": "Arcadia"}, by=msa_request.owner, version=msa_request.version)

    assert rendering.render(agreement.pk) is False
    assert not Document.objects.filter(msa_request=msa_request).exists()


def test_markup_in_an_answer_is_text_in_the_document(settings):
    evil = '<img src="file:///etc/passwd">{{7*7}}'
    msa_request = factories.complete_request(city=evil)
    agreement = rendered(msa_request)

    assert '<img src="file:///etc/passwd">{{7*7}}' in " ".join(pages_of(agreement.document))


def test_sweep_finds_what_the_broker_lost(monkeypatch, time_machine):
    time_machine.move_to("2026-11-02T18:00:00Z", tick=False)
    agreement = versions.prepare(msa_request := factories.complete_request(), by=msa_request.owner)
    asked = jobs.kept(monkeypatch)

    tasks.sweep_agreements()
    assert asked == []
    time_machine.move_to("2026-11-02T18:01:30Z", tick=False)
    tasks.sweep_agreements()
    assert asked == [("requests_app.render_agreement", agreement.pk)]


def test_broker_that_is_down_costs_the_preparation_nothing(django_capture_on_commit_callbacks):
    msa_request = factories.complete_request()
    with django_capture_on_commit_callbacks(execute=True):
        agreement = versions.prepare(msa_request, by=msa_request.owner)

    assert agreement.state == AgreementState.RENDERING


def test_storage_that_is_full_leaves_neither_row_nor_file(monkeypatch, settings):
    msa_request = factories.complete_request()
    agreement = versions.prepare(msa_request, by=msa_request.owner)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage._storage(), "save", full)
    with pytest.raises(storage.Refused) as refused:
        rendering.render(agreement.pk)
    assert refused.value.code == "storage_failed"
    assert not Document.objects.exists()
    agreement.refresh_from_db()
    assert agreement.state == AgreementState.RENDERING


def test_file_goes_when_its_transaction_rolls_back():
    msa_request = factories.complete_request()
    paths: list[str] = []

    def store_and_fail() -> None:
        with storage.atomic():
            paths.append(
                storage.store(msa_request, DocumentKind.RECEIPT, name="r.pdf", body=b"%PDF", by=None).file.path
            )
            assert storage._storage().exists(paths[0])
            raise RuntimeError("what comes after storing fails")

    with pytest.raises(RuntimeError):
        store_and_fail()
    assert not storage._storage().exists(paths[0])
    assert not Document.objects.exists()


def test_outside_demo_nothing_is_prepared_before_a_supervisor_has_published(settings):
    msa_request = factories.complete_request()
    settings.DEMO = False
    with pytest.raises(signatures.Refused) as refused:
        versions.prepare(msa_request, by=msa_request.owner)
    assert refused.value.code == "no_wording"


def test_outside_demo_a_sample_that_was_prepared_in_demo_is_not_signed(settings):
    msa_request = factories.complete_request()
    agreement = rendered(msa_request)
    settings.DEMO = False
    with pytest.raises(signatures.Refused) as refused:
        factories.sign(agreement, Party.CUSTOMER)
    assert refused.value.code == "no_wording"


def test_wording_in_force_is_the_newest_published_one_also_in_demo(settings):
    assert versions.wording_in_force().version == "sample-1"
    factories.AgreementWordingFactory(version="old")
    published = factories.AgreementWordingFactory(version="official", published_by=factories.supervisor())
    assert versions.wording_in_force() == published
    settings.DEMO = False
    assert versions.wording_in_force() == published
    assert AgreementWording.objects.count() == 3
