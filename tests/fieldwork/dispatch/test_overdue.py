"""Overdue visits come first, whatever it costs in driving; the oracle here shares no code with what is tested."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from fieldwork.dispatch import Fixed, Plan, Problem, check, overdue, replan, solve, timeline
from tests.fieldwork.dispatch.problems import HOUR, MORNING, days, order, problem, published, served, shift, visit


def breaches(asked: Problem, plan: Plan) -> list[tuple[object, object, int]]:
    """Each overdue visit with a technician's day that others took from it: tried in every order of that day."""
    by_id = {known.id: known for known in asked.visits}
    day_of = {stop.visit: route.day for route in plan.routes for stop in route.stops}
    rows = {key: [by_id[name] for name in names] for key, names in order(plan).items()}
    taken = []
    for late in asked.visits:
        if not late.overdue or late.fixed:
            continue
        for day in asked.shifts:
            row = rows.get((day.technician, day.day), [])
            kept = [other for other in row if other.overdue or other.fixed]
            if len(kept) == len(row) or day.day >= day_of.get(late.id, 99):
                continue
            # The kept ones in the order of the plan: where the rest gives way, the visit fits between them
            positions = ([*kept[:at], late, *kept[at:]] for at in range(len(kept) + 1))
            if any(not timeline(asked, day, [other.id for other in names])[1] for names in positions):
                taken.append((late.id, day.technician, day.day))
    return taken


def test_overdue_visit_far_away_takes_the_day_from_those_nearby() -> None:
    """One day, room for six hours: six visits next door, or the overdue one at the end of the road."""
    near = [visit(number, place=1) for number in range(1, 7)]
    far = visit(20, place=11, overdue=True, duration=4 * HOUR)
    asked = problem([shift()], [*near, far])
    without = solve(
        replace(asked, visits=tuple(replace(row, overdue=False) for row in asked.visits)), seconds=5, iterations=50
    )
    assert 20 not in served(without)
    plan = solve(asked, seconds=5, iterations=50)
    assert 20 in served(plan)
    assert breaches(asked, plan) == []
    assert check(asked, plan) == ()
    assert {row.reason for row in plan.unserved} == {"full"}


def test_overdue_visit_goes_on_the_first_day_that_takes_it() -> None:
    asked = problem(
        [shift(number=0, most_work=2 * HOUR), shift(number=1)],
        [visit(1, windows=days(0, 1), required=True, urgency=60), visit(2, windows=days(0, 1), overdue=True)],
    )
    plan = solve(asked, seconds=5, iterations=50)
    assert 2 in order(plan)["Ann", 0]
    assert breaches(asked, plan) == []


def test_what_customers_were_told_stays() -> None:
    told = Fixed("Ann", 0, *MORNING)
    asked = problem([shift(most_work=2 * HOUR)], [visit(1, published=told), visit(2, overdue=True, duration=90 * 60)])
    answer = replan(asked, seconds=5, iterations=50)
    assert (order(answer.plan), answer.moved) == ({("Ann", 0): [1]}, ())
    assert [row.visit for row in answer.plan.unserved] == [2]


def generated(seed: int) -> Problem:
    """Three technicians for three days, which are never enough; a third of the visits is overdue."""
    draw = Random(seed)
    shifts = [
        shift(
            name,
            number,
            most_work=draw.choice([4, 5, 7]) * HOUR,
            skills=frozenset({"isolating"} if name == "Ann" else ()),
        )
        for name in ("Ann", "Bob", "Cid")
        for number in range(3)
    ]
    visits = [
        visit(
            number,
            place=draw.randrange(1, 12),
            duration=draw.choice([45, 60, 90, 150]) * 60,
            windows=days(*sorted(draw.sample(range(3), draw.randint(1, 3)))),
            skills=frozenset({"isolating"} if draw.random() < 0.2 else ()),
            overdue=draw.random() < 0.35,
            required=draw.random() < 0.5,
            urgency=draw.randint(1, 60),
        )
        for number in range(60)
    ]
    return problem(shifts, visits)


@pytest.mark.parametrize("seed", range(6))
def test_rule_holds_in_plans_of_days_that_are_too_short(seed: int) -> None:
    asked = generated(seed)
    plan = solve(asked, seconds=20, iterations=30, seed=seed)
    assert breaches(asked, plan) == []
    assert check(asked, plan) == ()
    assert len(plan.unserved) > 5
    assert len(served(plan)) + len(plan.unserved) == len(asked.visits)
    again = solve(asked, seconds=20, iterations=30, seed=seed)
    assert (order(again), again.drive) == (order(plan), plan.drive)


@pytest.mark.parametrize("seed", range(3))
def test_rule_holds_after_a_new_plan_for_published_days(seed: int) -> None:
    asked = generated(seed)
    half = replace(asked, visits=asked.visits[:30])
    told = published(half, solve(half, seconds=20, iterations=10))
    again = replace(asked, visits=(*told.visits, *asked.visits[30:]))
    answer = replan(again, seconds=20, iterations=10)
    held = replace(
        again,
        visits=tuple(
            replace(row, fixed=row.published)
            if row.published and row.id not in {move.visit for move in answer.moved}
            else row
            for row in again.visits
        ),
    )
    assert breaches(held, answer.plan) == []
    assert check(again, answer.plan) == ()


def test_oracle_sees_what_the_search_alone_would_do() -> None:
    """Without the rule, plans of the same days break it: the tests above can fail."""
    asked = generated(0)
    blind = solve(
        replace(asked, visits=tuple(replace(row, overdue=False) for row in asked.visits)), seconds=20, iterations=30
    )
    assert breaches(asked, blind) != []


def test_what_fits_on_a_day_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A week with far more overdue visits than room: each round of mending looked at every pair again (8 s over the time)."""
    late = [
        visit(number, place=1 + number % 9, overdue=True, windows=days(0, 1), duration=2 * HOUR)
        for number in range(1, 25)
    ]
    others = [visit(100 + number, place=1, windows=days(0, 1)) for number in range(8)]
    asked = problem([shift(number=0), shift(number=1)], [*late, *others])
    plan = solve(
        replace(asked, visits=tuple(replace(row, overdue=False) for row in asked.visits)), seconds=5, iterations=50
    )
    tried: list[tuple[object, ...]] = []
    scan = overdue._Scan(asked)
    best = overdue._best

    def counted(*tried_with: Any) -> object:
        tried.append(tried_with)
        return best(*tried_with)

    monkeypatch.setattr(overdue, "_best", counted)
    scan.breach(plan)
    first = len(tried)
    scan.breach(plan)
    assert first > 0
    assert len(tried) == first
    assert breaches(asked, overdue.enforce(asked, plan)) == []
