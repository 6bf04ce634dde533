"""Business-day arithmetic (D7). Days are days in the utility's time zone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msa_portal.business_days.models import ClosureDay

UTILITY_ZONE = ZoneInfo("America/Los_Angeles")
_ONE_DAY = timedelta(days=1)


def local_day(moment: datetime) -> date:
    """The utility's calendar day of an aware moment."""
    return moment.astimezone(UTILITY_ZONE).date()


@dataclass(frozen=True)
class BusinessCalendar:
    closures: Collection[date] = frozenset()

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closures

    def add(self, start: date, days: int) -> date:
        """The day `days` business days after `start`, which itself does not count.

        `days` 0 gives the next business day on or after `start`.
        """
        if days < 0:
            raise ValueError("days must not be negative")
        day = start
        for _ in range(days):
            day = self._on_or_after(day + _ONE_DAY)
        return self._on_or_after(day)

    def _on_or_after(self, day: date) -> date:
        while not self.is_business_day(day):
            day += _ONE_DAY
        return day

    def between(self, start: date, end: date) -> int:
        """Business days after `start` up to and with `end`; 0 where `end` is not later."""
        return sum(self.is_business_day(start + _ONE_DAY * n) for n in range(1, (end - start).days + 1))


def load() -> BusinessCalendar:
    """The calendar as staff keep it now."""
    return BusinessCalendar(frozenset(ClosureDay.objects.values_list("on", flat=True)))
