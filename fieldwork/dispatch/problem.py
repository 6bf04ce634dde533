"""What is asked of dispatch: who works when and where, and which visits wait.

Times are whole seconds from midnight of the utility's local day, days count from the first day of the horizon (0).
Ids are anything hashable and come back as they were given.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from fieldwork.dispatch.travel import Place, Travel


@dataclass(frozen=True)
class Shift:
    """One technician on one day. At most one of a technician and day in a problem."""

    technician: Hashable
    day: int
    starts: int
    ends: int
    start_place: int  # both index Problem.places
    end_place: int
    most_work: int  # seconds of driving and work together, the way back included; waiting does not count
    skills: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()  # none: goes anywhere
    capacity: int | None = None  # of what the visits' loads are of; None: carries anything


@dataclass(frozen=True)
class DayWindow:
    """The visit begins within it, both ends included. It may still go on when the window is over."""

    day: int
    starts: int
    ends: int


@dataclass(frozen=True)
class Fixed:
    """A commitment: this technician, this day, begins within."""

    technician: Hashable
    day: int
    starts: int
    ends: int


@dataclass(frozen=True)
class Visit:
    id: Hashable
    place: int  # indexes Problem.places
    duration: int
    windows: tuple[DayWindow, ...]
    skills: frozenset[str] = frozenset()  # all of them are needed
    district: str = ""  # "" is in every technician's
    required: bool = False  # served if it can be at all
    urgency: int = 1  # from 1 up; an optional visit's worth grows with it
    overdue: bool = False  # comes before all that isn't (`overdue.py`)
    fixed: Fixed | None = None  # stands instead of the windows
    published: Fixed | None = None  # where the customer was told it is; only `replan` looks at it
    load: int = 0


@dataclass(frozen=True)
class Problem:
    places: tuple[Place, ...]
    shifts: tuple[Shift, ...]
    visits: tuple[Visit, ...]
    travel: Travel


def windows_of(visit: Visit) -> tuple[DayWindow, ...]:
    """When the visit may begin: its windows, or where it is fixed the one of its commitment."""
    if visit.fixed is None:
        return visit.windows
    return (DayWindow(visit.fixed.day, visit.fixed.starts, visit.fixed.ends),)


def may_serve(shift: Shift, visit: Visit) -> bool:
    """Whether this technician may take it on this day at all: skills, district, commitment; not whether it fits."""
    if visit.fixed is not None and (visit.fixed.technician, visit.fixed.day) != (shift.technician, shift.day):
        return False
    if not visit.skills <= shift.skills:
        return False
    return not visit.district or not shift.districts or visit.district in shift.districts
