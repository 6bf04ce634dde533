"""Every rule, looked at again in the finished plan. Shares no code with what makes plans, so that a fault there shows here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator

from fieldwork.dispatch.plan import Plan, Route, Stop, Violation, ViolationCode
from fieldwork.dispatch.problem import Problem, Shift, Visit


def check(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Each broken rule. A required visit that is unserved breaks none: not everything can always be served."""
    shifts = {(shift.technician, shift.day): shift for shift in problem.shifts}
    visits = {visit.id: visit for visit in problem.visits}
    violations = [*_once_each(visits, plan), *_sums(plan)]
    for route in plan.routes:
        shift = shifts.get((route.technician, route.day))
        if shift is None:
            violations.append(Violation("no_shift", route.technician, route.day))
        elif all(stop.visit in visits for stop in route.stops):
            violations += _Day(problem, shift, route, [visits[stop.visit] for stop in route.stops]).broken()
    return tuple(violations)


def _once_each(visits: dict[Hashable, Visit], plan: Plan) -> Iterator[Violation]:
    named = Counter(stop.visit for route in plan.routes for stop in route.stops)
    named.update(unserved.visit for unserved in plan.unserved)
    for visit, times in named.items():
        if visit not in visits:
            yield Violation("unknown_visit", visit=visit)
        elif times > 1:
            yield Violation("twice", visit=visit, amount=times)
    for visit in visits.keys() - named.keys():
        yield Violation("missing", visit=visit)
    days = Counter((route.technician, route.day) for route in plan.routes)
    for (technician, day), times in days.items():
        if times > 1:
            yield Violation("twice", technician, day, amount=times)


def _sums(plan: Plan) -> Iterator[Violation]:
    total = sum(route.drive for route in plan.routes)
    if total != plan.drive:
        yield Violation("driving", amount=abs(total - plan.drive))


class _Day:
    """One route beside its shift."""

    def __init__(self, problem: Problem, shift: Shift, route: Route, visits: list[Visit]) -> None:
        self.problem, self.shift, self.route, self.visits = problem, shift, route, visits

    def broken(self) -> Iterator[Violation]:
        for visit, stop in zip(self.visits, self.route.stops, strict=True):
            yield from self._may(visit)
            yield from self._in_window(visit, stop)
            yield from self._work(visit, stop)
        yield from self._roads()
        yield from self._hours()
        yield from self._limits()

    def _found(self, code: ViolationCode, visit: Hashable = None, amount: int = 0) -> Violation:
        return Violation(code, self.shift.technician, self.shift.day, visit, amount)

    def _may(self, visit: Visit) -> Iterator[Violation]:
        if visit.skills - self.shift.skills:
            yield self._found("skill", visit.id)
        if visit.district and self.shift.districts and visit.district not in self.shift.districts:
            yield self._found("district", visit.id)
        promised = visit.fixed
        if promised and (promised.technician != self.shift.technician or promised.day != self.shift.day):
            yield self._found("commitment", visit.id)

    def _in_window(self, visit: Visit, stop: Stop) -> Iterator[Violation]:
        if stop.window.day != self.shift.day or not stop.window.starts <= stop.begins <= stop.window.ends:
            yield self._found("window", visit.id, max(stop.begins - stop.window.ends, 0))
        promised = visit.fixed
        if promised is None and stop.window not in visit.windows:
            yield self._found("window", visit.id)
        if promised and not promised.starts <= stop.begins <= promised.ends:
            yield self._found("commitment", visit.id, max(stop.begins - promised.ends, 0))

    def _work(self, visit: Visit, stop: Stop) -> Iterator[Violation]:
        if stop.begins < stop.arrives:
            yield self._found("work", visit.id, stop.arrives - stop.begins)
        if stop.leaves - stop.begins < visit.duration:
            yield self._found("work", visit.id, visit.duration - (stop.leaves - stop.begins))

    def _roads(self) -> Iterator[Violation]:
        """Each drive is the road's, none is faster, and the route's sums include the way back."""
        travel, here, left = self.problem.travel, self.shift.start_place, None
        seconds = meters = 0
        for visit, stop in zip(self.visits, self.route.stops, strict=True):
            road, far = int(travel.seconds[here, visit.place]), int(travel.meters[here, visit.place])
            if (stop.drive, stop.meters) != (road, far) or (left is not None and stop.arrives - left < road):
                yield self._found("driving", visit.id)
            seconds, meters, here, left = seconds + road, meters + far, visit.place, stop.leaves
        if self.visits:
            seconds += int(travel.seconds[here, self.shift.end_place])
            meters += int(travel.meters[here, self.shift.end_place])
        if (self.route.drive, self.route.meters) != (seconds, meters):
            yield self._found("driving", amount=abs(self.route.drive - seconds))

    def _hours(self) -> Iterator[Violation]:
        if not self.visits:
            return
        first, last = self.route.stops[0], self.route.stops[-1]
        sets_out = first.arrives - int(self.problem.travel.seconds[self.shift.start_place, self.visits[0].place])
        if sets_out < self.shift.starts:
            yield self._found("too_early", amount=self.shift.starts - sets_out)
        back = last.leaves + int(self.problem.travel.seconds[self.visits[-1].place, self.shift.end_place])
        if back > self.shift.ends:
            yield self._found("too_late", amount=back - self.shift.ends)

    def _limits(self) -> Iterator[Violation]:
        work = self.route.drive + sum(visit.duration for visit in self.visits)
        if work > self.shift.most_work:
            yield self._found("most_work", amount=work - self.shift.most_work)
        load = sum(visit.load for visit in self.visits)
        if self.shift.capacity is not None and load > self.shift.capacity:
            yield self._found("load", amount=load - self.shift.capacity)
