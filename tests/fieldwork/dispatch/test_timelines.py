"""A day in a person's order, and where one more visit fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fieldwork.dispatch import DayWindow, Fixed, Plan, Route, check, insertions, solve, timeline
from fieldwork.dispatch.inserting import inserted, taken_out
from tests.benchmarks.dispatch import week
from tests.fieldwork.dispatch.problems import AFTERNOON, HOUR, MORNING, day, days, problem, shift, visit


def codes(violations: tuple[object, ...]) -> list[tuple[str, object]]:
    return sorted((violation.code, violation.visit) for violation in violations)  # type: ignore[attr-defined]


def test_times_follow_the_order_given() -> None:
    ann = shift()
    asked = problem([ann], [visit(1), visit(2)])
    route, broken = timeline(asked, ann, [2, 1])
    assert broken == ()
    assert route is not None
    first, second = route.stops
    there, back = int(asked.travel.seconds[0, 2]), int(asked.travel.seconds[2, 1])
    assert (first.visit, first.arrives, first.begins, first.leaves) == (
        2,
        8 * HOUR + there,
        8 * HOUR + there,
        9 * HOUR + there,
    )
    assert (second.arrives, second.drive) == (first.leaves + back, back)
    assert route.drive == there + back + int(asked.travel.seconds[1, 0])


def test_first_visit_is_not_waited_for_at_its_door() -> None:
    ann = shift()
    route, broken = timeline(problem([ann], [visit(1, windows=(DayWindow(0, *AFTERNOON),))]), ann, [1])
    assert route is not None
    assert (route.stops[0].arrives, route.stops[0].begins, broken) == (12 * HOUR, 12 * HOUR, ())


def test_empty_day_drives_nowhere() -> None:
    ann = shift()
    assert timeline(problem([ann], []), ann, []) == (Route("Ann", 0, (), 0, 0), ())


def test_unknown_visit_has_no_times() -> None:
    ann = shift()
    route, broken = timeline(problem([ann], []), ann, [7])
    assert (route, codes(broken)) == (None, [("unknown_visit", 7)])


@pytest.mark.parametrize(
    "of_shift, of_visit, ids, expected",
    [
        ({}, {"skills": frozenset({"crane"})}, [1], [("skill", 1)]),
        ({"districts": frozenset({"north"})}, {"district": "south"}, [1], [("district", 1)]),
        ({}, {"fixed": Fixed("Bob", 0, *MORNING)}, [1], [("commitment", 1)]),
        ({}, {"windows": days(3)}, [1], [("window", 1)]),
        ({}, {"windows": (DayWindow(0, 7 * HOUR, 8 * HOUR),)}, [1], [("window", 1)]),
        ({"ends": 9 * HOUR}, {}, [1], [("too_late", None)]),
        ({"most_work": HOUR}, {}, [1], [("most_work", None)]),
        ({"capacity": 1}, {"load": 2}, [1], [("load", None)]),
        ({}, {}, [1, 1], [("twice", 1)]),
    ],
)
def test_what_a_person_s_order_breaks_is_said(of_shift, of_visit, ids, expected) -> None:
    ann = shift(**of_shift)
    route, broken = timeline(problem([ann], [visit(1, **of_visit)]), ann, ids)
    assert route is not None
    assert len(route.stops) == len(ids)
    assert codes(broken) == expected


def test_timeline_and_checker_agree_on_a_made_week() -> None:
    asked = week.made(visits=60, technicians=3)
    plan = solve(asked, seconds=20, iterations=40)
    shifts = {(shift.technician, shift.day): shift for shift in asked.shifts}
    for route in plan.routes:
        ids = [stop.visit for stop in route.stops]
        assert timeline(asked, shifts[route.technician, route.day], ids) == (route, ())


def test_cheapest_place_comes_first_and_each_one_holds() -> None:
    asked = problem(
        [shift("Ann"), shift("Bob", 1)], [visit(1, windows=days(0, 1)), visit(2, windows=days(0, 1)), visit(3)]
    )
    plan = solve(asked, seconds=5, iterations=40)
    less = taken_out(asked, plan, 2)
    places = insertions(asked, less, 2)
    assert [place.extra_drive for place in places] == sorted(place.extra_drive for place in places)
    assert {(place.technician, place.day) for place in places} == {("Ann", 0), ("Bob", 1)}
    for place in places:
        with_it = inserted(asked, less, 2, place)
        assert check(asked, with_it) == ()
        assert with_it.drive == less.drive + place.extra_drive
    assert insertions(asked, plan, 2) == places  # where it is planned already it is taken out first


def test_no_place_where_the_rules_leave_none() -> None:
    asked = problem(
        [shift("Ann"), shift("Bob", 1)], [visit(1, skills=frozenset({"crane"})), visit(2, windows=days(4))]
    )
    plan = solve(asked, seconds=5, iterations=10)
    assert (insertions(asked, plan, 1), insertions(asked, plan, 2)) == ([], [])
    with pytest.raises(KeyError):
        insertions(asked, plan, 9)


def test_route_that_a_person_broke_takes_a_visit_that_makes_nothing_worse() -> None:
    """Visit 1 stands on a day that does not suit; visit 2 may still follow it."""
    ann = shift()
    asked = problem([ann], [visit(1, windows=days(3)), visit(2)])
    route, broken = timeline(asked, ann, [1])
    assert route is not None
    assert codes(broken) == [("window", 1)]
    plan = Plan((route,), (), route.drive, "none", 0, 0, 0.0)
    assert [insertion.position for insertion in insertions(asked, plan, 2)] == [0, 1] or len(
        insertions(asked, plan, 2)
    ) == 2
    full = replace(asked, shifts=(replace(ann, most_work=HOUR + HOUR // 2),))
    assert insertions(full, plan, 2) == []
    assert day()[0] in asked.visits[1].windows
