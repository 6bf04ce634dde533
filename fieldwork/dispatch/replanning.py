"""A new plan for days of which customers know: as few of them as possible hear of another."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

from fieldwork.dispatch import overdue
from fieldwork.dispatch.mending import Mending
from fieldwork.dispatch.plan import Moved, MoveReason, Plan, Replan, Stop
from fieldwork.dispatch.problem import DayWindow, Fixed, Problem, Visit, may_serve, windows_of
from fieldwork.dispatch.solver import Progress, solve

# Of the seconds; the rest is for finding room by pushing a published visit elsewhere.
_SEARCH = 0.85


def replan(
    problem: Problem,
    *,
    seconds: float,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    iterations: int | None = None,
) -> Replan:
    """Every published visit is held where it is, except those that can't stay; the rest is planned around them.

    A published visit counts as required. A required visit that finds no room pushes at most one published one to another
    place. Which were moved, and why, comes with the plan; the order within a day is free. Reproducible as `solve` is.
    """
    began = time.monotonic()
    problem = replace(problem, visits=tuple(_required(visit) for visit in problem.visits))
    why = {visit.id: reason for visit in problem.visits if (reason := _cannot_stay(problem, visit)) is not None}
    held = replace(problem, visits=tuple(visit if visit.id in why else _held(visit) for visit in problem.visits))
    plan = solve(held, seconds=seconds * _SEARCH, seed=seed, progress=progress, stop=stop, iterations=iterations)
    mending = Mending(problem, held, plan, why, until=None if iterations else began + seconds)
    mending.serve_all()
    mended = overdue.enforce(mending.held, mending.plan) if overdue.waiting(mending.held) else mending.plan
    plan = _in_own_windows(problem, mended)
    return Replan(replace(plan, seconds=time.monotonic() - began), _moved(problem, plan, why))


def _required(visit: Visit) -> Visit:
    return visit if visit.published is None else replace(visit, required=True)


def _held(visit: Visit) -> Visit:
    return visit if visit.published is None or visit.fixed is not None else replace(visit, fixed=visit.published)


def _cannot_stay(problem: Problem, visit: Visit) -> MoveReason | None:
    at = visit.published
    if at is None or (visit.fixed is not None and _inside(at, visit.fixed)):
        return None
    shift = next((shift for shift in problem.shifts if (shift.technician, shift.day) == (at.technician, at.day)), None)
    if shift is None:
        return "no_shift"
    if not may_serve(shift, visit):
        return "may_not"
    return None if any(_inside(at, window) for window in windows_of(visit)) else "closed"


def _inside(at: Fixed, window: Fixed | DayWindow) -> bool:
    return window.day == at.day and window.starts <= at.starts and at.ends <= window.ends


def _in_own_windows(problem: Problem, plan: Plan) -> Plan:
    """A held visit was planned in its published window; the stop bears the visit's own that holds it."""
    by_id = {visit.id: visit for visit in problem.visits}

    def own(stop: Stop) -> Stop:
        windows = windows_of(by_id[stop.visit])
        if stop.window in windows:
            return stop
        return replace(
            stop, window=next(w for w in windows if w.day == stop.window.day and w.starts <= stop.begins <= w.ends)
        )

    return replace(plan, routes=tuple(replace(r, stops=tuple(own(stop) for stop in r.stops)) for r in plan.routes))


def _moved(problem: Problem, plan: Plan, why: Mapping[Hashable, MoveReason]) -> tuple[Moved, ...]:
    now = {
        stop.visit: Fixed(route.technician, route.day, stop.window.starts, stop.window.ends)
        for route in plan.routes
        for stop in route.stops
    }
    begins = {stop.visit: stop.begins for route in plan.routes for stop in route.stops}
    moved = []
    for visit in problem.visits:
        was, new = visit.published, now.get(visit.id)
        if was is None or (new and _same(was, new) and was.starts <= begins[visit.id] <= was.ends):
            continue
        moved.append(Moved(visit.id, was, new, why.get(visit.id, "no_room")))
    return tuple(moved)


def _same(was: Fixed, now: Fixed) -> bool:
    return (was.technician, was.day) == (now.technician, now.day)
