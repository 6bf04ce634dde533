"""Calendar months of the utility's time zone, by their first day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from msa_portal.business_days.calendar import UTILITY_ZONE, local_day

# A transaction that began before midnight may commit after it, and clocks of two servers differ.
GRACE = timedelta(hours=1)


def bounds(month: date) -> tuple[datetime, datetime]:
    """The first moment of the month, and the first of the next."""
    return _begins(month), _begins(following(month))


def _begins(month: date) -> datetime:
    return datetime.combine(month, time(), tzinfo=UTILITY_ZONE)


def following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def running() -> date:
    return local_day(timezone.now()).replace(day=1)


def last_closed() -> date:
    """The newest month in which nothing is booked any more."""
    return (local_day(timezone.now() - GRACE).replace(day=1) - timedelta(days=1)).replace(day=1)


def is_closed(month: date) -> bool:
    return month <= last_closed()


class MonthConverter:
    """A month in an address: 2026-12."""

    regex = r"20\d\d-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value: date) -> str:
        return f"{value:%Y-%m}"
