"""The day as a phone keeps it, and who may have it (fault 58)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import closeouts, orders
from requests_app.models import Agreement, ReadinessStatement
from requests_app.signing import rendering
from tests import factories
from tests.fieldwork.conftest import business_day, failure, new_technician, planned
from tests.fieldwork.phone.conftest import Phone
from tests.markup import laid_out

pytestmark = pytest.mark.django_db


def day(phone: Phone, visit: SiteVisit) -> dict:
    return phone.ask("get", f"day/?on={visit.scheduled_on}").json()


def test_day_holds_what_the_work_needs_and_no_more_of_anybody(phone: Phone, visit: SiteVisit):
    msa_request = visit.order.round.msa_request
    told = day(phone, visit)
    (shown,) = told["visits"]
    assert (shown["id"], shown["reference"], shown["order"]) == (visit.pk, msa_request.reference, visit.order.number)
    assert (shown["address"], shown["device"]["id"]) == (msa_request.full_address, msa_request.device_id)
    assert (shown["window"], shown["state"], shown["done_text"]) == ("morning", "scheduled", "Installed")
    assert {"number": "E9", "text": shown["checklist"][0]["text"]} in shown["checklist"] or shown["checklist"]
    assert told["technician"]["name"] == "Tess T-1"
    everything = json.dumps(told)
    for private in (msa_request.customer_name, msa_request.customer_email):
        assert private
        assert private not in everything
    assert shown["phone"] == msa_request.customer_phone != ""


def test_phone_number_goes_when_the_visit_is_over(phone: Phone, visit: SiteVisit, technician: Technician):
    """A call needs no coverage for data, so the number is on the phone; and no longer than the work needs it."""
    closeouts.close_out(visit, failure(), by=technician.user)
    told = day(phone, visit)
    assert told["visits"][0]["phone"] == ""
    assert visit.order.round.msa_request.customer_phone not in json.dumps(told)


def test_reasons_to_give_a_visit_back_come_apart_from_those_at_a_site(phone: Phone, visit: SiteVisit):
    factories.OutcomeReasonFactory(code="weather", title="Weather", at_site=False)
    told = day(phone, visit)
    assert {"code": "weather", "title": "Weather"} in told["not_reached"]
    assert "weather" not in [reason["code"] for reason in told["reasons"]]


def test_agreement_is_there_once_its_signed_copy_is_written(phone: Phone, visit: SiteVisit):
    address = f"/field/visits/{visit.pk}/agreement/"
    assert phone.client.get(address).status_code == 404
    rendering.render(Agreement.objects.get(msa_request=visit.order.round.msa_request).pk)
    assert b"".join(phone.client.get(address).streaming_content).startswith(b"%PDF")


def test_day_names_what_was_promised_and_what_was_put_right(phone: Phone, visit: SiteVisit):
    msa_request = visit.order.round.msa_request
    finding = {"rule": "E13", "field": "clear", "message": "The space is not clear.", "todo": "Clear it."}
    ReadinessStatement.objects.create(
        msa_request=msa_request, findings=[finding], text="Yes.", stated_by=msa_request.owner
    )
    (shown,) = day(phone, visit)["visits"]
    assert shown["promised"] == [{"rule": "E13", "message": "The space is not clear."}]
    assert shown["put_right"] == []


def test_visits_left_open_on_earlier_days_come_too(phone: Phone, visit: SiteVisit):
    later = phone.ask("get", f"day/?on={business_day(3)}").json()
    assert ([row["id"] for row in later["overdue"]], later["visits"]) == ([visit.pk], [])


def test_empty_day_names_the_next_one_with_visits(
    phone: Phone, visit: SiteVisit, technician: Technician, client: Client
):
    before = visit.scheduled_on - timedelta(days=1)
    assert phone.ask("get", f"day/?on={before}").json()["next_on"] == visit.scheduled_on.isoformat()
    assert day(phone, visit)["next_on"] is None
    client.force_login(technician.user)
    there = f'href="?on={visit.scheduled_on.isoformat()}">Your next visits: '
    assert there in laid_out(client.get(f"/field/?on={before}").text)
    assert "Your next visits" not in client.get(f"/field/?on={visit.scheduled_on}").text
    closeouts.close_out(visit, failure(), by=technician.user)
    assert phone.ask("get", f"day/?on={before}").json()["next_on"] is None


def test_closed_visit_says_how_it_was_reported(phone: Phone, visit: SiteVisit, technician: Technician):
    closeouts.close_out(visit, failure(), by=technician.user)
    (shown,) = day(phone, visit)["visits"]
    assert (shown["state"], shown["report"]["outcome"]) == ("closed", "unsuccessful")


def test_reasons_are_those_of_visits_that_were_made(phone: Phone, visit: SiteVisit):
    factories.OutcomeReasonFactory(code="weather", title="Weather", at_site=False)
    factories.OutcomeReasonFactory(code="old", title="Old", is_active=False)
    factories.OutcomeReasonFactory(code="dog", title="Dog")
    codes = [reason["code"] for reason in day(phone, visit)["reasons"]]
    assert "dog" in codes
    assert not {"weather", "old"} & set(codes)


def test_day_takes_the_same_queries_for_one_visit_and_for_many(phone: Phone, technician: Technician):
    first = planned(technician)
    with CaptureQueriesContext(
        connection,
    ) as one:
        assert len(day(phone, first)["visits"]) == 1
    for number in range(4):
        planned(technician)
        planned(new_technician(f"T-{number + 10}"))
    with CaptureQueriesContext(connection) as many:
        assert len(day(phone, first)["visits"]) == 5
    assert len(many) == len(one)


@pytest.mark.parametrize("on", ["tomorrow", "2026-02-30", "99999-01-01"])
def test_day_that_is_none_is_refused_with_the_field(phone: Phone, visit: SiteVisit, on: str):
    answer = phone.ask("get", f"day/?on={on}")
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid", ["on"])


def test_signed_out_is_told_apart(db: None):
    for path in ("day/", "who/"):
        answer = Phone(None).ask("get", path)
        assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")


def test_customer_finds_nothing(client: Client, visit: SiteVisit):
    client.force_login(visit.order.round.msa_request.owner)
    assert client.get("/field/api/day/").status_code == 404


def test_inactive_technician_finds_nothing(phone: Phone, technician: Technician):
    technician.is_active = False
    technician.save()
    assert phone.ask("get", "who/").status_code == 404


def test_who_gives_a_token_that_writes_are_taken_with(visit: SiteVisit, technician: Technician):
    phone = Phone(technician)
    phone.client = Client(enforce_csrf_checks=True)
    phone.client.force_login(technician.user)
    token = phone.ask("get", "who/").json()["csrf"]
    path = f"visits/{visit.pk}/on-site/"
    without = phone.ask("post", path, {"at": None})
    assert (without.status_code, without.json()["code"]) == (403, "csrf")
    assert phone.ask("post", path, {"at": None}, headers={"X-CSRFToken": token}).json()["state"] == "on_site"


def test_on_site_is_taken_back_once_however_often_it_is_sent(phone: Phone, visit: SiteVisit):
    at = {"at": timezone.now().isoformat()}
    assert phone.ask("post", f"visits/{visit.pk}/on-site/", at).json()["state"] == "on_site"
    assert day(phone, visit)["visits"][0]["on_site_at"]
    for _ in range(2):
        answer = phone.ask("post", f"visits/{visit.pk}/off-site/", at)
        assert (answer.status_code, answer.json()["state"], answer.json()["act"]) == (200, "scheduled", "off-site")
    assert visit.order.round.msa_request.events.filter(kind="visit_start_undone").count() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        phone.ask("post", f"visits/{visit.pk}/on-site/", {"at": timezone.now().isoformat()})
    with time_machine.travel(timezone.now() + timedelta(minutes=12)):
        late = phone.ask("post", f"visits/{visit.pk}/off-site/", {"at": timezone.now().isoformat()})
    assert late.status_code == 409
    assert "Call dispatch" in late.json()["detail"]


def test_another_technicians_visit_is_not_there(visit: SiteVisit):
    stranger = Phone(new_technician("T-2"))
    assert stranger.ask("post", f"visits/{visit.pk}/on-site/", {}).status_code == 404
    assert day(stranger, visit)["visits"] == []


def test_visit_given_to_another_meanwhile_is_refused_with_what_to_do(phone: Phone, visit: SiteVisit):
    second = new_technician("T-2")
    orders.schedule(visit, by=factories.dispatcher(), technician=second, on=business_day(), window="morning")
    answer = phone.ask("post", f"visits/{visit.pk}/on-site/", {"at": timezone.now().isoformat()})
    assert (answer.status_code, answer.json()["code"]) == (409, "reassigned")
    assert "Call dispatch" in answer.json()["detail"]
