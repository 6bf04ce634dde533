"""Business days (D7) against tables worked out by hand (fault 53)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from msa_portal.business_days.calendar import UTILITY_ZONE, BusinessCalendar, load, local_day
from msa_portal.business_days.models import ClosureDay
from msa_portal.business_days.statutory import closure_days

# Counted on a paper calendar. Closed in these weeks: 2025-11-11, -27, -28, 12-25, 2026-01-01, -19,
# 02-16, 03-31, 05-25, 09-07, 11-11, -26, -27, 12-25, 2027-01-01, -18, 02-15, 07-05.
BY_HAND = [
    # start, what is special, 10 business days later, 30 business days later
    (date(2026, 11, 23), "Thanksgiving, Christmas, New Year, MLK", date(2026, 12, 9), date(2027, 1, 8)),
    (date(2026, 11, 25), "the day before Thanksgiving", date(2026, 12, 11), date(2027, 1, 12)),
    (date(2026, 12, 24), "year end", date(2027, 1, 11), date(2027, 2, 9)),
    (date(2026, 12, 31), "New Year's Eve", date(2027, 1, 15), date(2027, 2, 16)),
    (date(2026, 6, 26), "Independence Day on a Saturday closes no day", date(2026, 7, 10), date(2026, 8, 7)),
    (date(2027, 6, 25), "Independence Day on a Sunday closes the Monday", date(2027, 7, 12), date(2027, 8, 9)),
    (date(2026, 3, 6), "daylight saving begins on March 8", date(2026, 3, 20), date(2026, 4, 20)),
    (date(2026, 10, 30), "daylight saving ends on November 1", date(2026, 11, 16), date(2026, 12, 16)),
    (date(2026, 11, 28), "a Saturday", date(2026, 12, 11), date(2027, 1, 12)),
    (date(2028, 11, 6), "Veterans Day on a Saturday closes the Friday", date(2028, 11, 21), date(2028, 12, 21)),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("start", "special", "ten", "thirty"), BY_HAND, ids=[str(row[0]) for row in BY_HAND])
def test_dates_match_the_table_worked_out_by_hand(start: date, special: str, ten: date, thirty: date):
    calendar = load()
    assert (calendar.add(start, 10), calendar.add(start, 30)) == (ten, thirty), special


# A moment in UTC, and the utility's day then.
MOMENTS = [
    (datetime(2026, 11, 24, 7, 59, tzinfo=UTC), date(2026, 11, 23)),  # 23:59 PST
    (datetime(2026, 11, 24, 8, 0, tzinfo=UTC), date(2026, 11, 24)),  # midnight PST
    (datetime(2026, 7, 1, 6, 59, tzinfo=UTC), date(2026, 6, 30)),  # 23:59 PDT
    (datetime(2026, 7, 1, 7, 0, tzinfo=UTC), date(2026, 7, 1)),
    (datetime(2026, 3, 9, 6, 59, tzinfo=UTC), date(2026, 3, 8)),  # the day with 23 hours ends an hour early
    (datetime(2026, 11, 2, 7, 59, tzinfo=UTC), date(2026, 11, 1)),  # the day with 25 hours
    (datetime(2027, 1, 1, 7, 59, tzinfo=UTC), date(2026, 12, 31)),
    (datetime(2028, 3, 1, 7, 59, tzinfo=UTC), date(2028, 2, 29)),
]


@pytest.mark.parametrize(("moment", "day"), MOMENTS, ids=str)
def test_day_of_a_moment_is_the_utilitys(moment: datetime, day: date):
    assert local_day(moment) == day


@pytest.mark.django_db
def test_submission_a_minute_before_midnight_counts_from_its_own_day():
    before, after = (datetime(2026, 11, 23, 23, 59, tzinfo=UTILITY_ZONE) + timedelta(minutes=n) for n in (0, 1))
    calendar = load()
    assert calendar.add(local_day(before), 10) == date(2026, 12, 9)
    assert calendar.add(local_day(after), 10) == date(2026, 12, 10)


def test_holidays_of_a_year_match_the_statute():
    assert closure_days(2027) == {
        date(2027, 1, 1): "New Year's Day",
        date(2027, 1, 18): "Martin Luther King Jr. Day",
        date(2027, 2, 15): "Presidents' Day",
        date(2027, 3, 31): "Cesar Chavez Day",
        date(2027, 5, 31): "Memorial Day",
        date(2027, 7, 5): "Independence Day (observed)",  # a Sunday
        date(2027, 9, 6): "Labor Day",
        date(2027, 11, 11): "Veterans Day",
        date(2027, 11, 25): "Thanksgiving Day",
        date(2027, 11, 26): "Day After Thanksgiving",
    }  # Christmas is a Saturday


@pytest.mark.django_db
def test_closure_days_are_filled_for_four_years_and_by_command_for_more():
    assert {on.year for on in ClosureDay.objects.values_list("on", flat=True)} == {2025, 2026, 2027, 2028}
    call_command("fill_closure_days", "2029")
    call_command("fill_closure_days", "2029")
    assert set(ClosureDay.objects.filter(on__year=2029).values_list("on", flat=True)) == set(closure_days(2029))


@pytest.mark.django_db
def test_closure_that_staff_add_moves_the_dates():
    ClosureDay.objects.create(on=date(2026, 12, 1), name="Storm", kind=ClosureDay.Kind.UTILITY)
    assert load().add(date(2026, 11, 23), 10) == date(2026, 12, 10)


def test_no_days_gives_the_next_business_day():
    calendar = BusinessCalendar({date(2026, 11, 30)})
    assert calendar.add(date(2026, 11, 28), 0) == date(2026, 12, 1)
    with pytest.raises(ValueError, match="negative"):
        calendar.add(date(2026, 11, 28), -1)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)), st.integers(1, 40), st.sets(st.dates(date(2026, 1, 1)), max_size=5)
)
def test_between_counts_what_add_went(start: date, days: int, closures: set[date]):
    calendar = BusinessCalendar(closures)
    end = calendar.add(start, days)
    assert calendar.is_business_day(end)
    assert calendar.between(start, end) == days
