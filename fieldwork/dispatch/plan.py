"""What dispatch answers with. Times are seconds from the day's local midnight, distances meters."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from fieldwork.dispatch.problem import DayWindow, Fixed

# Why a visit is in no route. "no_technician": nobody has the skills, district or commitment on those days.
# "no_window": nobody works in any of its windows. "too_long": it would not fit even as the only visit of a day.
# "full": it fits alone, and the plan found no room for it.
UnservedReason = Literal["no_technician", "no_window", "too_long", "full"]

ViolationCode = Literal[
    "no_shift",  # the technician does not work that day
    "unknown_visit",
    "twice",
    "missing",  # neither in a route nor among the unserved
    "skill",
    "district",
    "window",  # begins outside the window it is planned in, or that window is none of the visit's
    "commitment",
    "too_early",  # leaves for the first visit before the shift starts
    "too_late",  # is back after the shift ends
    "most_work",
    "load",
    "driving",  # arrives sooner than the drive takes, or the driving written down is not the road's
    "work",  # begins before it arrives, or leaves before the work is done
]


@dataclass(frozen=True)
class Stop:
    visit: Hashable
    window: DayWindow  # one of the visit's, or its commitment's
    arrives: int
    begins: int
    leaves: int
    drive: int  # seconds to it, from the stop before or from where the shift starts
    meters: int


@dataclass(frozen=True)
class Route:
    """One technician's day, in order. Driving includes the way back."""

    technician: Hashable
    day: int
    stops: tuple[Stop, ...]
    drive: int
    meters: int


@dataclass(frozen=True)
class Unserved:
    visit: Hashable
    reason: UnservedReason


@dataclass(frozen=True)
class Plan:
    """Routes without stops are left out. The same seed, iterations and problem give the same routes."""

    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    drive: int
    engine: str  # whose plan stood: "pyvroom", "pyvrp", "none" where there was nothing to plan
    iterations: int  # of pyvrp
    seed: int
    seconds: float  # by the wall clock, translation and checking included


@dataclass(frozen=True)
class Violation:
    """A broken rule. `amount` is by how many seconds (or units of load), 0 where it can't be measured."""

    code: ViolationCode
    technician: Hashable = None
    day: int | None = None
    visit: Hashable = None
    amount: int = 0


@dataclass(frozen=True)
class Insertion:
    technician: Hashable
    day: int
    position: int  # 0 is first
    window: DayWindow
    extra_drive: int  # seconds


# Why a published visit had to go. "no_shift": its technician does not work that day any more.
# "closed": its day or window is no longer one of the visit's. "may_not": technician lacks the skill or district.
# "no_room": the day has become too short for it. "made_room": a required visit had no other place.
MoveReason = Literal["no_shift", "closed", "may_not", "no_room", "made_room"]


@dataclass(frozen=True)
class Moved:
    visit: Hashable
    was: Fixed
    now: Fixed | None  # None: no place left
    why: MoveReason


@dataclass(frozen=True)
class Replan:
    plan: Plan
    moved: tuple[Moved, ...]
