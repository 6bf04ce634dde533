"""A drawn signature: an extra beside the typed name, judged by content, kept and shown to staff."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from pypdf import PdfReader

from requests_app.enums import DocumentKind, Party, ScanState
from requests_app.files import storage
from requests_app.lifecycle import drafts
from requests_app.models import Agreement, Document
from requests_app.signing import rendering
from tests import factories
from tests.markup import laid_out
from tests.requests_app.signing.conftest import agree, answers, link, open_invitation, proof, render

pytestmark = pytest.mark.django_db


def data_address(body: bytes | None = None) -> str:
    if body is None:
        out = io.BytesIO()
        Image.new("RGB", (600, 200), "white").save(out, "PNG")
        body = out.getvalue()
    return "data:image/png;base64," + base64.b64encode(body).decode()


def test_drawing_is_kept_with_the_signature(client, consented):
    client.post(link(open_invitation(consented)), answers(consented, drawing=data_address()))
    drawing = consented.signatures.get().drawing
    assert (drawing.kind, drawing.content_type) == (DocumentKind.DRAWN_SIGNATURE, "image/jpeg")
    assert drawing.msa_request_id == consented.msa_request_id


def test_without_a_drawing_the_name_alone_signs(client, consented):
    client.post(link(open_invitation(consented)), answers(consented, drawing=""))
    assert consented.signatures.get().drawing is None


@pytest.mark.parametrize("drawing", ["data:image/png;base64,%%%", data_address(b"<svg onload=alert(1)>"), "x"])
def test_what_is_no_picture_is_refused_and_nothing_is_kept(client, consented, drawing):
    page = client.post(link(open_invitation(consented)), answers(consented, drawing=drawing))
    assert "could not be read" in page.content.decode()
    assert not consented.signatures.exists()
    assert not Document.objects.filter(kind=DocumentKind.DRAWN_SIGNATURE).exists()


def test_refused_signature_leaves_no_drawing(client, consented):
    data = answers(consented, drawing=data_address(), document="0" * 64)
    assert client.post(link(open_invitation(consented)), data).status_code == 410
    assert not Document.objects.filter(kind=DocumentKind.DRAWN_SIGNATURE).exists()


def test_drawing_goes_with_the_signature_to_the_next_version(client, consented, agent_request):
    client.post(link(open_invitation(consented)), answers(consented, drawing=data_address()))
    drawing = consented.signatures.get().drawing
    msa_request = factories.refreshed(agent_request)
    drafts.save_facts(msa_request, {"city": "Arcadia"}, by=msa_request.agent, version=msa_request.version)
    new = render(factories.refreshed(agent_request))
    assert new.signatures.get().drawing == drawing


def test_staff_open_the_drawing_from_the_screening_page(client):
    msa_request = factories.complete_request()
    agreement = render(msa_request)
    agree(agreement, Party.CUSTOMER, proof(msa_request.owner))
    client.force_login(msa_request.owner)
    client.post(f"/requests/{msa_request.reference}/agreement/sign/", answers(agreement, drawing=data_address()))
    drawing = agreement.signatures.get().drawing
    client.force_login(factories.staff())
    page = laid_out(
        client.get(f"/admin/requests_app/msarequest/{msa_request.pk}/change/", follow=True).content.decode()
    )
    url = f"/requests/{msa_request.reference}/documents/{drawing.pk}/"
    assert f'<a href="{url}">Drawn signature</a>' in page
    assert b"".join(client.get(url)).startswith(b"\xff\xd8\xff")


def pictures_in_evidence(agreement: Agreement) -> int:
    factories.sign(agreement, Party.AGENT)
    rendering.render(agreement.pk)
    agreement.refresh_from_db()
    pages = PdfReader(io.BytesIO(storage.read(agreement.executed_document))).pages
    return len({image.data for page in pages for image in page.images})


@pytest.mark.pdf
@pytest.mark.parametrize(("drawing", "pictures"), [(data_address(), 1), ("", 0)])
def test_drawing_stands_in_the_evidence(client, consented, drawing, pictures):
    client.post(link(open_invitation(consented)), answers(consented, drawing=drawing))
    assert pictures_in_evidence(consented) == pictures


def test_drawing_in_quarantine_is_left_out_of_the_evidence(client, consented):
    client.post(link(open_invitation(consented)), answers(consented, drawing=data_address()))
    Document.objects.filter(kind=DocumentKind.DRAWN_SIGNATURE).update(scan=ScanState.WAITING)
    assert pictures_in_evidence(consented) == 0
