"""A day in a given order, with its times: the earliest that the windows allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain

from fieldwork.dispatch.plan import Route, Stop, Violation, ViolationCode
from fieldwork.dispatch.problem import DayWindow, Problem, Shift, Visit, may_serve, windows_of


def timeline(
    problem: Problem, shift: Shift, visit_ids: Iterable[Hashable]
) -> tuple[Route | None, tuple[Violation, ...]]:
    """The times of this order, and each rule that it breaks; late is late, nothing is left out.

    No route where an id is none of the problem's. A visit without a window that day is given the shift's hours, and said.
    """
    by_id = {visit.id: visit for visit in problem.visits}
    ids = tuple(visit_ids)
    unknown = [visit_id for visit_id in ids if visit_id not in by_id]
    if unknown:
        return None, tuple(Violation("unknown_visit", shift.technician, shift.day, visit_id) for visit_id in unknown)
    visits = [by_id[visit_id] for visit_id in ids]
    route = timed(problem, shift, visits)
    return route, broken(problem, shift, visits, route)


def timed(problem: Problem, shift: Shift, visits: Sequence[Visit]) -> Route:
    """Times alone: nothing is judged."""
    travel = problem.travel
    now, here = shift.starts, shift.start_place
    stops: list[Stop] = []
    for visit in visits:
        drive, meters = int(travel.seconds[here, visit.place]), int(travel.meters[here, visit.place])
        window = _window(visit, shift, now + drive)
        begins = max(now + drive, window.starts)
        # Whoever would wait at the first door leaves home later instead.
        arrives = now + drive if stops else begins
        stops.append(Stop(visit.id, window, arrives, begins, begins + visit.duration, drive, meters))
        now, here = begins + visit.duration, visit.place
    if not stops:
        return Route(shift.technician, shift.day, (), 0, 0)
    drive = sum(stop.drive for stop in stops) + int(travel.seconds[here, shift.end_place])
    meters = sum(stop.meters for stop in stops) + int(travel.meters[here, shift.end_place])
    return Route(shift.technician, shift.day, tuple(stops), drive, meters)


def _window(visit: Visit, shift: Shift, arrives: int) -> DayWindow:
    """The first that is still open on arrival, else the last of the day."""
    today = sorted(
        (window for window in windows_of(visit) if window.day == shift.day),
        key=lambda window: (window.ends, window.starts),
    )
    if not today:
        return DayWindow(shift.day, shift.starts, shift.ends)
    return next((window for window in today if arrives <= window.ends), today[-1])


def broken(problem: Problem, shift: Shift, visits: Sequence[Visit], route: Route) -> tuple[Violation, ...]:
    """What a route as `timed` made it breaks."""
    named = chain.from_iterable(
        _broken_by(shift, visit, stop) for visit, stop in zip(visits, route.stops, strict=True)
    )
    again = (visit for visit, times in Counter(visits).items() if times > 1)
    return (
        *(Violation(code, shift.technician, shift.day, visit.id, amount) for code, visit, amount in named),
        *(Violation("twice", shift.technician, shift.day, visit.id) for visit in again),
        *(
            Violation(code, shift.technician, shift.day, None, amount)
            for code, amount in _over(problem, shift, visits, route)
        ),
    )


def _broken_by(shift: Shift, visit: Visit, stop: Stop) -> Iterator[tuple[ViolationCode, Visit, int]]:
    if not may_serve(shift, visit):
        yield _why_not(shift, visit), visit, 0
    if stop.window not in windows_of(visit):
        if visit.fixed is None:
            yield "window", visit, 0
    elif stop.begins > stop.window.ends:
        yield "window", visit, stop.begins - stop.window.ends


def _over(
    problem: Problem, shift: Shift, visits: Sequence[Visit], route: Route
) -> Iterator[tuple[ViolationCode, int]]:
    if not visits:
        return
    back = route.stops[-1].leaves + int(problem.travel.seconds[visits[-1].place, shift.end_place])
    if back > shift.ends:
        yield "too_late", back - shift.ends
    work = route.drive + sum(visit.duration for visit in visits)
    if work > shift.most_work:
        yield "most_work", work - shift.most_work
    load = sum(visit.load for visit in visits)
    if shift.capacity is not None and load > shift.capacity:
        yield "load", load - shift.capacity


def _why_not(shift: Shift, visit: Visit) -> ViolationCode:
    if visit.fixed is not None and (visit.fixed.technician, visit.fixed.day) != (shift.technician, shift.day):
        return "commitment"
    return "skill" if not visit.skills <= shift.skills else "district"
