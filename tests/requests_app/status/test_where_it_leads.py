"""Nothing dead-ends: the page that somebody lands on has their next step, or says that nothing is left (issue 15, A4)."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from requests_app.enums import PhotoTopic, Status
from requests_app.files import site_photos
from requests_app.lifecycle import correction_items, transitions
from requests_app.models import MSARequest
from requests_app.screening import corrections
from tests import factories

pytestmark = pytest.mark.django_db


def to(name: str, msa_request: MSARequest, *more: str) -> str:
    return reverse(f"requests:{name}", args=[msa_request.reference, *more])


def links(client: Any, address: str) -> dict[str, str]:
    """The words of each link and where it leads."""
    page = client.get(address).text
    found_links = re.findall(r'<a\b[^>]*?href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {re.sub(r"<[^>]+>|\s+", " ", words).strip(): target for target, words in found_links}


def photo() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "navy").save(out, "JPEG")
    return SimpleUploadedFile("label.jpg", out.getvalue(), "image/jpeg")


@pytest.fixture
def street() -> Any:
    return factories.CorrectionReasonFactory(code="C5-street", field="street", title="The address")


def sent_back(*items: correction_items.RequiredCorrection, **facts: Any) -> MSARequest:
    msa_request = factories.submitted(**facts)
    transitions.require_corrections(msa_request, by=factories.staff(), items=items)
    return factories.refreshed(msa_request)


def test_after_signing_again_in_corrections_comes_sending_it_back(client, street):
    msa_request = sent_back(correction_items.RequiredCorrection(street))
    client.force_login(msa_request.owner)
    item = msa_request.corrections.get()
    assert links(client, msa_request.get_absolute_url())["Answer the corrections"] == to("corrections", msa_request)
    answer = {"correction": item.pk, "version": msa_request.version, f"c{item.pk}-street": "14 Oak Avenue"}
    client.post(to("corrections", msa_request), answer | {f"c{item.pk}-city": "Monrovia"})
    assert links(client, to("corrections", msa_request))["Go on to the agreement"] == to("agreement", msa_request)
    msa_request.refresh_from_db()
    agreement = factories.prepared(msa_request)
    signing = "Read and sign the agreement"
    assert links(client, to("corrections", msa_request))[signing] == to("agreement", msa_request)
    for party in agreement.parties:
        factories.sign(agreement, party)
    sending = "Send it back for screening"
    assert links(client, to("agreement", msa_request))[sending] == f"{to('corrections', msa_request)}#send-back"
    assert links(client, msa_request.get_absolute_url())[sending] == f"{to('corrections', msa_request)}#send-back"
    page = client.post(to("corrections", msa_request), {"resubmit": "1"}, follow=True)
    assert "Request Submitted" in page.text
    assert "nothing left for you to do now" in client.get(to("agreement", msa_request)).text


def test_answer_missing_in_corrections_leads_to_the_review(client, street):
    msa_request = sent_back(correction_items.RequiredCorrection(street))
    corrections.answer(msa_request.corrections.get(), by=msa_request.owner, way="right", text="It is right.")
    MSARequest.objects.filter(pk=msa_request.pk).update(panel_rating_amps=None)
    client.force_login(msa_request.owner)
    assert links(client, to("corrections", msa_request))["Complete the form"].startswith(
        to("form", msa_request, "review")
    )


def test_withdrawn_request_leads_to_a_new_one(client):
    msa_request = factories.submitted()
    client.force_login(msa_request.owner)
    page = client.post(to("withdraw", msa_request), {"reason": "other", "sure": "on"}, follow=True)
    assert factories.refreshed(msa_request).status == Status.WITHDRAWN
    assert f'href="{reverse("requests:new")}"' in page.text.split("<main")[1]


def test_maintenance_without_a_fee_leads_to_the_button_that_submits_it(client):
    msa_request = factories.executed(factories.complete_request(request_type="maintenance", existing_adapter="msa"))
    client.force_login(msa_request.owner)
    fee = reverse("payments:fee", args=[msa_request.reference])
    assert links(client, to("agreement", msa_request))["Submit the request"] == fee
    assert "Submit request" in client.get(fee).text
    page = client.post(reverse("payments:submit", args=[msa_request.reference]), follow=True)
    assert "Your request is submitted." in page.text


def test_changing_one_answer_on_the_review_returns_to_it(client):
    msa_request = factories.complete_request(panel_rating_amps=None)
    client.force_login(msa_request.owner)
    review = to("form", msa_request, "review")
    change = next(target for words, target in links(client, review).items() if words.startswith("Missing"))
    assert change.partition("#")[0] == f"{to('form', msa_request, 'panel')}?then=review"
    page = client.get(change.partition("#")[0]).text
    assert "Save and return to the review" in page
    posted = {"version": msa_request.version, "panel_rating_amps": "200", "go": "next"}
    assert client.post(change.partition("#")[0], posted).url == review
    assert client.post(f"{to('form', msa_request, 'panel')}?then=//evil", posted).url == to(
        "form", msa_request, "adapter"
    )


def test_answer_that_brings_questions_stays_and_still_returns_to_the_review(client):
    msa_request = factories.complete_request(has_solar=False, has_storage=False, backfeed_amps=None)
    client.force_login(msa_request.owner)
    adapter = f"{to('form', msa_request, 'adapter')}?then=review"
    assert client.post(adapter, {"version": msa_request.version, "has_solar": "True", "go": "next"}).url == adapter


def test_what_is_to_be_fixed_before_the_visit_returns_to_its_page(client):
    msa_request = factories.complete_request(device_in_waterproof_package=False)
    client.force_login(msa_request.owner)
    fix = next(t for w, t in links(client, to("readiness", msa_request)).items() if w.startswith("Go to this answer"))
    assert "?then=readiness" in fix
    posted = {"version": msa_request.version, "device_in_waterproof_package": "True", "go": "next"}
    assert client.post(fix.partition("#")[0], posted).url == to("readiness", msa_request)


def test_review_shows_the_photos_and_the_way_to_them(client):
    msa_request = factories.complete_request()
    client.force_login(msa_request.owner)
    photos = to("form", msa_request, "photos")
    review = client.get(to("form", msa_request, "review")).text
    assert "No photo (optional)" in review
    assert f'href="{photos}"' in review
    site_photos.add(msa_request, photo(), topic=PhotoTopic.PANEL_LABEL, by=msa_request.owner)
    kept = site_photos.current(msa_request)[PhotoTopic.PANEL_LABEL]
    assert f'src="{to("photo", msa_request, str(kept.pk))}"' in client.get(to("form", msa_request, "review")).text


# The right box


@pytest.mark.parametrize(
    ("typed", "facts"),
    [
        ("14 Oak Avenue Apt 4", ("14 Oak Avenue", "Apt 4")),
        ("14 Oak Avenue, #4", ("14 Oak Avenue", "#4")),
        ("Unit 4", ("12 Oak Avenue", "Unit 4")),
        ("14 Oak Avenue", ("14 Oak Avenue", "3")),
    ],
)
def test_address_that_staff_propose_goes_into_its_boxes(client, street, typed, facts):
    msa_request = factories.submitted(unit="3")
    client.force_login(factories.staff())
    data = {f"reason_{street.pk}": "on", f"proposal_{street.pk}": typed}
    client.post(reverse("admin:requests_app_msarequest_corrections", args=[msa_request.pk]), data)
    item = msa_request.corrections.get()
    corrections.use_proposal(item, by=msa_request.owner, version=factories.refreshed(msa_request).version)
    msa_request = factories.refreshed(msa_request)
    assert (msa_request.street, msa_request.unit) == facts


def test_unit_of_the_record_is_proposed_as_the_unit(client, street):
    account = factories.ServiceAccountFactory(street="12 Oak Avenue", unit="B", city="Monrovia")
    msa_request = factories.submitted(street="12 Oak Avenue", unit="4", city="Monrovia")
    assert account.account_number == msa_request.account_number
    client.force_login(factories.staff())
    desk = reverse("admin:requests_app_msarequest_corrections", args=[msa_request.pk])
    client.post(desk, {f"reason_{street.pk}": "on", f"record_{street.pk}": "on"})
    item = msa_request.corrections.get()
    assert item.proposal == {"unit": "B"}
    assert correction_items.proposal_in_words(item) == "B"
    corrections.use_proposal(item, by=msa_request.owner, version=factories.refreshed(msa_request).version)
    msa_request = factories.refreshed(msa_request)
    assert (msa_request.street, msa_request.unit) == ("12 Oak Avenue", "B")
