"""A first plan by pyvroom: within a second or two nearly everything is served."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.openings import Kind, kind_of
from fieldwork.dispatch.problem import Visit

if TYPE_CHECKING:
    import vroom  # imported late: it brings pandas, a second of every process's start

# pyvroom knows priorities up to 100, and serves the greatest sum of them whatever it costs.
_PROMISED, _REQUIRED, _OPTIONAL = 100, 50, 25


def construct(ground: Ground, *, seconds: float | None, searches: int = 4, depth: int = 0) -> Orders:
    """`seconds` bounds the search; the first insertion of everything is always finished. One core.

    pyvroom's `solve` offers its levels only, of which the lowest makes four searches: for a thousand visits that is three too many.
    """
    import vroom

    served = [number for number, openings in enumerate(ground.openings) if openings]
    if not served:
        return {}
    asked = vroom.Input()
    asked.set_durations_matrix("car", ground.seconds)
    if ground.any_binds:
        asked.set_distances_matrix("car", ground.work)
    kinds = {kind: number for number, kind in enumerate(ground.kinds)}
    asked.add_vehicle([_vehicle(ground, number, kinds) for number in range(len(ground.problem.shifts))])
    asked.add_job([_job(ground, number, kinds) for number in served])
    limit = None if seconds is None else timedelta(seconds=seconds)
    answer = asked._solve(nb_searches=searches, depth=depth, nb_threads=1, timeout=limit)
    # The rows themselves: a pandas frame of them takes longer than a small region's search.
    stops = np.asarray(answer._routes_numpy())
    stops = stops[stops["type"].astype("U9") == "job"]
    orders: Orders = {}
    for shift, visit in zip(stops["vehicle_id"].tolist(), stops["id"].tolist(), strict=True):
        orders.setdefault(shift, []).append(visit)
    return orders


def _vehicle(ground: Ground, number: int, kinds: dict[Kind, int]) -> vroom.Vehicle:
    import vroom

    shift = ground.problem.shifts[number]
    limits: dict[str, Any] = {"max_distance": shift.most_work} if ground.binds(shift) else {}
    return vroom.Vehicle(
        number,
        start=ground.depots[shift.start_place],
        end=ground.depots[shift.end_place],
        capacity=[ground.capacity(shift)] if ground.loads else [],
        skills={kinds[kind] for kind in ground.suited[number] if kind in kinds},
        time_window=(ground.axis.at(shift.day, shift.starts), ground.axis.at(shift.day, shift.ends)),
        **limits,
    )


def _job(ground: Ground, number: int, kinds: dict[Kind, int]) -> vroom.Job:
    import vroom

    visit = ground.problem.visits[number]
    return vroom.Job(
        number,
        location=ground.location(number),
        default_service=visit.duration,
        delivery=[visit.load] if ground.loads else [],
        skills={kinds[kind_of(visit)]},
        priority=_priority(visit),
        time_windows=[tuple(opening) for opening in ground.openings[number]],
    )


def _priority(visit: Visit) -> int:
    if visit.fixed is not None:
        return _PROMISED
    return _REQUIRED if visit.required else min(visit.urgency, _OPTIONAL)
