"""A drawn signature beside the typed one: an extra, judged like any picture that is sent."""

from __future__ import annotations

import base64
import io

import pytest
from pypdf import PdfReader

from requests_app import agreement_rendering, agreements, documents
from requests_app.enums import DocumentKind, Party, ScanState
from requests_app.models import Agreement, Document, Signature
from tests import crafted, factories
from tests.requests_app.agreements.conftest import answers, link, open_invitation

pytestmark = pytest.mark.django_db


def data_url(body: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(body).decode()}"


DRAWN = data_url(crafted.image("PNG", size=(300, 100)))


def signed_by_link(client, agreement: Agreement, **changed: str) -> Signature:
    client.post(link(open_invitation(agreement)), answers(agreement, **changed))
    return Signature.objects.get(agreement=agreement, party=Party.CUSTOMER)


def pictures_in(agreement: Agreement) -> int:
    factories.sign(agreement, Party.AGENT)
    agreement_rendering.render(agreement.pk)
    agreement.refresh_from_db()
    pages = PdfReader(io.BytesIO(documents.read(agreement.executed_document))).pages
    return len({image.data for page in pages for image in page.images})


def test_drawing_is_kept_as_new_jpeg_with_the_signature_and_stands_in_the_evidence(client, ready):
    signature = signed_by_link(client, ready, drawing=DRAWN)

    assert (signature.name, signature.drawing.kind) == ("Alice Sample", DocumentKind.DRAWN_SIGNATURE)
    assert documents.read(signature.drawing).startswith(b"\xff\xd8\xff")
    assert pictures_in(ready) == 1


def test_typed_name_alone_is_enough(client, ready):
    assert signed_by_link(client, ready).drawing is None
    assert pictures_in(ready) == 0


def test_agent_draws_on_the_request_page(client, ready):
    client.force_login(ready.request.agent, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/requests/{ready.request.reference}/agreement/"
    client.post(f"{url}sign/", answers(ready, name="Bob Builder", drawing=DRAWN))

    signature = Signature.objects.get(party=Party.AGENT)
    assert f"/documents/{signature.drawing_id}/" in client.get(url).content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        "data:image/png;base64,not-base64!",
        data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        data_url(b""),
        data_url(b"%PDF-1.7"),
        "A" * 1_000_001,
    ],
    ids=["no base64", "svg", "empty", "pdf", "too long"],
)
def test_what_is_no_picture_is_refused_and_nothing_is_signed(client, ready, sent):
    response = client.post(link(open_invitation(ready)), answers(ready, drawing=sent))

    assert response.status_code == 200
    assert not ready.signatures.exists()
    assert not Document.objects.filter(kind=DocumentKind.DRAWN_SIGNATURE).exists()
    assert "Alice Sample" in response.content.decode()


def test_drawing_comes_back_with_an_error_elsewhere(client, ready):
    page = client.post(link(open_invitation(ready)), answers(ready, name="", drawing=DRAWN)).content.decode()
    assert DRAWN.removeprefix("data:image/png;base64,")[:60] in page


def test_signature_that_is_refused_leaves_no_drawing(client, ready):
    client.post(link(open_invitation(ready)), answers(ready, drawing=DRAWN, document="0" * 64))
    assert not Document.objects.filter(kind=DocumentKind.DRAWN_SIGNATURE).exists()


def test_drawing_goes_with_a_signature_that_still_stands(client, ready):
    drawing = signed_by_link(client, ready, drawing=DRAWN).drawing
    request = ready.request
    factories.drafts.save_facts(
        request, {"street": "14 Oak Avenue"}, by=factories.actor_of(request), version=request.version
    )
    second = agreements.prepare(request, by=factories.actor_of(request))

    assert [each.drawing for each in second.signatures.all()] == [drawing]


def test_drawing_in_quarantine_is_left_out_of_the_evidence(client, ready):
    drawing = signed_by_link(client, ready, drawing=DRAWN).drawing
    Document.objects.filter(pk=drawing.pk).update(scan=ScanState.WAITING)

    assert pictures_in(ready) == 0
