"""What customers hear on the day: the way, an arrival that slips, the reminder before, and the day that is no more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fieldwork.customer import arrival_watch, reminders
from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import arrivals, closeouts, orders
from tests import factories
from tests.fieldwork.conftest import planned, report, visit_of
from tests.fieldwork.customer.conftest import MONDAY, told
from tests.fieldwork.customer.test_calendars import attached

pytestmark = pytest.mark.django_db

TODAY, TUESDAY = date(2027, 3, 1), date(2027, 3, 2)


@pytest.fixture
def today(tess: Technician) -> list[SiteVisit]:
    """Two stops this morning; half an hour's work at the first, twenty minutes to the second."""
    visits = [planned(tess, on=TODAY) for _stop in range(2)]
    rows = SiteVisit.objects.filter(pk__in=[visit.pk for visit in visits])
    rows.update(minutes=30, drive_seconds=20 * 60, arrives_at=None)
    return [visit_of(visit.order.round.msa_request) for visit in visits]


def expected(visit: SiteVisit) -> datetime | None:
    return visit_of(visit.order.round.msa_request).expected_at


def test_on_the_way_is_expected_after_the_drive_and_told_once(today: list[SiteVisit], tess: Technician):
    for _again in range(2):
        closeouts.on_my_way(today[0], by=tess.user)
    assert expected(today[0]) == MONDAY + timedelta(minutes=20)
    [message] = told("visit_on_the_way", today[0])
    assert "about 9:20 a.m." in message.text
    assert "between 9:05 a.m. and 9:35 a.m." in message.text


def test_on_the_way_follows_the_stop_that_is_not_done_yet(today: list[SiteVisit], tess: Technician):
    """Half an hour at the first from 9 on, and the way."""
    closeouts.go_on_site(today[0], by=tess.user)
    closeouts.on_my_way(today[1], by=tess.user)
    assert expected(today[1]) == MONDAY + timedelta(minutes=50)


def test_arrivals_follow_the_stops_before(today: list[SiteVisit], tess: Technician, clock: Any):
    closeouts.go_on_site(today[0], by=tess.user)
    clock.shift(timedelta(hours=1))
    late = MONDAY + timedelta(hours=1)
    assert arrivals.expected(tess, TODAY, late)[today[1].pk] == late + timedelta(minutes=20)
    closeouts.close_out(visit_of(today[0].order.round.msa_request), report(), by=tess.user)
    assert arrivals.expected(tess, TODAY, late + timedelta(minutes=5))[today[1].pk] == late + timedelta(minutes=20)


def test_slipping_arrival_is_told_again_once_at_most(today: list[SiteVisit], tess: Technician, clock: Any):
    closeouts.on_my_way(today[0], by=tess.user)
    counts = []
    for minutes in (25, 60, 60, 60):
        clock.shift(timedelta(minutes=minutes))
        counts.append(arrival_watch.watch())
    assert counts == [0, 1, 0, 0]
    [message] = told("visit_expected_anew", today[0])
    assert "about 10:25 a.m." in message.text


def test_nobody_is_told_again_who_was_reached(today: list[SiteVisit], tess: Technician, clock: Any):
    closeouts.on_my_way(today[0], by=tess.user)
    closeouts.go_on_site(visit_of(today[0].order.round.msa_request), by=tess.user)
    clock.shift(timedelta(hours=2))
    assert (arrival_watch.watch(), told("visit_expected_anew", today[0])) == (0, [])


# --- The day before ----------------------------------------------------------------------
def test_reminder_comes_once_with_what_must_be_ready(tess: Technician, clock: Any):
    visit = planned(tess, on=TUESDAY)
    counts = []
    for _hour in range(4):  # 9, 10, 11 and 12 o'clock: it begins at 10
        counts.append(reminders.remind())
        clock.shift(timedelta(hours=1))
    assert (counts, len(told("visit_reminder", visit))) == ([0, 1, 1, 1], 1)
    text = told("visit_reminder", visit)[0].text
    for words in ("Keep the way to the meter clear", "waterproof package", "clean, dry and undamaged"):
        assert words in text


def test_friday_reminds_of_monday_and_moved_visits_are_not_reminded_of(tess: Technician, clock: Any):
    monday, moved = planned(tess, on=date(2027, 3, 8)), planned(tess, on=date(2027, 3, 8))
    orders.schedule(moved, by=factories.dispatcher(), technician=tess, on=date(2027, 3, 10), window="morning")
    clock.move_to(datetime(2027, 3, 5, 19, tzinfo=UTC))
    reminders.remind()
    clock.move_to(datetime(2027, 3, 6, 19, tzinfo=UTC))  # Saturday
    reminders.remind()
    assert (len(told("visit_reminder", monday)), len(told("visit_reminder", moved))) == (1, 0)


# --- Moved and taken off -----------------------------------------------------------------
def test_agent_hears_of_each_change_as_the_customer_does(tess: Technician):
    company = factories.CompanyFactory()
    msa_request = factories.complete_request(company=company)
    msa_request.owner = factories.UserFactory(email=msa_request.customer_email)
    msa_request.save(update_fields=["owner"])
    visit = planned(tess, factories.ordered(factories.valid(factories.submitted(msa_request))), on=date(2027, 3, 9))
    orders.schedule(visit, by=factories.dispatcher(), technician=tess, on=date(2027, 3, 10), window="morning")
    orders.unschedule(visit_of(msa_request), by=factories.dispatcher(), why=orders.Why.WEATHER)
    both = {msa_request.owner.email, company.members.get().email}
    for kind, method in (("visit_scheduled", "PUBLISH"), ("visit_moved", "PUBLISH"), ("visit_canceled", "CANCEL")):
        rows = told(kind, visit)
        assert {row.to_email for row in rows} == both
        assert {row.attachments[0]["content_type"] for row in rows} == {f"text/calendar; method={method}"}
        assert len(rows) == 2


def test_day_that_was_taken_off_leaves_the_calendar(tess: Technician):
    visit = planned(tess, on=date(2027, 3, 9))
    orders.unschedule(visit, by=factories.dispatcher(), why=orders.Why.CREW)
    [message] = told("visit_canceled", visit)
    event = attached(message)
    assert (str(event["STATUS"]), event["SEQUENCE"]) == ("CANCELLED", 1)
    assert "METHOD:CANCEL" in message.attachments[0]["text"]
    assert event.start == datetime(2027, 3, 9, 16, tzinfo=UTC)
