"""Sums over visits: shares, means, and the tables they stand in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from fieldwork.metrics.rows import By, Group, Made

# A visit that begins this many minutes after its planned time is late.
LATE_AFTER = 15
_METERS_A_MILE = 1609.344


@dataclass(frozen=True)
class Figures:
    """None: there is nothing to tell it from. Shares are whole percent; a day is one technician's day."""

    visits: int
    succeeded: int
    first_visits: int
    first_success: int | None
    per_day: float | None
    drive_minutes: float | None
    drive_miles: float | None
    minutes_late: float | None
    late: int | None
    in_window: int | None


def figures_of(rows: Iterable[Made]) -> Figures:
    rows = list(rows)
    firsts = [row.succeeded for row in rows if row.is_first]
    days = {(row.technician, row.on) for row in rows}
    late = [row.minutes_late for row in rows if row.minutes_late is not None]
    seconds = _mean([row.drive_seconds for row in rows if row.drive_seconds is not None])
    meters = _mean([row.drive_meters for row in rows if row.drive_meters is not None])
    return Figures(
        visits=len(rows),
        succeeded=sum(row.succeeded for row in rows),
        first_visits=len(firsts),
        first_success=_share(firsts),
        per_day=round(len(rows) / len(days), 1) if days else None,
        drive_minutes=None if seconds is None else round(seconds / 60, 1),
        drive_miles=None if meters is None else round(meters / _METERS_A_MILE, 1),
        minutes_late=_rounded(_mean(late)),
        late=_share([minutes > LATE_AFTER for minutes in late]),
        in_window=_share([row.in_window for row in rows if row.in_window is not None]),
    )


def by_group(rows: Iterable[Made], by: By) -> list[tuple[Group, Figures]]:
    """Whoever made the most visits first."""
    rows_by_group: dict[Group, list[Made]] = defaultdict(list)
    for row in rows:
        rows_by_group[row.groups[by]].append(row)
    ordered = sorted(rows_by_group.items(), key=lambda entry: (-len(entry[1]), entry[0].name, entry[0].pk or 0))
    return [(group, figures_of(made)) for group, made in ordered]


def by_week(rows: Iterable[Made]) -> list[tuple[date, Figures]]:
    """By the Monday that the week begins with; a week without a visit between two others counts as one with none."""
    by_monday: dict[date, list[Made]] = defaultdict(list)
    for row in rows:
        by_monday[row.on - timedelta(days=row.on.weekday())].append(row)
    if not by_monday:
        return []
    first, last = min(by_monday), max(by_monday)
    weeks = (first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1))
    return [(week, figures_of(by_monday.get(week, ()))) for week in weeks]


def by_reason(rows: Iterable[Made]) -> list[tuple[str, int, int]]:
    """How many failed visits name it, and which share of all failed ones that is; a visit may name several."""
    failed = [row for row in rows if not row.succeeded]
    counted = Counter(reason for row in failed for reason in row.reasons)
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return [(reason, count, round(100 * count / len(failed))) for reason, count in ordered]


def _mean(values: list[int] | list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _share(values: list[bool]) -> int | None:
    return round(100 * sum(values) / len(values)) if values else None
