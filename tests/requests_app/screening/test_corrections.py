"""The corrections page: only what must change, answered beside the very field."""

from __future__ import annotations

import pytest
from django.urls import reverse

from msa_portal.errors import Refused, Stale
from requests_app.enums import CorrectionKind, RecordCheck, Status
from requests_app.lifecycle import drafts, transitions
from requests_app.screening import corrections
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_():
    return factories.corrections_required(note="Two digits are swapped.")


def page_of(msa_request):
    return reverse("requests:corrections", args=[msa_request.reference])


def post(client, msa_request, correction, values, *, way="", version=None):
    prefix = f"{'d' if way else 'c'}{correction.pk}-"
    data = {f"{prefix}{name}": value for name, value in values.items()}
    data |= {"correction": correction.pk, "version": version or msa_request.version, "way": way}
    return client.post(page_of(msa_request), data)


def test_page_shows_the_item_in_staffs_words_beside_its_field_and_no_other(client, request_):
    client.force_login(request_.owner)
    page = client.get(page_of(request_)).content.decode()
    correction = request_.corrections.get()
    for words in ("Two digits are swapped.", f'name="c{correction.pk}-account_number"', "1 item needs your answer"):
        assert words in page
    for other in ("panel_rating_amps", "customer_name", "-device"):
        assert other not in page
    assert "Some corrections have no answer yet" in page


def test_fact_and_answer_are_saved_and_sent_back(client, request_):
    client.force_login(request_.owner)
    correction = request_.corrections.get()
    post(client, request_, correction, {"account_number": "7001 2345 6780"})
    correction.refresh_from_db()
    request_ = factories.refreshed(request_)
    assert (request_.account_number, correction.answer) == ("700123456780", "Corrected")
    assert request_.record_check == RecordCheck.DIFFERS
    page = client.get(page_of(request_)).content.decode()
    assert "Answered" in page
    assert reverse("requests:agreement", args=[request_.reference]) in page  # a covered fact changed
    client.post(page_of(request_), {"resubmit": "1"})
    assert factories.refreshed(request_).status == Status.CORRECTIONS_REQUIRED
    factories.executed(request_)
    client.post(page_of(request_), {"resubmit": "1"})
    request_ = factories.refreshed(request_)
    assert request_.status == Status.REQUEST_SUBMITTED
    assert request_.corrections.get().value_then == "700123456789"


def test_fact_may_stay_with_a_reason(client, request_):
    client.force_login(request_.owner)
    correction = request_.corrections.get()
    silent = post(client, request_, correction, {"account_number": request_.account_number})
    assert silent.status_code == 422
    assert "This is the same as before" in silent.content.decode()
    post(client, request_, correction, {"account_number": request_.account_number, "answer": "It is on the bill."})
    client.post(page_of(request_), {"resubmit": "1"})
    assert factories.refreshed(request_).status == Status.REQUEST_SUBMITTED
    assert not request_.agreements.filter(state="superseded").exists()


@pytest.mark.parametrize(("typed", "said"), [("", "Fill this in."), ("!!", "Enter the digits")])
def test_bad_input_is_said_at_the_field_and_kept(client, request_, typed, said):
    client.force_login(request_.owner)
    answer = post(client, request_, request_.corrections.get(), {"account_number": typed, "answer": "my words"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "my words" in answer.content.decode()
    assert request_.corrections.unanswered().count() == 1


def test_stale_version_writes_neither_fact_nor_answer(client, request_):
    """Fault 16."""
    client.force_login(request_.owner)
    old = request_.version
    drafts.save_facts(request_, {"account_number": "700100000001"}, by=request_.owner, version=old)
    answer = post(client, request_, request_.corrections.get(), {"account_number": "700100000002"}, version=old)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "saved now “700100000001”, yours “700100000002”" in page
    assert factories.refreshed(request_).account_number == "700100000001"
    assert request_.corrections.unanswered().count() == 1


def test_every_item_must_be_answered_before_it_goes_back(client, request_):
    client.force_login(request_.owner)
    client.post(page_of(request_), {"resubmit": "1"})
    assert factories.refreshed(request_).status == Status.CORRECTIONS_REQUIRED


def cannot_be_served():
    msa_request = factories.submitted()
    reason = factories.CorrectionReasonFactory(
        code="over-200", title="Over 200 A", field="panel_rating_amps", kind=CorrectionKind.CANNOT_BE_SERVED
    )
    transitions.require_corrections(msa_request, by=factories.staff(), items=[transitions.RequiredCorrection(reason)])
    return msa_request, msa_request.corrections.get()


def test_cannot_be_served_offers_three_ways(client):
    """D14."""
    msa_request, correction = cannot_be_served()
    client.force_login(msa_request.owner)
    page = client.get(page_of(msa_request)).content.decode()
    for way in (f"c{correction.pk}-panel_rating_amps", f"d{correction.pk}-device", "full refund"):
        assert way in page
    assert reverse("requests:withdraw", args=[msa_request.reference]) in page


def test_cannot_be_served_answered_with_another_device(client):
    msa_request, correction = cannot_be_served()
    client.force_login(msa_request.owner)
    other = factories.ProductFactory()
    post(client, msa_request, correction, {"device": other.pk}, way="device")
    correction.refresh_from_db()
    assert (factories.refreshed(msa_request).device, correction.way) == (other, "device")


def test_cannot_be_served_answered_with_the_fact_is_wrong(client):
    msa_request, correction = cannot_be_served()
    client.force_login(msa_request.owner)
    post(client, msa_request, correction, {"panel_rating_amps": "200", "answer": "The label says 200 A."})
    client.post(page_of(msa_request), {"resubmit": "1"})
    assert factories.refreshed(msa_request).status == Status.REQUEST_SUBMITTED


def test_answer_after_the_request_moved_on_is_stale(request_):
    correction = request_.corrections.get()
    transitions.withdraw(request_, by=request_.owner, reason="other")
    with pytest.raises(Stale, match="Request withdrawn"):
        corrections.answer(correction, by=request_.owner, way="done", text="late")


def test_only_who_acts_for_the_request_reaches_the_page(client, request_):
    correction = request_.corrections.get()
    for stranger in (factories.UserFactory(), factories.staff(), factories.technician()):
        client.force_login(stranger)
        assert client.get(page_of(request_)).status_code == 404
        assert post(client, request_, correction, {"answer": "mine"}).status_code == 404
    assert request_.corrections.unanswered().count() == 1


def test_item_of_another_request_is_not_found(client, request_):
    other = factories.corrections_required().corrections.get()
    client.force_login(request_.owner)
    assert post(client, request_, other, {"answer": "mine"}).status_code == 404


def test_page_without_corrections_leads_back(client):
    msa_request = factories.submitted()
    client.force_login(msa_request.owner)
    assert client.get(page_of(msa_request)).url == msa_request.get_absolute_url()


def test_answer_in_words_needs_words(request_):
    correction = request_.corrections.get()
    with pytest.raises(Refused) as refusal:
        corrections.answer(correction, by=request_.owner, way="right", text=" ")
    assert refusal.value.code == "empty"
