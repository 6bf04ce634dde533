"""Parts of a large plan: routes that run near each other, on any day, with the visits near them that nobody serves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyvrp import RandomNumberGenerator

from fieldwork.dispatch.ground import Ground, Orders

# Shifts without work, and visits without a shift, that a region may take in.
_SPARE_SHIFTS = 4
_SPARE_VISITS = 20


@dataclass(frozen=True)
class Region:
    """A problem of its own, with the whole's numbers of its shifts and visits."""

    ground: Ground
    orders: Orders
    shifts: list[int]
    visits: list[int]

    def put_back(self, whole: Orders, orders: Orders) -> Orders:
        others = {number: visits for number, visits in whole.items() if number not in set(self.shifts)}
        return others | {
            self.shifts[n]: [self.visits[visit] for visit in visits] for n, visits in orders.items() if visits
        }


class Regions:
    """One after the other, each begun at the route whose turn it is; a round begins each route's region once."""

    def __init__(self, ground: Ground, rng: RandomNumberGenerator, size: int, fewest: int) -> None:
        self.ground, self.rng, self.size, self.fewest = ground, rng, size, fewest
        self._turns: list[int] = []

    def next(self, orders: Orders) -> Region:
        first = self._turn(orders)
        shifts: list[int] = []
        visits: list[int] = []
        served = [number for number, route in orders.items() if route]
        apart = self._apart(orders[first], served, orders)
        for index in np.argsort(apart, kind="stable"):
            route = orders[served[index]]
            if len(shifts) >= self.fewest and len(visits) + len(route) > self.size:
                break
            shifts.append(served[index])
            visits += route
        visits += self._near(first, self.ground.missed(orders), orders)[:_SPARE_VISITS]
        shifts += self._spare(orders[first], orders)
        return self._region(orders, sorted(shifts), sorted(visits))

    def _turn(self, orders: Orders) -> int:
        """Shuffled by pyvrp's own numbers, so that one seed rules all."""
        while True:
            if not self._turns:
                waiting = sorted(number for number, route in orders.items() if route)
                while waiting:
                    self._turns.append(waiting.pop(self.rng.randint(len(waiting))))
            turn = self._turns.pop()
            if orders.get(turn):
                return turn

    def _apart(self, route: list[int], others: list[int], orders: Orders) -> NDArray[np.float64]:
        """Mean driving between two routes' visits: of each other route to this one."""
        rows = self.ground.seconds[len(self.ground.depots) + np.array(route)].mean(axis=0)[len(self.ground.depots) :]
        return np.array([rows[orders[other]].mean() for other in others])

    def _near(self, first: int, visits: list[int], orders: Orders) -> list[int]:
        rows = self.ground.seconds[[self.ground.location(visit) for visit in orders[first]]].min(axis=0)
        return sorted(visits, key=lambda visit: (int(rows[self.ground.location(visit)]), visit))

    def _spare(self, route: list[int], orders: Orders) -> list[int]:
        idle = [number for number in range(len(self.ground.problem.shifts)) if not orders.get(number)]
        rows = self.ground.seconds[[self.ground.location(visit) for visit in route]].mean(axis=0)
        depot = [self.ground.depots[shift.start_place] for shift in self.ground.problem.shifts]
        return sorted(idle, key=lambda number: (rows[depot[number]], number))[:_SPARE_SHIFTS]

    def _region(self, orders: Orders, shifts: list[int], visits: list[int]) -> Region:
        own = {visit: index for index, visit in enumerate(visits)}
        inside = {
            index: [own[visit] for visit in orders[number]]
            for index, number in enumerate(shifts)
            if orders.get(number)
        }
        return Region(self.ground.part(shifts, visits), inside, shifts, visits)
