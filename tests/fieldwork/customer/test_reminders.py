"""The day before: what must be ready, told once for each day that was published."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from fieldwork import tasks
from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.celery import app
from tests import factories
from tests.fieldwork.conftest import new_technician, planned, visit_of
from tests.fieldwork.customer.conftest import told

pytestmark = pytest.mark.django_db

# It is Monday, March 1, 2027.
WEDNESDAY, THURSDAY = date(2027, 3, 3), date(2027, 3, 4)
A_DAY = timedelta(days=1)


@pytest.fixture
def visit(tess: Technician) -> SiteVisit:
    return planned(tess, on=WEDNESDAY)


def move(visit: SiteVisit, on: date, technician: Technician | None = None, window: str = "morning") -> None:
    whose = technician or visit.technician
    assert whose is not None
    orders.schedule(
        visit_of(visit.order.round.msa_request), by=factories.dispatcher(), technician=whose, on=on, window=window
    )


def test_reminder_comes_on_the_day_before_once(visit: SiteVisit, clock: Any):
    clock.shift(timedelta(hours=2))
    assert tasks.remind_of_visits() == 0
    clock.shift(A_DAY)
    for _again in range(3):
        tasks.remind_of_visits()
    [message] = told("visit_reminder", visit)
    assert message.to_email == visit.order.round.msa_request.customer_email
    for words in (
        "Wed, Mar 3, 2027",
        "Keep the way to the meter clear",
        "waterproof package",
        "clean, dry and undamaged",
    ):
        assert words in message.text


def test_nobody_is_reminded_before_ten_in_the_morning(visit: SiteVisit, clock: Any):
    clock.shift(A_DAY)
    assert tasks.remind_of_visits() == 0
    clock.shift(timedelta(hours=1))
    assert tasks.remind_of_visits() == 1


def test_moved_visit_is_reminded_of_again(visit: SiteVisit, clock: Any):
    clock.shift(A_DAY + timedelta(hours=1))
    tasks.remind_of_visits()
    move(visit, THURSDAY)
    tasks.remind_of_visits()
    assert len(told("visit_reminder", visit)) == 1
    clock.shift(A_DAY)
    tasks.remind_of_visits()
    assert ["Wed, Mar 3" in message.text for message in told("visit_reminder", visit)] == [True, False]
    assert "Thu, Mar 4, 2027" in told("visit_reminder", visit)[1].text


def test_another_technician_is_no_reason_to_remind_again(visit: SiteVisit, clock: Any):
    clock.shift(A_DAY + timedelta(hours=1))
    tasks.remind_of_visits()
    move(visit, WEDNESDAY, new_technician("T-9"))
    tasks.remind_of_visits()
    assert len(told("visit_reminder", visit)) == 1


def test_who_was_told_of_the_day_today_is_not_reminded_of_it(visit: SiteVisit, clock: Any):
    clock.shift(A_DAY + timedelta(hours=2))
    move(visit, WEDNESDAY, window="afternoon")
    assert tasks.remind_of_visits() == 0


def test_canceled_visit_is_not_reminded_of(visit: SiteVisit, clock: Any):
    factories.withdrawn(visit.order.round.msa_request)
    clock.shift(A_DAY + timedelta(hours=1))
    assert tasks.remind_of_visits() == 0
    assert told("visit_reminder", visit) == []


def test_monday_s_visit_is_reminded_of_on_friday(tess: Technician, clock: Any):
    visit = planned(tess, on=date(2027, 3, 8))
    clock.shift(timedelta(days=4, hours=1))
    assert tasks.remind_of_visits() == 1
    clock.shift(A_DAY)
    assert tasks.remind_of_visits() == 0
    assert len(told("visit_reminder", visit)) == 1


def test_scheduler_asks_for_reminders_each_hour_and_arrivals_each_five_minutes():
    plans = {plan["task"]: plan["schedule"] for plan in app.conf.beat_schedule.values()}
    assert plans["fieldwork.remind_of_visits"].minute == {5}
    assert plans["fieldwork.watch_arrivals"] == 300.0
