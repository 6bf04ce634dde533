"""One made week, planned by us, by each engine alone and by the nearest neighbor, in one run at the same seconds each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import vroom
from pyvrp import IteratedLocalSearch
from pyvrp import solve as pyvrp_solve
from pyvrp.stop import MaxRuntime

from fieldwork.dispatch import Plan, Problem, check, improve, solve
from fieldwork.dispatch.assemble import assemble
from fieldwork.dispatch.construct import construct
from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.improve import better
from fieldwork.dispatch.model import Model
from tests.benchmarks.dispatch import instances, small, week
from tests.benchmarks.dispatch.neighbours import nearest_by_district

# pyvroom's `exploration_level` n makes 4 (n + 1) searches to the depth n.
_LEVELS = [(4 * (level + 1), level) for level in range(6)]
_SMALL_SECONDS = 2.0


def measured(*, seconds: float, visits: int, seed: int = 0) -> dict[str, Any]:
    """Forty technicians for a thousand visits; a small week, where all live far apart, needs more for its visits."""
    technicians = 2 + visits // 26
    problem = week.made(visits=visits, technicians=technicians, seed=seed)
    with engines_timed() as spent:
        ours_timed = timed(lambda: solve(problem, seconds=seconds, seed=seed))
    plans = [
        ("ours", "pyvroom, then pyvrp", ours_timed),
        ("pyvroom", "pyvroom alone", timed(lambda: _pyvroom(problem, seconds))),
        ("pyvrp", "pyvrp alone", timed(lambda: _pyvrp(problem, seconds, seed))),
        ("nearest", "nearest neighbor by district", timed(lambda: nearest_by_district(problem))),
    ]
    ours, taken = ours_timed
    return {
        "visits": visits,
        "technicians": technicians,
        "seconds": seconds,
        "rows": [_row(problem, name, title, plan, taken, ours) for name, title, (plan, taken) in plans],
        "overhead_percent": round(100 * (taken - sum(spent)) / taken, 2),
        "small": _small(seed),
    }


def timed(action: Callable[[], Plan]) -> tuple[Plan, float]:
    began = time.monotonic()
    plan = action()
    return plan, time.monotonic() - began


@contextmanager
def engines_timed() -> Iterator[list[float]]:
    """How long pyvroom and pyvrp themselves ran, call by call; all else is translation, times and the checker."""
    spent: list[float] = []

    def clocked(engine: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.monotonic()
            try:
                return engine(*arguments, **named)
            finally:
                spent.append(time.monotonic() - began)

        return call

    with ExitStack() as patches:
        for owner, name in ((vroom.Input, "_solve"), (IteratedLocalSearch, "run"), (improve, "compute_neighbours")):
            patches.enter_context(mock.patch.object(owner, name, clocked(getattr(owner, name))))
        yield spent


def _orders(problem: Problem, plan: Plan) -> Orders:
    numbers = {visit.id: number for number, visit in enumerate(problem.visits)}
    shifts = {(shift.technician, shift.day): number for number, shift in enumerate(problem.shifts)}
    return {shifts[r.technician, r.day]: [numbers[stop.visit] for stop in r.stops] for r in plan.routes}


def _pyvroom(problem: Problem, seconds: float) -> Plan:
    """Its levels, one after the other as the time allows; the best plan stands."""
    ground, until = Ground(problem), time.monotonic() + seconds
    best: Orders = {}
    for searches, depth in _LEVELS:
        left = until - time.monotonic()
        if left <= 0:
            break
        plan = construct(ground, seconds=left, searches=searches, depth=depth)
        if better(ground, plan, best):
            best = plan
    return assemble(ground, best, engine="pyvroom")


def _pyvrp(problem: Problem, seconds: float, seed: int) -> Plan:
    """With its own settings and its own start."""
    until = time.monotonic() + seconds
    ground = Ground(problem)
    model = Model(ground)
    left = MaxRuntime(max(until - time.monotonic(), 0.0))
    outcome = pyvrp_solve(model.data, left, seed=seed, collect_stats=False)
    orders = model.orders(outcome.best) if outcome.best.is_feasible() else {}
    return assemble(ground, orders, engine="pyvrp", iterations=outcome.num_iterations)


def _row(problem: Problem, name: str, title: str, plan: Plan, taken: float, ours: Plan) -> dict[str, Any]:
    """`missed_by_us`: visits that this one serves and we do not."""
    served, own = _served(plan), _served(ours)
    return {
        "name": name,
        "title": title,
        "seconds": round(taken, 2),
        "hours_driven": round(plan.drive / 3600, 2),
        "served": len(served),
        "missed_by_us": len(served - own),
        "cost": _cost(problem, plan),
        "driving_ratio": round((plan.drive / max(len(served), 1)) / (ours.drive / max(len(own), 1)), 3),
        "violations": len(check(problem, plan)),
    }


def _served(plan: Plan) -> set[Any]:
    return {stop.visit for route in plan.routes for stop in route.stops}


def _cost(problem: Problem, plan: Plan) -> int:
    """What the engines are told to make less: driving, and the worth of what is left out."""
    return Ground(problem).cost(_orders(problem, plan))


def _small(seed: int) -> dict[str, Any]:
    plan = solve(instances.read(small.FILE), seconds=_SMALL_SECONDS, seed=seed)
    cost = instances.cost(plan.drive)
    gap = round(100 * (cost / small.BEST_KNOWN - 1), 2)
    return {"instance": small.FILE.stem, "seconds": _SMALL_SECONDS, "cost": cost, "gap_percent": gap}
