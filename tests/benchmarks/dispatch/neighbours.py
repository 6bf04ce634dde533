"""How a day is planned without a planner: each technician keeps to the home district and drives to whatever is nearest."""

from __future__ import annotations

from fieldwork.dispatch import Plan, Problem
from fieldwork.dispatch.assemble import assemble
from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.problem import Shift, Visit, may_serve
from fieldwork.dispatch.timelines import broken, timed


def nearest_by_district(problem: Problem) -> Plan:
    """Keeps every rule. Commitments are put in first; what a district's own people can't serve, others take on the way."""
    waiting = dict(enumerate(problem.visits))
    homes = [_home(problem, shift) for shift in problem.shifts]
    orders: Orders = {}
    for committed, own in ((True, False), (False, True), (False, False)):
        for number, shift in enumerate(problem.shifts):
            order = orders.setdefault(number, [])
            while (
                visit := _next(
                    problem, shift, order, waiting, committed=committed, home=homes[number] if own else None
                )
            ) is not None:
                order.append(visit)
                del waiting[visit]
    return assemble(Ground(problem), orders, engine="none")


def _next(
    problem: Problem, shift: Shift, order: list[int], waiting: dict[int, Visit], *, committed: bool, home: str | None
) -> int | None:
    here = problem.visits[order[-1]].place if order else shift.start_place
    near = sorted(
        (
            number
            for number, visit in waiting.items()
            if (visit.fixed is not None) == committed and may_serve(shift, visit) and home in (None, visit.district)
        ),
        key=lambda number: int(problem.travel.seconds[here, waiting[number].place]),
    )
    return next((number for number in near if _fits(problem, shift, [*order, number])), None)


def _fits(problem: Problem, shift: Shift, order: list[int]) -> bool:
    visits = [problem.visits[number] for number in order]
    return not broken(problem, shift, visits, timed(problem, shift, visits))


def _home(problem: Problem, shift: Shift) -> str:
    """The district of the visit nearest to where the shift starts."""
    return min(problem.visits, key=lambda visit: int(problem.travel.seconds[shift.start_place, visit.place])).district
