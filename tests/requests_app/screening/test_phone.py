"""Answers that staff enter for somebody on the phone: the customer's form and checks, marked so, never a signature."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from msa_portal.errors import Refused
from requests_app.enums import Status
from requests_app.lifecycle import drafts
from requests_app.models import MSARequest
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(factories.staff())
    return client


def address(msa_request: MSARequest, step: str = "where") -> str:
    return reverse("admin:requests_app_msarequest_phone", args=[msa_request.pk, step])


def post(desk: Client, msa_request: MSARequest, data: dict[str, Any], step: str = "where") -> Any:
    return desk.post(address(msa_request, step), {"version": msa_request.version, "what": "step"} | data, follow=True)


def test_answer_is_saved_and_marked_for_the_customer(desk: Client) -> None:
    msa_request = factories.complete_request()
    assert (
        "Enter answers on the phone"
        in desk.get(reverse("admin:requests_app_msarequest_change", args=[msa_request.pk])).text
    )
    assert desk.get(address(msa_request)).status_code == 200
    post(desk, msa_request, {"street": "99 Elm Street", "unit": "B"})
    msa_request = factories.refreshed(msa_request)
    assert (msa_request.street, msa_request.unit) == ("99 Elm Street", "B")
    event = msa_request.events.get(kind="answers_by_phone")
    assert event.codes == {"channel": "phone", "fields": ["street", "unit"]}
    assert event.actor is not None
    assert event.actor.is_staff
    customer = Client()
    customer.force_login(msa_request.owner)
    page = customer.get(msa_request.get_absolute_url()).text
    assert "Entered by program staff on the phone on " in page
    assert event.actor.name not in page


def test_form_is_checked_as_the_customers_and_keeps_what_was_typed(desk: Client) -> None:
    msa_request = factories.complete_request()
    page = post(desk, msa_request, {"zip_code": "9", "street": "99 Elm Street"})
    assert page.status_code == 409
    assert 'value="9"' in page.text
    assert factories.refreshed(msa_request).zip_code != "9"


def test_page_after_an_error_knows_what_it_saved_itself(desk: Client) -> None:
    """One person and one page: what can be read is saved, so the next try isn't somebody else's change."""
    msa_request = factories.complete_request()
    page = post(desk, msa_request, {"zip_code": "9", "street": "99 Elm Street"})
    again = {"zip_code": "91101", "street": "99 Elm Street Rear"}
    [version] = set(re.findall(r'name="version" value="(\d+)"', page.text))
    assert desk.post(address(msa_request), {"version": version, "what": "step"} | again).status_code == 302
    assert factories.refreshed(msa_request).street == "99 Elm Street Rear"


def test_stale_version_is_refused_with_both_values(desk: Client) -> None:
    msa_request = factories.complete_request()
    drafts.save_facts(msa_request, {"street": "1 Their Way"}, by=msa_request.owner, version=msa_request.version)
    page = post(desk, msa_request, {"street": "99 Elm Street"})
    assert page.status_code == 409
    assert "saved now “1 Their Way”, yours “99 Elm Street”" in page.text
    assert 'value="99 Elm Street"' in page.text


def test_email_address_is_never_changed_by_the_form(desk: Client) -> None:
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    before = msa_request.customer_email
    assert 'name="customer_email"' not in desk.get(address(msa_request)).text
    post(desk, msa_request, {"customer_email": "other@example.com"})
    with pytest.raises(Refused, match="confirmed by its owner"):
        drafts.save_facts(
            msa_request,
            {"customer_email": "other@example.com"},
            by=factories.staff(),
            version=msa_request.version,
            on_phone=True,
        )
    assert factories.refreshed(msa_request).customer_email == before
    page = post(desk, msa_request, {"what": "email", "email": "other@example.com"})
    assert "A link was emailed to other@example.com." in page.text
    assert factories.refreshed(msa_request).customer_email == before
    refused = post(desk, msa_request, {"what": "email", "email": msa_request.agent.email})
    assert refused.status_code == 409


def test_correction_is_answered_on_the_phone_and_the_customer_sends_it_back(desk: Client) -> None:
    msa_request = factories.corrections_required()
    item = msa_request.corrections.get()
    page = unescape(desk.get(address(msa_request)).text)
    assert f"To correct: {item.reason.title}" in page
    names = {name: "70012345" for name in [f"c{item.pk}-{item.field}"] if item.field}
    post(desk, msa_request, {"what": f"item-{item.pk}", f"c{item.pk}-answer": "Read from the bill.", **names})
    item.refresh_from_db()
    assert item.answer == "Read from the bill."
    msa_request = factories.refreshed(msa_request)
    assert msa_request.status == Status.CORRECTIONS_REQUIRED
    assert msa_request.events.filter(kind="answers_by_phone").count() == 1


def test_only_screening_staff_enter_answers_and_only_while_they_can_be_changed(desk: Client) -> None:
    msa_request = factories.complete_request()
    for person in (factories.dispatcher(), msa_request.owner, factories.UserFactory()):
        other = Client()
        other.force_login(person)
        for answer in (other.get(address(msa_request)), post(other, msa_request, {"street": "99 Elm Street"})):
            assert answer.status_code in {302, 404} or "99 Elm Street" not in answer.text
        with pytest.raises(Refused):
            drafts.save_facts(
                msa_request, {"street": "99 Elm Street"}, by=person, version=msa_request.version, on_phone=True
            )
    assert desk.get(address(factories.submitted())).status_code == 404
    assert factories.refreshed(msa_request).street != "99 Elm Street"


def test_covered_fact_entered_on_the_phone_asks_for_a_new_signature(desk: Client) -> None:
    msa_request = factories.executed(factories.complete_request())
    post(desk, msa_request, {"street": "99 Elm Street"})
    assert factories.refreshed(msa_request).case.agreement is None
    assert msa_request.events.filter(kind="agreement_signed").count() == 1
