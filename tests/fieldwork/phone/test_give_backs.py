"""A visit that a technician gives back in the app, perhaps hours before it arrives (D13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import closeouts, orders
from tests import factories
from tests.fieldwork.conftest import business_day
from tests.fieldwork.phone.conftest import Phone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def weather(db: None) -> Any:
    return factories.OutcomeReasonFactory(code="weather", title="Weather", at_site=False)


def give_back(phone: Phone, visit: SiteVisit, **more: Any) -> Any:
    body = {"id": str(uuid4()), "on": str(visit.scheduled_on), "reason": "weather", "at": phone.now()} | more
    return phone.ask("post", f"visits/{visit.pk}/give-back/", body)


def events(visit: SiteVisit) -> Any:
    return visit.order.round.msa_request.events.filter(kind="visit_put_back")


def test_visit_waits_to_be_planned_again(phone: Phone, visit: SiteVisit):
    answer = give_back(phone, visit)
    assert (answer.status_code, answer.json()["state"]) == (200, "unscheduled")
    visit.refresh_from_db()
    assert (visit.state, visit.technician) == (SiteVisit.State.UNSCHEDULED, None)
    assert events(visit).get().codes["reason"] == "weather"


def test_same_tap_again_changes_nothing_even_after_a_new_day_was_planned(
    phone: Phone, visit: SiteVisit, technician: Technician
):
    tap, on = str(uuid4()), str(visit.scheduled_on)
    assert give_back(phone, visit, id=tap).status_code == 200
    fresh = SiteVisit.objects.get(pk=visit.pk)
    orders.schedule(fresh, by=factories.dispatcher(), technician=technician, on=business_day(3), window="morning")
    again = give_back(phone, visit, id=tap, on=on)
    assert (again.status_code, again.json()["state"]) == (200, "scheduled")
    assert events(visit).count() == 1


def test_visit_that_has_another_day_by_now_stays(phone: Phone, visit: SiteVisit):
    answer = give_back(phone, visit, on=str(visit.scheduled_on - timedelta(days=1)))
    assert (answer.status_code, answer.json()["code"]) == (409, "moved")
    visit.refresh_from_db()
    assert visit.state == SiteVisit.State.SCHEDULED


def test_visit_that_was_begun_is_not_given_back(phone: Phone, visit: SiteVisit, technician: Technician):
    closeouts.go_on_site(visit, by=technician.user)
    answer = give_back(phone, visit)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")


def test_reason_of_somebody_who_was_there_is_none(phone: Phone, visit: SiteVisit):
    factories.OutcomeReasonFactory(code="dog", at_site=True)
    answer = give_back(phone, visit, reason="dog")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["reason"])
