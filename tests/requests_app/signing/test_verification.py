"""/verify/: ours and unchanged, or what is the matter, and never a person's data."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from msa_portal import seals
from requests_app.models import Agreement, Document, Seal
from requests_app.signing import rendering
from requests_app.views import verify
from tests import factories
from tests.requests_app.signing.conftest import render

pytestmark = pytest.mark.django_db
HEADINGS = {
    "sealed": "Ours, signed by everyone, and unchanged",
    "replaced": "Ours and unchanged, but replaced since",
    "unsigned": "Ours and unchanged, but not the signed copy",
    "changed": "Changed after we sealed it",
    "not_ours": "Not a file of ours",
    "on_record": "We have an agreement with this number",
    "no_such_number": "We have no agreement with this number",
}


@pytest.fixture
def agreement() -> Agreement:
    ready = render(factories.complete_request())
    for party in ready.parties:
        factories.sign(ready, party)
    rendering.render(ready.pk)
    return Agreement.objects.get(pk=ready.pk)


def body_of(document) -> bytes:
    with document.file.open("rb") as file:
        return file.read()


def shown(client: Client, body: bytes, name: str = "agreement.pdf"):
    return client.post("/verify/", {"file": SimpleUploadedFile(name, body, "application/pdf")})


def says(response, answer: str) -> bool:
    page = response.content.decode()
    assert [verdict for verdict, heading in HEADINGS.items() if heading in page] == [answer]
    return True


def test_sealed_file_is_ours_and_unchanged(client, agreement):
    response = shown(client, body_of(agreement.executed_document))

    assert says(response, "sealed")
    page = response.content.decode()
    for words in (agreement.number, agreement.executed_document.sha256, Seal.objects.get().name):
        assert words in page


def test_file_to_sign_is_ours_but_not_the_signed_copy(client, agreement):
    assert says(shown(client, body_of(agreement.document)), "unsigned")


def test_replaced_version_is_said(client, agreement):
    msa_request = agreement.msa_request
    factories.drafts.save_facts(msa_request, {"city": "Arcadia"}, by=msa_request.owner, version=msa_request.version)

    assert says(shown(client, body_of(agreement.executed_document)), "replaced")


def test_any_changed_byte_is_no_longer_ours(client, agreement):
    body = body_of(agreement.executed_document)
    for place in range(0, len(body), len(body) // 6):
        response = shown(client, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
        assert "and unchanged</h2>" not in response.content.decode()
        assert HEADINGS["sealed"] not in response.content.decode()


def test_change_behind_the_seal_is_named_with_the_agreement_that_it_was(client, agreement):
    response = shown(client, body_of(agreement.executed_document) + b"\n% more\n")

    assert says(response, "changed")
    assert agreement.number in response.content.decode()


def test_sealed_by_somebody_else_is_not_ours(client, agreement, settings, tmp_path):
    settings.SEAL_SELF_SIGNED_FILE = str(tmp_path / "other.p12")
    forged = seals.seal(body_of(agreement.document), reason=agreement.number)

    assert says(shown(client, forged), "not_ours")


@pytest.mark.parametrize("body", [b"%PDF-1.7 nothing", b"<html></html>", b"MZ\x90"])
def test_anything_else_is_not_ours(client, db, body):
    assert says(shown(client, body), "not_ours")


def test_number_is_looked_up_whatever_its_case_and_spaces(client, agreement):
    assert says(client.get("/verify/", {"number": f"  {agreement.number.lower()} "}), "on_record")


@pytest.mark.parametrize("number", ["MSA-2026-999999-A1", "nonsense", "-A", "MSA-2026-000001-A99999999999", "'--"])
def test_number_that_we_do_not_know_is_said(client, db, number):
    assert says(client.get("/verify/", {"number": number}), "no_such_number")


def test_answer_names_no_person_and_no_place(client, agreement):
    facts = agreement.facts
    pages = [
        shown(client, body_of(agreement.executed_document)),
        client.get("/verify/", {"number": agreement.number}),
    ]
    for page in pages:
        for name in ("customer_name", "street", "city", "account_number", "meter_number", "customer_email"):
            assert str(facts.get(name) or agreement.msa_request.owner.email) not in page.content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [({}, "Choose the PDF."), ({"file": SimpleUploadedFile("a.pdf", b"")}, "This file is empty.")],
)
def test_nothing_to_look_at_is_said_at_the_field(client, db, data, words):
    response = client.post("/verify/", data)

    assert response.status_code == 400
    assert words in response.content.decode()


def test_empty_number_is_said_at_the_field(client, db):
    response = client.get("/verify/", {"number": " "})

    assert response.status_code == 400
    assert "Enter the number" in response.content.decode()


def test_too_large_file_is_refused_with_the_limit(client, db, settings):
    settings.MAX_UPLOAD_BYTES = 10
    response = shown(client, b"%PDF-1.7 nothing more")

    assert "larger than" in response.content.decode()


def test_trying_too_often_is_throttled_for_that_address_alone(client, db, monkeypatch):
    monkeypatch.setattr(verify.VerifyThrottle, "THROTTLE_RATES", {"verify": "2/hour"})
    answers = [client.get("/verify/", {"number": "x"}).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert client.get("/verify/").status_code == 200
    assert client.get("/verify/", {"number": "x"}, REMOTE_ADDR="127.0.0.9").status_code == 200


def test_nothing_is_kept(client, agreement):
    before = Document.objects.count()
    shown(client, b"%PDF-1.7 nothing")
    assert Document.objects.count() == before


def test_footer_of_every_page_leads_there(client, db):
    assert 'href="/verify/"' in client.get("/").content.decode()
