"""Where one more visit fits, and a plan with it or without."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from fieldwork.dispatch.plan import Insertion, Plan, Route, Violation
from fieldwork.dispatch.problem import Problem, Shift, Visit, may_serve, windows_of
from fieldwork.dispatch.timelines import broken, timed


def insertions(problem: Problem, plan: Plan, visit_id: Hashable) -> list[Insertion]:
    """Every place that breaks no rule, the least extra driving first. Where the visit is planned already it is taken out first.

    A route that a person made, and that breaks a rule, takes the visit where nothing becomes worse. Raises KeyError for an
    id that is none of the problem's.
    """
    by_id = {visit.id: visit for visit in problem.visits}
    visit = by_id[visit_id]
    rows = stops_of(plan)
    places: list[Insertion] = []
    for shift in shifts_for(problem, visit):
        others = [by_id[other] for other in rows.get((shift.technician, shift.day), ()) if other != visit_id]
        places += into(problem, shift, others, visit)
    return sorted(places, key=cheapest_first)


def shifts_for(problem: Problem, visit: Visit) -> list[Shift]:
    days = {window.day for window in windows_of(visit)}
    return [shift for shift in problem.shifts if shift.day in days and may_serve(shift, visit)]


def stops_of(plan: Plan) -> dict[tuple[Hashable, int], list[Hashable]]:
    return {(route.technician, route.day): [stop.visit for stop in route.stops] for route in plan.routes}


def cheapest_first(place: Insertion) -> tuple[int, int, int]:
    return place.extra_drive, place.day, place.position


def into(problem: Problem, shift: Shift, others: Sequence[Visit], visit: Visit) -> Iterator[Insertion]:
    """The places in one shift that has `others` already, in their order."""
    before = timed(problem, shift, others)
    known = broken(problem, shift, others, before)
    for position in range(len(others) + 1):
        visits = [*others[:position], visit, *others[position:]]
        after = timed(problem, shift, visits)
        if _no_worse(broken(problem, shift, visits, after), known):
            window = after.stops[position].window
            yield Insertion(shift.technician, shift.day, position, window, after.drive - before.drive)


def _no_worse(now: tuple[Violation, ...], before: tuple[Violation, ...]) -> bool:
    known = {(violation.code, violation.visit): violation.amount for violation in before}
    return all(violation.amount <= known.get((violation.code, violation.visit), -1) for violation in now)


def inserted(problem: Problem, plan: Plan, visit_id: Hashable, place: Insertion) -> Plan:
    """The plan with an unserved visit put where `insertions` said."""
    order = stops_of(plan).get((place.technician, place.day), [])
    left = tuple(unserved for unserved in plan.unserved if unserved.visit != visit_id)
    ids = [*order[: place.position], visit_id, *order[place.position :]]
    return _with_row(problem, replace(plan, unserved=left), (place.technician, place.day), ids)


def taken_out(problem: Problem, plan: Plan, visit_id: Hashable) -> Plan:
    """The plan without the visit, which is neither served nor unserved then."""
    for key, ids in stops_of(plan).items():
        if visit_id in ids:
            return _with_row(problem, plan, key, [other for other in ids if other != visit_id])
    return replace(plan, unserved=tuple(unserved for unserved in plan.unserved if unserved.visit != visit_id))


def _with_row(problem: Problem, plan: Plan, key: tuple[Hashable, int], ids: Sequence[Hashable]) -> Plan:
    by_id = {visit.id: visit for visit in problem.visits}
    number, shift = next((n, s) for n, s in enumerate(problem.shifts) if (s.technician, s.day) == key)
    numbers = {(s.technician, s.day): n for n, s in enumerate(problem.shifts)}
    rows: dict[int, Route] = {numbers[route.technician, route.day]: route for route in plan.routes}
    rows[number] = timed(problem, shift, [by_id[visit_id] for visit_id in ids])
    routes = tuple(route for _number, route in sorted(rows.items()) if route.stops)
    return replace(plan, routes=routes, drive=sum(route.drive for route in routes))
