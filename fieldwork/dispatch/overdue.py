"""Overdue visits come first: no other visit takes a technician's day that an overdue one without a place, or with a later
one, could have. The order within a day is free. What is fixed stays: customers were told of it.

`commit` gives the overdue visits the earliest days that take them, before the search; `enforce` sees to the rule afterward.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

from fieldwork.dispatch.assemble import assemble, why_unserved
from fieldwork.dispatch.construct import construct
from fieldwork.dispatch.ground import Ground
from fieldwork.dispatch.inserting import cheapest_first, inserted, insertions, into, shifts_for, stops_of, taken_out
from fieldwork.dispatch.plan import Insertion, Plan, Unserved
from fieldwork.dispatch.problem import DayWindow, Fixed, Problem, Shift, Visit
from fieldwork.dispatch.timelines import timed

_NEVER = 10**9


def waiting(problem: Problem) -> list[Visit]:
    """The overdue visits that have no commitment, the most urgent first."""
    return sorted((visit for visit in problem.visits if _waits(visit)), key=lambda visit: -visit.urgency)


def _waits(visit: Visit) -> bool:
    return visit.overdue and visit.fixed is None


def commit(problem: Problem) -> Problem:
    """The same problem with each overdue visit held on the earliest technician's day that takes it, if there is one."""
    held: dict[Hashable, Fixed] = {}
    for day in sorted({shift.day for shift in problem.shifts}):
        left = [_on(day, visit) for visit in waiting(problem) if visit.id not in held]
        asked = [visit for visit in left if visit.windows]
        if asked:
            fixed = [visit for visit in problem.visits if visit.fixed is not None and visit.fixed.day == day]
            shifts = tuple(shift for shift in problem.shifts if shift.day == day)
            held |= _held(replace(problem, shifts=shifts, visits=(*fixed, *asked)), asked)
    return replace(
        problem, visits=tuple(replace(visit, fixed=held.get(visit.id, visit.fixed)) for visit in problem.visits)
    )


def _on(day: int, visit: Visit) -> Visit:
    return replace(visit, required=True, windows=tuple(window for window in visit.windows if window.day == day))


def _held(day: Problem, asked: Iterable[Visit]) -> dict[Hashable, Fixed]:
    """Who takes which of one day's overdue visits: as many as the engine and then single insertions find room for."""
    ground = Ground(day)
    plan = assemble(ground, construct(ground, seconds=None, searches=1), engine="pyvroom")
    for unserved in plan.unserved:
        if places := insertions(day, plan, unserved.visit):
            plan = inserted(day, plan, unserved.visit, places[0])
    windows = {visit.id: visit.windows for visit in asked}
    return {
        stop.visit: Fixed(route.technician, route.day, *_hours(windows[stop.visit], stop.window))
        for route in plan.routes
        for stop in route.stops
        if stop.visit in windows
    }


def _hours(windows: tuple[DayWindow, ...], used: DayWindow) -> tuple[int, int]:
    """All of the visit's hours that day where they have no gap, so that the search may still order the day."""
    ordered = sorted(windows, key=lambda window: window.starts)
    if all(later.starts <= earlier.ends + 1 for earlier, later in pairwise(ordered)):
        return ordered[0].starts, max(window.ends for window in ordered)
    return used.starts, used.ends


def enforce(problem: Problem, plan: Plan) -> Plan:
    """The plan in which the rule holds; `plan` may be one of the committed problem. Ends, since overdue visits only move
    to earlier days."""
    plan = _with_own_windows(problem, plan)
    scan = _Scan(problem)
    while (breach := scan.breach(plan)) is not None:
        plan = _mended(problem, plan, *breach, ground=scan.ground)
    return plan


def _with_own_windows(problem: Problem, plan: Plan) -> Plan:
    by_id = {visit.id: visit for visit in problem.visits}
    shifts = {(shift.technician, shift.day): shift for shift in problem.shifts}
    routes = tuple(
        timed(problem, shifts[route.technician, route.day], [by_id[stop.visit] for stop in route.stops])
        for route in plan.routes
    )
    return replace(plan, routes=routes, drive=sum(route.drive for route in routes))


class _Scan:
    """Looks for days that others took from overdue visits. What fits on a day is tried once for all rounds."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.by_id = {visit.id: visit for visit in problem.visits}
        self.waiting = waiting(problem)
        self.shifts = {
            visit.id: sorted(shifts_for(problem, visit), key=lambda shift: shift.day) for visit in self.waiting
        }
        self.fits: dict[tuple[Hashable, ...], bool] = {}

    @cached_property
    def ground(self) -> Ground:
        return Ground(self.problem)

    def breach(self, plan: Plan) -> tuple[Visit, Shift] | None:
        """An overdue visit, and an earlier day of a technician that would take it without those that aren't overdue."""
        days = {stop.visit: route.day for route in plan.routes for stop in route.stops}
        kept = {
            key: tuple(stop for stop in row if not _gives_way(self.by_id[stop])) for key, row in stops_of(plan).items()
        }
        for visit in self.waiting:
            day = days.get(visit.id, _NEVER)
            for shift in self.shifts[visit.id]:
                if shift.day >= day:
                    break
                if self._takes(shift, kept.get((shift.technician, shift.day), ()), visit):
                    return visit, shift
        return None

    def _takes(self, shift: Shift, kept: tuple[Hashable, ...], visit: Visit) -> bool:
        asked = (visit.id, shift.technician, shift.day, kept)
        if asked not in self.fits:
            others = [self.by_id[stop] for stop in kept]
            self.fits[asked] = _best(self.problem, shift, others, visit) is not None
        return self.fits[asked]


def _gives_way(visit: Visit) -> bool:
    return not visit.overdue and visit.fixed is None


def _best(problem: Problem, shift: Shift, others: list[Visit], visit: Visit) -> Insertion | None:
    return min(into(problem, shift, others, visit), key=cheapest_first, default=None)


def _mended(problem: Problem, plan: Plan, visit: Visit, shift: Shift, *, ground: Ground) -> Plan:
    """The visit is put there; those that give way for it find another place, or none."""
    by_id = {other.id: other for other in problem.visits}
    row = [by_id[stop] for stop in stops_of(plan).get((shift.technician, shift.day), ())]
    giving_way = _fewest(problem, shift, row, visit)
    for other in (visit, *giving_way):
        plan = taken_out(problem, plan, other.id)
    place = _best(problem, shift, [other for other in row if other not in giving_way], visit)
    if place is None:
        raise AssertionError("an overdue visit lost the place that was found for it")
    plan = inserted(problem, plan, visit.id, place)
    for other in sorted(giving_way, key=lambda other: not other.required):
        if places := insertions(problem, plan, other.id):
            plan = inserted(problem, plan, other.id, places[0])
        else:
            reason = why_unserved(ground, problem.visits.index(other))
            plan = replace(plan, unserved=(*plan.unserved, Unserved(other.id, reason)))
    return plan


def _fewest(problem: Problem, shift: Shift, row: list[Visit], visit: Visit) -> list[Visit]:
    """The visits that give way, as few as removing one after the other finds. All of them together are enough."""
    giving_way: list[Visit] = []
    while True:
        others = [other for other in row if other not in giving_way]
        if _best(problem, shift, others, visit):
            return giving_way
        free = [other for other in others if _gives_way(other)]
        alone = next(
            (one for one in free if _best(problem, shift, [other for other in others if other is not one], visit)),
            None,
        )
        giving_way.append(alone or max(free, key=lambda other: other.duration))
