"""Who works when: working hours less absences, on business days (D7). Seconds from the utility's midnight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Prefetch

from fieldwork.models import Absence, SiteVisit, Technician
from msa_portal.business_days import calendar as business_days
from msa_portal.business_days.calendar import UTILITY_ZONE, BusinessCalendar

HOUR = 3600
NOON = 12 * HOUR
# The day of a technician for whom nobody entered hours.
USUAL_DAY = (8 * HOUR, 17 * HOUR)
# A visit begins within its window.
WINDOWS: dict[str, tuple[int, int]] = {
    SiteVisit.Window.MORNING: (8 * HOUR, NOON),
    SiteVisit.Window.AFTERNOON: (NOON, 17 * HOUR),
}


def moment(on: date, seconds: int) -> datetime:
    """That time of the utility's day, by the clock on the wall: a day that is an hour shorter changes nothing."""
    return datetime.combine(on, time.min, UTILITY_ZONE) + timedelta(seconds=seconds)


def seconds_of(at: datetime) -> int:
    """The time of the utility's day of an aware moment."""
    local = at.astimezone(UTILITY_ZONE)
    return local.hour * HOUR + local.minute * 60 + local.second


@dataclass(frozen=True)
class WorkDay:
    """One technician on one day. `most_work` caps driving and work together."""

    technician: Technician
    on: date
    starts: int
    ends: int

    @property
    def most_work(self) -> int:
        return self.technician.daily_minutes * 60


@dataclass(frozen=True)
class Rota:
    """The business days from the first to the last, the technicians, and who works on which of those days."""

    calendar: BusinessCalendar
    days: tuple[date, ...]
    technicians: dict[int, Technician]
    work: dict[tuple[int, date], WorkDay]

    def on(self, technician: int, day: date) -> WorkDay | None:
        return self.work.get((technician, day))

    def covers(self, technician: int, day: date, window: str) -> bool:
        """Whether the technician works in that half of the day at all."""
        work, (starts, ends) = self.on(technician, day), WINDOWS[window]
        return work is not None and work.starts < ends and work.ends > starts


def load(
    from_on: date,
    until_on: date,
    *,
    also: Iterable[int] = (),
    days_too: Iterable[date] = (),
    calendar: BusinessCalendar | None = None,
) -> Rota:
    """In a fixed number of queries. `also`: technicians who are not active any more and still have visits;
    `days_too`: days that count although they became no business days (nobody works on them); `calendar` where the
    caller has it."""
    days = calendar or business_days.load()
    span = [from_on + timedelta(days=n) for n in range((until_on - from_on).days + 1)]
    open_days = [day for day in span if days.is_business_day(day)]
    absences = Absence.objects.filter(from_on__lte=until_on, until_on__gte=from_on)
    rows = Technician.objects.select_related("user", "yard").prefetch_related(
        "working_hours", "districts", "skills", Prefetch("absences", queryset=absences)
    )
    technicians = {row.pk: row for row in rows.filter(is_active=True) | rows.filter(pk__in=list(also))}
    work_days = (work_day(row, day) for row in technicians.values() if row.is_active for day in open_days)
    all_days = tuple(sorted({*open_days, *days_too}))
    return Rota(days, all_days, technicians, {(day.technician.pk, day.on): day for day in work_days if day})


def work_day(technician: Technician, day: date) -> WorkDay | None:
    """When the technician works on that business day; None where not at all."""
    hours = list(technician.working_hours.all())
    starts, ends = USUAL_DAY
    if hours:
        row = next((hour for hour in hours if hour.weekday == day.weekday()), None)
        if row is None:
            return None
        starts, ends = _seconds(row.starts), _seconds(row.ends)
    for absence in technician.absences.all():
        if not absence.covers(day):
            continue
        if absence.part == Absence.Part.ALL_DAY:
            return None
        if absence.part == Absence.Part.MORNING:
            starts = max(starts, NOON)
        else:
            ends = min(ends, NOON)
    return WorkDay(technician, day, starts, ends) if starts < ends else None


def _seconds(value: time) -> int:
    return value.hour * HOUR + value.minute * 60
