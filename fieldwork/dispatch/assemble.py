"""From orders to a plan: times worked out, the checker asked, a reason for each visit that is left out."""

from __future__ import annotations

import time
from collections.abc import Hashable

from fieldwork.dispatch.checker import check
from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.plan import Plan, Unserved, UnservedReason, Violation
from fieldwork.dispatch.problem import Shift, Visit, may_serve, windows_of
from fieldwork.dispatch.timelines import timed, timeline


def assemble(
    ground: Ground, orders: Orders, *, engine: str, iterations: int = 0, seed: int = 0, began: float | None = None
) -> Plan:
    """A plan that breaks no rule. Should an engine's order break one, the visits at fault are taken out of it."""
    orders = {number: list(visits) for number, visits in orders.items() if visits}
    while True:
        plan = _plan(ground, orders, engine, iterations, seed, began)
        violations = check(ground.problem, plan)
        if not violations:
            return plan
        _take_out(ground, orders, violations)


def _plan(ground: Ground, orders: Orders, engine: str, iterations: int, seed: int, began: float | None) -> Plan:
    problem = ground.problem
    routes = tuple(
        timed(problem, problem.shifts[number], [problem.visits[visit] for visit in visits])
        for number, visits in sorted(orders.items())
        if visits
    )
    unserved = tuple(
        Unserved(problem.visits[number].id, why_unserved(ground, number)) for number in ground.missed(orders)
    )
    seconds = 0.0 if began is None else time.monotonic() - began
    return Plan(routes, unserved, sum(route.drive for route in routes), engine, iterations, seed, seconds)


def _take_out(ground: Ground, orders: Orders, violations: tuple[Violation, ...]) -> None:
    """The visit that a violation names, else the last one of its route; each round takes out one a route at least."""
    problem = ground.problem
    numbers = {visit.id: number for number, visit in enumerate(problem.visits)}
    shifts: dict[tuple[Hashable, int | None], int] = {
        (shift.technician, shift.day): number for number, shift in enumerate(problem.shifts)
    }
    for violation in violations:
        visits = orders.get(shifts.get((violation.technician, violation.day), -1), [])
        named = numbers.get(violation.visit) if violation.visit is not None else None
        if named in visits:
            visits.remove(named)
        elif violation.visit is None and visits:
            visits.pop()


def why_unserved(ground: Ground, number: int) -> UnservedReason:
    visit = ground.problem.visits[number]
    if not any(may_serve(shift, visit) for shift in ground.problem.shifts):
        return "no_technician"
    days = {window.day for window in windows_of(visit)}
    shifts = [shift for shift in ground.problem.shifts if shift.day in days and may_serve(shift, visit)]
    if not any(
        window.day == shift.day and window.starts < shift.ends and window.ends >= shift.starts
        for shift in shifts
        for window in windows_of(visit)
    ):
        return "no_window"
    return "full" if any(_alone(ground, shift, visit) for shift in shifts) else "too_long"


def _alone(ground: Ground, shift: Shift, visit: Visit) -> bool:
    _route, violations = timeline(ground.problem, shift, [visit.id])
    return not violations
