"""The way to a plan: pyvroom constructs, pyvrp improves, the better of the two stands, the checker has the last word."""

from __future__ import annotations

import time
from collections.abc import Callable

from fieldwork.dispatch.assemble import assemble
from fieldwork.dispatch.construct import construct
from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.improve import Budget, improve
from fieldwork.dispatch.plan import Plan
from fieldwork.dispatch.problem import Problem
from fieldwork.dispatch.tuning import Tuning, tuning_for

# Told now and then: share of the work done (0 to 1), seconds of driving of the best plan so far, visits that it leaves out.
type Progress = Callable[[float, int, int], object]


def solve(
    problem: Problem,
    *,
    seconds: float,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    iterations: int | None = None,
    tuning: Tuning | None = None,
) -> Plan:
    """A plan without a broken rule within `seconds` by the wall clock, everything included.

    Where `iterations` are given the search ends after so many of pyvrp's, and the same seed gives the same routes again on
    any machine, unless the clock came first: the plan's `iterations` say how far it came. `stop` is polled while pyvrp
    searches (every quarter of a second); the best plan until then is returned.
    """
    began = time.monotonic()
    ground = Ground(problem)
    tuning = tuning or tuning_for(ground)
    until = began + seconds - tuning.finish
    start = construct(ground, seconds=seconds * tuning.construct_share, level=tuning.level)
    engine, best = "pyvroom", start
    budget = Budget(until, iterations, stop, progress, began)
    if start and not budget.over():
        found = improve(ground, start, budget, seed=seed, tuning=tuning)
        if found is not None and better(ground, found, best):
            engine, best = "pyvrp", found
    if not best:
        engine = "none"
    plan = assemble(ground, best, engine=engine, iterations=budget.done, seed=seed, began=began)
    if progress:
        progress(1.0, plan.drive, len(plan.unserved))
    return plan


def better(ground: Ground, one: Orders, other: Orders) -> bool:
    """Fewer commitments left out, then fewer required visits, then what both cost."""
    return (ground.left_out(one), ground.cost(one)) < (ground.left_out(other), ground.cost(other))
