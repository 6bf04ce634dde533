"""The program's clocks against tables worked out by hand (V1, V2, D6, D7, D17; fault 53)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from msa_portal.business_days.calendar import BusinessCalendar
from requests_app.enums import EventKind, Holder
from requests_app.status.clocks import Pause, service_order_window, visit_clock

ZONE = ZoneInfo("America/Los_Angeles")
CLOSURES = frozenset(
    {
        date(2026, 5, 25),  # Memorial Day, a Monday
        date(2026, 7, 3),  # Independence Day falls on a Saturday: observed on the Friday
        date(2026, 7, 4),
        date(2026, 9, 7),
        date(2026, 11, 11),
        date(2026, 11, 26),
        date(2026, 11, 27),
        date(2026, 12, 25),
        date(2027, 1, 1),
        date(2027, 1, 18),
    }
)
CALENDAR = BusinessCalendar(CLOSURES)


@dataclass
class Happened:
    kind: EventKind
    holder: Holder
    at: datetime


def at(year: int, month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE)


def submitted(moment: datetime) -> Happened:
    return Happened(EventKind.SUBMIT, Holder.UTILITY, moment)


def clock_of(*events: Happened, today: date = date(2026, 1, 1)):
    return visit_clock(events, CALENDAR, days=30, today=today)


@pytest.mark.parametrize(
    ("moment", "ten_days", "thirty_days"),
    [
        # A Monday; Mar 8 turns the clock forward. No holiday: two and six weeks later.
        (at(2026, 3, 2), date(2026, 3, 16), date(2026, 4, 13)),
        # 23:59 on a Friday is still that Friday, also in UTC's Saturday.
        (at(2026, 3, 6, 23, 59), date(2026, 3, 20), date(2026, 4, 17)),
        # One minute later it is Saturday: Monday is the first day, so the same dates.
        (at(2026, 3, 7, 0, 0), date(2026, 3, 20), date(2026, 4, 17)),
        # Independence Day on a Saturday: the Friday before is closed, and costs one day.
        (at(2026, 6, 26), date(2026, 7, 13), date(2026, 8, 10)),
        # Nov 1 turns the clock back; Nov 11, 26 and 27 are closed.
        (at(2026, 10, 30, 23, 59), date(2026, 11, 16), date(2026, 12, 16)),
        # Over the year's end: Dec 25, Jan 1 and Jan 18 are closed.
        (at(2026, 12, 18), date(2027, 1, 5), date(2027, 2, 3)),
    ],
)
def test_dates_match_the_table_worked_out_by_hand(moment, ten_days, thirty_days):
    assert CALENDAR.add(moment.date(), 10) == ten_days
    clock = clock_of(submitted(moment))
    assert clock is not None
    assert (clock.started_on, clock.due_on) == (moment.date(), thirty_days)


def test_clock_is_none_before_the_first_submission():
    assert clock_of(Happened(EventKind.CREATED, Holder.CUSTOMER, at(2026, 3, 2))) is None


def test_clock_pauses_while_the_customer_has_the_request_and_names_them():
    events = [
        submitted(at(2026, 3, 2)),  # Monday
        Happened(EventKind.REQUIRE_CORRECTIONS, Holder.CUSTOMER, at(2026, 3, 5)),  # Thursday: 3 used
    ]
    clock = clock_of(*events, today=date(2026, 3, 20))
    assert clock is not None
    assert (clock.used_days, clock.due_on, clock.paused_by) == (3, None, Holder.CUSTOMER)
    assert clock.pauses == (Pause(Holder.CUSTOMER, date(2026, 3, 5), None),)


def test_clock_goes_on_after_a_pause_with_what_was_left():
    events = [
        submitted(at(2026, 3, 2)),
        Happened(EventKind.REQUIRE_CORRECTIONS, Holder.AGENT, at(2026, 3, 5)),
        Happened(EventKind.RESUBMIT, Holder.UTILITY, at(2026, 3, 12)),  # the pause cost 5 business days
    ]
    clock = clock_of(*events, today=date(2026, 3, 16))
    assert clock is not None
    assert clock.due_on == date(2026, 4, 20)  # Apr 13 without the pause
    assert clock.used_days == 5  # Mar 3 to 5, Mar 13, Mar 16
    assert clock.pauses == (Pause(Holder.AGENT, date(2026, 3, 5), date(2026, 3, 12)),)
    assert clock.paused_by is None


def test_pause_within_one_day_costs_nothing():
    events = [
        submitted(at(2026, 3, 2)),
        Happened(EventKind.REQUIRE_CORRECTIONS, Holder.CUSTOMER, at(2026, 3, 5, 9)),
        Happened(EventKind.RESUBMIT, Holder.UTILITY, at(2026, 3, 5, 17)),
    ]
    clock = clock_of(*events)
    assert clock is not None
    assert clock.due_on == date(2026, 4, 13)


def test_pause_that_passes_from_agent_to_customer_names_both():
    events = [
        submitted(at(2026, 3, 2)),
        Happened(EventKind.REQUIRE_CORRECTIONS, Holder.AGENT, at(2026, 3, 5)),
        Happened(EventKind.AGREEMENT_SIGNED, Holder.CUSTOMER, at(2026, 3, 9)),
        Happened(EventKind.RESUBMIT, Holder.UTILITY, at(2026, 3, 10)),
    ]
    clock = clock_of(*events)
    assert clock is not None
    assert [pause.holder for pause in clock.pauses] == [Holder.AGENT, Holder.CUSTOMER]


@pytest.mark.parametrize("kind", [EventKind.RESCHEDULE, EventKind.MODIFY])
def test_clock_starts_anew_with_a_reschedule_or_a_modification(kind):
    events = [
        submitted(at(2026, 3, 2)),
        Happened(EventKind.FAIL, Holder.CUSTOMER, at(2026, 4, 1)),
        Happened(kind, Holder.UTILITY, at(2026, 5, 1)),  # Friday; Memorial Day is in between
    ]
    clock = clock_of(*events)
    assert clock is not None
    assert (clock.started_on, clock.due_on, clock.pauses) == (date(2026, 5, 1), date(2026, 6, 15), ())


def test_clock_ends_with_the_visit_and_is_never_late_then():
    events = [submitted(at(2026, 3, 2)), Happened(EventKind.FAIL, Holder.CUSTOMER, at(2026, 4, 1))]
    clock = clock_of(*events, today=date(2026, 12, 1))
    assert clock is not None
    assert (clock.ended_on, clock.due_on, clock.is_late(date(2026, 12, 1))) == (date(2026, 4, 1), None, False)


def test_clock_is_late_from_the_day_after_the_thirtieth():
    clock = clock_of(submitted(at(2026, 3, 2)))
    assert clock is not None
    assert [clock.is_late(day) for day in (date(2026, 4, 13), date(2026, 4, 14))] == [False, True]


def test_service_order_is_awaited_from_validity_until_it_is_issued():
    valid = Happened(EventKind.DEEM_VALID, Holder.UTILITY, at(2026, 11, 20))  # Friday before Thanksgiving
    issued = Happened(EventKind.ISSUE_SERVICE_ORDER, Holder.UTILITY, at(2026, 11, 24))
    window = {"calendar": CALENDAR, "from_days": 5, "to_days": 10}
    assert service_order_window([valid], **window) == (date(2026, 12, 1), date(2026, 12, 8))
    assert service_order_window([valid, issued], **window) is None
    back = Happened(EventKind.REQUIRE_CORRECTIONS, Holder.CUSTOMER, at(2026, 11, 23))
    assert service_order_window([valid, back], **window) is None
