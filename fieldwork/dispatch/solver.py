"""The way to a plan: pyvroom constructs, pyvrp improves, the better of the two stands, the checker has the last word."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fieldwork.dispatch import overdue
from fieldwork.dispatch.assemble import assemble
from fieldwork.dispatch.construct import construct
from fieldwork.dispatch.ground import Ground
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
    searches (every quarter of a second); the best plan until then is returned. Overdue visits come first (`overdue`).
    """
    began = time.monotonic()
    options: dict[str, Any] = {
        "seed": seed,
        "progress": progress,
        "stop": stop,
        "iterations": iterations,
        "tuning": tuning,
    }
    if not overdue.waiting(problem):
        return _search(problem, began=began, seconds=seconds, **options)
    committed = overdue.commit(problem)
    # Seeing to the rule afterward takes about as long as the commitments did
    kept_back = min(time.monotonic() - began, seconds / 2)
    plan = _search(committed, began=began, seconds=seconds - kept_back, **options)
    return replace(overdue.enforce(problem, plan), seconds=time.monotonic() - began)


def _search(
    problem: Problem,
    *,
    began: float,
    seconds: float,
    seed: int,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    iterations: int | None,
    tuning: Tuning | None,
) -> Plan:
    ground = Ground(problem)
    tuning = tuning or tuning_for(ground)
    until = began + seconds - tuning.finish
    limit = None if iterations else seconds * tuning.construct_share
    start = construct(ground, seconds=limit, searches=tuning.searches, depth=tuning.depth)
    engine, best = "pyvroom", start
    budget = Budget(until, iterations, stop, progress, began)
    if start and not budget.over():
        best = improve(ground, start, budget, seed=seed, tuning=tuning)
        engine = "pyvroom" if best is start else "pyvrp"
    if not best:
        engine = "none"
    plan = assemble(ground, best, engine=engine, iterations=budget.done, seed=seed, began=began)
    if progress:
        progress(1.0, plan.drive, len(plan.unserved))
    return plan
