"""When a visit can begin, on one axis that runs through the whole horizon; the engines know no days.

Windows of several days become one opening where no technician who may take the visit could begin it in between: nobody
works at night. That is exact, and spares the engines a copy of the visit for each day.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from fieldwork.dispatch.problem import Problem, Shift, Visit, may_serve, windows_of

DAY = 86_400


class Opening(NamedTuple):
    """From and until which moment of the axis, both included."""

    starts: int
    ends: int


class Kind(NamedTuple):
    """Visits of one kind may be taken by the same technicians."""

    skills: frozenset[str]
    district: str
    technician: Hashable  # of the commitment; None: anybody's


class Hours(NamedTuple):
    starts: int
    ends: int


@dataclass(frozen=True)
class Axis:
    problem: Problem

    @cached_property
    def day(self) -> int:
        """Seconds between two midnights of the axis: more than a day where shifts go on past midnight."""
        last = max((shift.ends for shift in self.problem.shifts), default=0)
        return max(DAY, last + 1)

    def at(self, day: int, seconds: int) -> int:
        return day * self.day + seconds

    @cached_property
    def openings(self) -> list[tuple[Opening, ...]]:
        """By the visit's number. Empty: nobody can ever begin it."""
        hours = {
            kind: self._hours(visit)
            for kind, visit in {kind_of(asked): asked for asked in self.problem.visits}.items()
        }
        return [tuple(self._openings(visit, hours[kind_of(visit)])) for visit in self.problem.visits]

    def _hours(self, visit: Visit) -> dict[int, Hours]:
        """By day, when anybody who may take a visit of this kind is at work."""
        hours: dict[int, Hours] = {}
        for shift in self.problem.shifts:
            if suits(shift, visit):
                known = hours.get(shift.day, Hours(shift.starts, shift.ends))
                hours[shift.day] = Hours(min(known.starts, shift.starts), max(known.ends, shift.ends))
        return hours

    def _openings(self, visit: Visit, hours: dict[int, Hours]) -> list[Opening]:
        days = sorted(hours)
        following = dict(pairwise(days))
        merged: list[tuple[Opening, int]] = []  # with the day on which it ends
        for window in sorted(windows_of(visit), key=lambda half: (half.day, half.starts)):
            if window.day not in hours:
                continue
            first, last = hours[window.day].starts, hours[window.day].ends - visit.duration
            starts, ends = max(window.starts, first), min(window.ends, last)
            if starts > ends:
                continue
            opening = Opening(self.at(window.day, starts), self.at(window.day, ends))
            if merged:
                before, day = merged[-1]
                touches = day == window.day and opening.starts <= before.ends + 1
                overnight = (
                    following.get(day) == window.day
                    and starts == first
                    and before.ends == self.at(day, hours[day].ends - visit.duration)
                )
                if touches or overnight:
                    merged[-1] = (Opening(before.starts, max(before.ends, opening.ends)), window.day)
                    continue
            merged.append((opening, window.day))
        return [opening for opening, _day in merged]


def kind_of(visit: Visit) -> Kind:
    return Kind(visit.skills, visit.district, visit.fixed.technician if visit.fixed else None)


def suits(shift: Shift, visit: Visit) -> bool:
    """As `may_serve`, on any day: the day of a commitment is in the visit's opening already."""
    if visit.fixed is None:
        return may_serve(shift, visit)
    return visit.fixed.technician == shift.technician and may_serve(shift, _free(visit))


def _free(visit: Visit) -> Visit:
    return Visit(visit.id, visit.place, visit.duration, visit.windows, visit.skills, visit.district)
