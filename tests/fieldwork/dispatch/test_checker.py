"""Each rule, broken once in a plan that breaks none: the checker must name it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fieldwork.dispatch import Fixed, Plan, Problem, Route, Unserved, check, solve
from fieldwork.dispatch.plan import ViolationCode
from tests.fieldwork.dispatch.problems import HOUR, day, problem, shift, visit

type Broken = tuple[Problem, Plan]


@pytest.fixture(scope="module")
def sound() -> Broken:
    """Three visits, one of them a commitment, by one technician of two."""
    skilled = frozenset({"isolating"})
    asked = problem(
        [shift("Ann", skills=skilled, districts=frozenset({"north"}), capacity=3), shift("Bob", 1)],
        [
            visit(1, skills=skilled, district="north", load=1),
            visit(2, load=1),
            visit(3, fixed=Fixed("Ann", 0, 12 * HOUR, 17 * HOUR), load=1),
        ],
    )
    plan = solve(asked, seconds=5, iterations=50)
    assert check(asked, plan) == ()
    assert [len(route.stops) for route in plan.routes] == [3]
    return asked, plan


def of_shift(**changed: object) -> Callable[[Problem, Plan], Broken]:
    def change(asked: Problem, plan: Plan) -> Broken:
        first, *others = asked.shifts
        return replace(asked, shifts=(replace(first, **changed), *others)), plan

    return change


def of_visit(number: int, **changed: object) -> Callable[[Problem, Plan], Broken]:
    def change(asked: Problem, plan: Plan) -> Broken:
        visits = tuple(replace(visit, **changed) if visit.id == number else visit for visit in asked.visits)
        return replace(asked, visits=visits), plan

    return change


def of_route(change: Callable[[Route], Route]) -> Callable[[Problem, Plan], Broken]:
    def changed(asked: Problem, plan: Plan) -> Broken:
        return asked, replace(plan, routes=(change(plan.routes[0]),))

    return changed


def of_stop(position: int, **by: int) -> Callable[[Problem, Plan], Broken]:
    def change(route: Route) -> Route:
        stops = list(route.stops)
        stops[position] = replace(
            stops[position], **{name: getattr(stops[position], name) + n for name, n in by.items()}
        )
        return replace(route, stops=tuple(stops))

    return of_route(change)


def later(by: int) -> Callable[[Problem, Plan], Broken]:
    """The whole day moved, each visit's window with it."""

    def change(asked: Problem, plan: Plan) -> Broken:
        route = plan.routes[0]
        moved = [replace(s, arrives=s.arrives + by, begins=s.begins + by, leaves=s.leaves + by) for s in route.stops]
        return asked, replace(plan, routes=(replace(route, stops=tuple(moved)),))

    return change


def unserved(number: int) -> Callable[[Problem, Plan], Broken]:
    return lambda asked, plan: (asked, replace(plan, unserved=(Unserved(number, "full"),)))


@pytest.mark.parametrize(
    "code, change",
    [
        ("no_shift", of_shift(day=4)),
        ("unknown_visit", unserved(99)),
        ("twice", unserved(1)),
        ("twice", lambda asked, plan: (asked, replace(plan, routes=plan.routes * 2))),
        ("missing", of_route(lambda route: replace(route, stops=route.stops[:-1]))),
        ("skill", of_shift(skills=frozenset())),
        ("skill", of_visit(2, skills=frozenset({"crane"}))),
        ("district", of_visit(2, district="south")),
        ("window", of_visit(2, windows=day(1))),
        ("window", of_stop(2, begins=6 * HOUR, leaves=6 * HOUR)),
        ("commitment", of_visit(3, fixed=Fixed("Bob", 0, 12 * HOUR, 17 * HOUR))),
        ("commitment", of_visit(3, fixed=Fixed("Ann", 1, 12 * HOUR, 17 * HOUR))),
        ("commitment", of_visit(3, fixed=Fixed("Ann", 0, 16 * HOUR, 17 * HOUR))),
        ("too_early", of_shift(starts=9 * HOUR)),
        ("too_late", of_shift(ends=12 * HOUR)),
        ("most_work", of_shift(most_work=3 * HOUR)),
        ("load", of_shift(capacity=2)),
        ("driving", of_stop(1, drive=-60)),
        ("driving", of_stop(1, meters=1)),
        ("driving", of_stop(1, arrives=-HOUR)),
        ("driving", of_route(lambda route: replace(route, drive=route.drive - 1))),
        ("driving", lambda asked, plan: (asked, replace(plan, drive=plan.drive + 1))),
        ("work", of_stop(0, begins=-60)),
        ("work", of_stop(0, leaves=-60)),
        ("too_late", later(8 * HOUR)),
        ("window", later(8 * HOUR)),
        ("too_early", later(-2 * HOUR)),
    ],
)
def test_broken_rule_is_named(sound: Broken, code: ViolationCode, change: Callable[[Problem, Plan], Broken]) -> None:
    asked, plan = change(*sound)
    assert code in {violation.code for violation in check(asked, plan)}


def test_violation_says_where_and_by_how_much(sound: Broken) -> None:
    asked, plan = of_shift(ends=plan_ends(sound) - 90)(*sound)
    [violation] = check(asked, plan)
    assert (violation.code, violation.technician, violation.day, violation.amount) == ("too_late", "Ann", 0, 90)


def plan_ends(sound: Broken) -> int:
    asked, plan = sound
    last = plan.routes[0].stops[-1]
    return last.leaves + int(asked.travel.seconds[asked.visits[last.visit - 1].place, 0])
