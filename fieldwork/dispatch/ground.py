"""A problem as both engines want it: every visit a location of its own, whole-number matrices, one axis of time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fieldwork.dispatch.openings import Axis, Kind, Opening, kind_of, suits
from fieldwork.dispatch.problem import Problem, Shift

# Visits by their number in the problem, in the order of the drive, by their shift's number.
type Orders = dict[int, list[int]]

# What an unserved visit costs, in seconds of driving. No detour is worth leaving out a required one, and a promise
# to a customer weighs as much as many of those; for an optional one four hours more are driven for each step of urgency.
PROMISED = 20_000_000
REQUIRED = 1_000_000
OPTIONAL = 4 * 3600


@dataclass(frozen=True)
class Ground:
    problem: Problem

    @cached_property
    def axis(self) -> Axis:
        return Axis(self.problem)

    @cached_property
    def openings(self) -> list[tuple[Opening, ...]]:
        return self.axis.openings

    @cached_property
    def depots(self) -> dict[int, int]:
        """The location of each place where a shift starts or ends; they come before the visits."""
        places = dict.fromkeys(
            place for shift in self.problem.shifts for place in (shift.start_place, shift.end_place)
        )
        return {place: number for number, place in enumerate(places)}

    def location(self, visit: int) -> int:
        return len(self.depots) + visit

    @cached_property
    def seconds(self) -> NDArray[np.int64]:
        places = [*self.depots, *(visit.place for visit in self.problem.visits)]
        return np.ascontiguousarray(self.problem.travel.seconds[np.ix_(places, places)])

    @cached_property
    def work(self) -> NDArray[np.int64]:
        """Driving there and the work there, so that a limit of distance is one of both together."""
        there = [0] * len(self.depots) + [visit.duration for visit in self.problem.visits]
        work = self.seconds + np.array(there, dtype=np.int64)
        np.fill_diagonal(work, 0)
        return work

    def binds(self, shift: Shift) -> bool:
        """Whether the limit of work says more than the hours do."""
        return shift.most_work < shift.ends - shift.starts

    @cached_property
    def any_binds(self) -> bool:
        return any(map(self.binds, self.problem.shifts))

    @cached_property
    def loads(self) -> bool:
        return any(visit.load for visit in self.problem.visits)

    def capacity(self, shift: Shift) -> int:
        total = sum(visit.load for visit in self.problem.visits)
        return total if shift.capacity is None else min(shift.capacity, total)

    @cached_property
    def kinds(self) -> dict[Kind, int]:
        """Each kind of visit with one visit of it."""
        return {kind_of(visit): number for number, visit in enumerate(self.problem.visits)}

    @cached_property
    def suited(self) -> list[frozenset[Kind]]:
        """By the shift's number, the kinds of visits that its technician may take."""
        examples = [(kind, self.problem.visits[number]) for kind, number in self.kinds.items()]
        return [frozenset(kind for kind, visit in examples if suits(shift, visit)) for shift in self.problem.shifts]

    def part(self, shifts: list[int], visits: list[int]) -> Ground:
        """Some of the shifts and visits. What is known of them is taken along: openings of the whole hold for any part."""
        problem = replace(
            self.problem,
            shifts=tuple(self.problem.shifts[number] for number in shifts),
            visits=tuple(self.problem.visits[visit] for visit in visits),
        )
        part = Ground(problem)
        known = {"axis": self.axis, "openings": [self.openings[visit] for visit in visits]}
        vars(part).update(known, suited=[self.suited[number] for number in shifts])
        return part

    def prize(self, visit: int) -> int:
        asked = self.problem.visits[visit]
        if asked.fixed is not None:
            return PROMISED
        return REQUIRED if asked.required else min(OPTIONAL * asked.urgency, REQUIRED // 2)

    def drive(self, orders: Orders) -> int:
        """Seconds on the road, ways back included."""
        total, first = 0, len(self.depots)
        for number, visits in orders.items():
            shift = self.problem.shifts[number]
            if visits:
                stops = [
                    self.depots[shift.start_place],
                    *(first + visit for visit in visits),
                    self.depots[shift.end_place],
                ]
                total += int(self.seconds[stops[:-1], stops[1:]].sum())
        return total

    def missed(self, orders: Orders) -> list[int]:
        served = {visit for visits in orders.values() for visit in visits}
        return [number for number in range(len(self.problem.visits)) if number not in served]

    def left_out(self, orders: Orders) -> tuple[int, int]:
        """How many commitments, and how many required visits."""
        missed = [self.problem.visits[number] for number in self.missed(orders)]
        promised = sum(visit.fixed is not None for visit in missed)
        return promised, sum(visit.required for visit in missed if visit.fixed is None)

    def cost(self, orders: Orders) -> int:
        """What both engines make less: driving, and what is left out."""
        return self.drive(orders) + sum(map(self.prize, self.missed(orders)))
