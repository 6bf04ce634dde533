"""The documents that a device asks for: found missing, sent, replaced, and seen by nobody else."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from msa_portal.errors import Refused
from requests_app import eligibility
from requests_app.enums import EventKind, WithdrawalReason
from requests_app.files import product_documents
from requests_app.lifecycle import correction_items, readiness_statements, transitions
from requests_app.models import CorrectionReason, MSARequest
from requests_app.models.reference import document_key
from requests_app.readiness import readiness
from requests_app.screening import corrections
from tests import factories
from tests.markup import laid_out

pytestmark = pytest.mark.django_db

PLAN = "Wiring diagram"
KEY = document_key(PLAN)


@pytest.fixture
def request_(settings: Any, tmp_path: Any) -> MSARequest:
    settings.MEDIA_ROOT = tmp_path
    return factories.complete_request(device=factories.ProductFactory(required_documents=[PLAN, "Warranty card"]))


def photo(name: str = "plan.jpg") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue())


def page(msa_request: MSARequest) -> str:
    return f"/requests/{msa_request.reference}/device-documents/"


def test_missing_documents_are_to_be_put_right_first(request_: MSARequest) -> None:
    (item,) = readiness.check(request_).items
    assert (item.rule, item.kind, item.field, item.step) == ("R5", "put_right", "device", "adapter")
    assert "Wiring diagram, Warranty card" in item.why


def test_document_that_was_sent_is_missing_no_more(request_: MSARequest) -> None:
    product_documents.add(request_, photo(), key=KEY, by=request_.owner)
    assert eligibility.sources.missing_documents(request_) == ("Warranty card",)
    assert request_.events.filter(kind=EventKind.PRODUCT_DOCUMENT_SENT).count() == 1


def test_new_one_takes_the_place_of_the_old_which_stays(request_: MSARequest) -> None:
    first = product_documents.add(request_, photo(), key=KEY, by=request_.owner)
    second = product_documents.add(request_, photo(), key=KEY, by=request_.owner)
    first.refresh_from_db()
    assert first.replaced_at is not None
    assert [row.document for row in product_documents.wanted(request_)] == [second, None]


@pytest.mark.parametrize("key", ["", "doc-0000000000000000", "panel_label"])
def test_document_that_nobody_asked_for_is_refused(request_: MSARequest, key: str) -> None:
    with pytest.raises(Refused) as refused:
        product_documents.add(request_, photo(), key=key, by=request_.owner)
    assert (refused.value.code, request_.documents.count()) == ("not_asked", 0)


def test_stranger_cannot_send(request_: MSARequest) -> None:
    with pytest.raises(Refused):
        product_documents.add(request_, photo(), key=KEY, by=factories.UserFactory())


def test_page_takes_a_photo_and_shows_what_is_missing(client: Client, request_: MSARequest) -> None:
    client.force_login(request_.owner)
    assert client.get(page(request_)).text.count("Not here yet") == 2
    answer = client.post(page(request_), {"key": KEY, "file": photo()}, follow=True)
    assert "The document is saved." in answer.text
    assert answer.text.count("Not here yet") == 1


def test_page_says_at_the_document_why_a_file_is_not_taken(client: Client, request_: MSARequest) -> None:
    client.force_login(request_.owner)
    answer = client.post(page(request_), {"key": KEY, "file": SimpleUploadedFile("plan.pdf", b"MZ program")})
    assert answer.status_code == 422
    assert f'id="error-{KEY}"' in answer.text
    assert "neither a photo nor a PDF" in answer.text
    assert "No file came with it." in client.post(page(request_), {"key": KEY}).text


def test_form_leads_to_the_page_and_the_picker_says_what_is_asked_for(client: Client, request_: MSARequest) -> None:
    client.force_login(request_.owner)
    form = client.get(f"/requests/{request_.reference}/form/adapter/").text
    assert page(request_) in form
    assert "asks for: Wiring diagram, Warranty card" in form
    assert "needs: energy storage" in form


def test_what_the_device_needs_besides_storage_is_asked(client: Client) -> None:
    product = factories.ProductFactory(required_companions=["storage", "transfer_switch"], request_types=["install"])
    msa_request = factories.complete_request(device=product)
    client.force_login(msa_request.owner)
    form = client.get(f"/requests/{msa_request.reference}/form/adapter/").text
    assert "Is there what the device needs, or will there be with this project?" in form
    assert "only for: install" in form
    assert [item.field for item in readiness.check(msa_request).missing] == ["has_companions"]


def test_document_that_staff_asked_for_takes_the_place_of_the_missing_one(request_: MSARequest) -> None:
    reason = CorrectionReason.objects.get(code="product-document")
    readiness_statements.state_findings(request_, by=request_.owner, covers={"R5:device"})
    msa_request = factories.submitted(request_)
    transitions.require_corrections(
        msa_request, by=factories.staff(), items=[correction_items.RequiredCorrection(reason)]
    )
    item = factories.refreshed(msa_request).corrections.get()
    corrections.answer_with_document(item, photo(), by=request_.owner)
    assert eligibility.sources.missing_documents(msa_request) == ("Warranty card",)


def test_staff_and_owner_see_what_was_sent(client: Client, request_: MSARequest) -> None:
    document = product_documents.add(request_, photo(), key=KEY, by=request_.owner)
    link = f"/requests/{request_.reference}/documents/{document.pk}/"
    client.force_login(factories.staff())
    desk = laid_out(client.get(f"/admin/requests_app/msarequest/{request_.pk}/change/").text)
    assert link in desk
    assert "Warranty card: <strong>not here yet</strong>" in desk
    assert page(request_) not in desk
    client.force_login(request_.owner)
    own = client.get(f"/requests/{request_.reference}/").text
    assert (link in own, page(request_) in own) == (True, True)


def test_document_of_a_closed_request_stays(request_: MSARequest) -> None:
    transitions.withdraw(request_, by=request_.owner, reason=WithdrawalReason.CHANGED_PLANS)
    with pytest.raises(Refused) as refused:
        product_documents.add(request_, photo(), key=KEY, by=request_.owner)
    assert refused.value.code == "closed"
