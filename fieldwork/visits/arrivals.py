"""When a technician is expected at each stop of the day, as it goes (not as it was planned)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits.calendars import day_of, times, times_of
from msa_portal import formats
from requests_app.models import ProgramSettings

# Driving to a stop that nobody planned.
_UNKNOWN_DRIVE = timedelta(minutes=20)
_HALF_RANGE = timedelta(minutes=15)
_ROUNDED = 5  # minutes
LATER = timedelta(minutes=10)  # from here on the page says that it takes longer
NEWS = timedelta(minutes=30)  # from here on people are told again


@dataclass(frozen=True)
class Stop:
    """One stop of the day in its order; moments are aware. `planned_at`, `on_the_way_at`, `on_site_at`, `closed_at` are
    None where they are not known, or not yet."""

    id: int
    opens: datetime
    takes: timedelta
    drive: timedelta
    planned_at: datetime | None = None
    on_the_way_at: datetime | None = None
    on_site_at: datetime | None = None
    closed_at: datetime | None = None


def expected(technician: Technician, on: date, now: datetime) -> dict[int, datetime]:
    """When the technician arrives at each open stop of that day, by the visit's id. Two queries at most."""
    visits = list(SiteVisit.objects.filter(technician=technician).on_day(on))
    if not visits:
        return {}
    usual = ProgramSettings.current().visit_minutes
    return follow([stop_of(visit, usual) for visit in visits], now)


def leaving(visit: SiteVisit, now: datetime) -> datetime:
    """When the technician of that visit arrives who sets out for it now."""
    others = SiteVisit.objects.filter(technician=visit.technician).on_day(day_of(visit)).exclude(pk=visit.pk)
    usual = ProgramSettings.current().visit_minutes
    stops = [*(stop_of(other, usual) for other in others), replace(stop_of(visit, usual), on_the_way_at=now)]
    return follow(stops, now)[visit.pk]


def stop_of(visit: SiteVisit, usual_minutes: int) -> Stop:
    return Stop(
        id=visit.pk,
        opens=times_of(visit)[0],
        takes=timedelta(minutes=visit.minutes or usual_minutes),
        drive=_UNKNOWN_DRIVE if visit.drive_seconds is None else timedelta(seconds=visit.drive_seconds),
        planned_at=visit.arrives_at,
        on_the_way_at=visit.on_the_way_at,
        on_site_at=visit.on_site_at,
        closed_at=visit.closed_at,
    )


def follow(stops: Iterable[Stop], now: datetime) -> dict[int, datetime]:
    """Each stop begins when the one before ends and the way is driven, never before its window.

    Who is on site goes when its minutes are over, at once where they are over already. Whoever the technician
    is on the way to comes before the others.
    """
    rows = list(stops)
    arrivals: dict[int, datetime] = {}
    left = max((row.closed_at for row in rows if row.closed_at), default=None)
    for row in rows:
        if row.on_site_at and not row.closed_at:
            arrivals[row.id] = row.on_site_at
            left = max(now, row.on_site_at + row.takes, left or now)
    waiting = [row for row in rows if not row.on_site_at and not row.closed_at]
    for stop in sorted(waiting, key=lambda stop: stop.on_the_way_at is None):
        arrivals[stop.id] = _arrival(stop, left, now)
        left = arrivals[stop.id] + stop.takes
    return arrivals


def _arrival(stop: Stop, left: datetime | None, now: datetime) -> datetime:
    """`left`: when the stop before is done with; None where there was none."""
    earliest = [now, stop.opens]
    if left is not None:
        earliest.append(left + stop.drive)
    elif stop.on_the_way_at is None and stop.planned_at is not None:
        earliest.append(stop.planned_at)
    if stop.on_the_way_at is not None:
        earliest.append(stop.on_the_way_at + stop.drive)
    return max(earliest)


def about(moment: datetime) -> str:
    """ "about 10:40 a.m.", to five minutes."""
    return _("about %(time)s") % {"time": formats.time_of_day(_round(moment))}


def between(moment: datetime) -> str:
    """ "between 10:25 a.m. and 10:55 a.m."."""
    return _("between %(from)s and %(until)s") % {
        "from": formats.time_of_day(_round(moment - _HALF_RANGE)),
        "until": formats.time_of_day(_round(moment + _HALF_RANGE)),
    }


def _round(moment: datetime) -> datetime:
    whole = moment.replace(second=0, microsecond=0)
    return whole + timedelta(minutes=(_ROUNDED // 2 - (whole.minute + _ROUNDED // 2) % _ROUNDED))


def is_news(told: datetime, now_expected: datetime, *, on: date, window: str) -> bool:
    """Whether people should hear of it: it leaves the window that they were told, or is off by over half an hour."""
    starts, ends = times(on, window)
    leaves = starts <= told <= ends and not starts <= now_expected <= ends
    return leaves or abs(now_expected - told) > NEWS
