"""A problem as pyvrp has it, a plan of its as ours, and ours as its."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from pyvrp import Client, ClientGroup, Depot, Location, ProblemData, Route, Solution, VehicleType

from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.openings import Opening, kind_of

# Seconds from and to where a technician may not go. Small enough that sums of its penalties fit 64 bits.
_NEVER = 10**9


@dataclass(frozen=True)
class Model:
    """One vehicle type for each set of shifts that are alike; a visit with several openings is a group of clients.

    `must` are the visits that can't be left out, for pyvrp looks for plans that leave them out otherwise.
    """

    ground: Ground
    must: frozenset[int] = frozenset()

    @cached_property
    def clients(self) -> list[tuple[int, Opening]]:
        return [(number, opening) for number, openings in enumerate(self.ground.openings) for opening in openings]

    @cached_property
    def clients_of(self) -> dict[int, list[int]]:
        clients: dict[int, list[int]] = defaultdict(list)
        for client, (visit, _opening) in enumerate(self.clients):
            clients[visit].append(client)
        return clients

    @cached_property
    def profiles(self) -> dict[frozenset[Any], int]:
        return {kinds: number for number, kinds in enumerate(dict.fromkeys(self.ground.suited))}

    @cached_property
    def types(self) -> dict[tuple[Any, ...], list[int]]:
        """Shifts that differ in nothing but who works them."""
        alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for number, shift in enumerate(self.ground.problem.shifts):
            limit = shift.most_work if self.ground.binds(shift) else None
            profile = self.profiles[self.ground.suited[number]]
            where = (shift.start_place, shift.end_place)
            alike[shift.day, shift.starts, shift.ends, *where, limit, self.ground.capacity(shift), profile].append(
                number
            )
        return alike

    @cached_property
    def data(self) -> ProblemData:
        ground = self.ground
        groups, clients = self._clients()
        seconds: Any = ground.seconds  # pyvrp's own types are narrower than what it takes
        total = len(ground.depots) + len(ground.problem.visits)
        return ProblemData(
            [Location(0, 0) for _ in range(total)],
            clients,
            [Depot(number) for number in ground.depots.values()],
            [self._vehicles(key, numbers) for key, numbers in self.types.items()],
            [self._distances(kinds) for kinds in self.profiles],
            [seconds] * len(self.profiles),
            groups,
        )

    def _clients(self) -> tuple[list[ClientGroup], list[Client]]:
        groups: list[ClientGroup] = []
        clients: list[Client] = []
        for number, own in self.clients_of.items():
            must = number in self.must
            if len(own) > 1:
                groups.append(ClientGroup(own, required=must))
            group = len(groups) - 1 if len(own) > 1 else None
            clients += [self._client(client, required=must and group is None, group=group) for client in own]
        return groups, clients

    def _client(self, client: int, *, required: bool, group: int | None) -> Client:
        number, opening = self.clients[client]
        visit = self.ground.problem.visits[number]
        # Distances count the work there, too: serving must not look dearer for it.
        own_work = visit.duration if self.ground.any_binds else 0
        return Client(
            self.ground.location(number),
            delivery=[visit.load] if self.ground.loads else [],
            service_duration=visit.duration,
            tw_early=opening.starts,
            tw_late=opening.ends,
            prize=0 if required else self.ground.prize(number) + own_work,
            required=required,
            group=group,
        )

    def _vehicles(self, key: tuple[Any, ...], numbers: list[int]) -> VehicleType:
        day, starts, ends, start_place, end_place, limit, capacity, profile = key
        limits = {} if limit is None else {"max_distance": limit}
        return VehicleType(
            num_available=len(numbers),
            capacity=[capacity] if self.ground.loads else [],
            start_depot=self.ground.depots[start_place],
            end_depot=self.ground.depots[end_place],
            tw_early=self.ground.axis.at(day, starts),
            tw_late=self.ground.axis.at(day, ends),
            profile=profile,
            **limits,
        )

    def _distances(self, kinds: frozenset[Any]) -> Any:
        ground = self.ground
        base = ground.work if ground.any_binds else ground.seconds
        closed = [ground.location(n) for n, visit in enumerate(ground.problem.visits) if kind_of(visit) not in kinds]
        if not closed:
            return base
        distances = base.copy()
        distances[:, closed] = distances[closed, :] = _NEVER
        np.fill_diagonal(distances, 0)
        return distances

    def solution(self, orders: Orders) -> Solution:
        """Ours as pyvrp's. Each visit of a day is the client whose opening is that day's and still reachable."""
        type_of = {number: index for index, numbers in enumerate(self.types.values()) for number in numbers}
        routes = [
            Route(self.data, self._in_time(number, visits), type_of[number])
            for number, visits in orders.items()
            if visits
        ]
        return Solution(self.data, routes)

    def _in_time(self, number: int, visits: list[int]) -> list[int]:
        ground = self.ground
        shift = ground.problem.shifts[number]
        now, here = ground.axis.at(shift.day, shift.starts), ground.depots[shift.start_place]
        chosen = []
        for visit in visits:
            now += int(ground.seconds[here, ground.location(visit)])
            client = next(
                (c for c in self.clients_of[visit] if now <= self.clients[c][1].ends), self.clients_of[visit][-1]
            )
            chosen.append(client)
            now = max(now, self.clients[client][1].starts) + ground.problem.visits[visit].duration
            here = ground.location(visit)
        return chosen

    def orders(self, solution: Solution) -> Orders:
        left = [list(numbers) for numbers in self.types.values()]
        return {
            left[route.vehicle_type()].pop(0): [
                self.clients[step.idx][0] for step in route.schedule() if step.is_client()
            ]
            for route in solution.routes()
        }
