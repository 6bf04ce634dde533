"""Customers who were told hear of a change only where there is a cause, and the cause is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fieldwork.dispatch import Fixed, Problem, Replan, check, replan, solve
from tests.benchmarks.dispatch import week
from tests.fieldwork.dispatch.problems import (
    AFTERNOON,
    HOUR,
    MORNING,
    day,
    days,
    order,
    problem,
    published,
    served,
    shift,
    visit,
)


def again(asked: Problem) -> Replan:
    outcome = replan(asked, seconds=30, iterations=80)
    assert check(asked, outcome.plan) == ()
    return outcome


def without(asked: Problem, technician: Any, number: int) -> Problem:
    return replace(asked, shifts=tuple(s for s in asked.shifts if (s.technician, s.day) != (technician, number)))


@pytest.fixture(scope="module")
def told() -> Problem:
    """A week of which every customer knows."""
    asked = week.made(visits=60, technicians=3)
    plan = solve(asked, seconds=30, iterations=80)
    return published(asked, plan)


def test_nothing_moves_where_nothing_changed(told: Problem) -> None:
    outcome = again(told)
    assert outcome.moved == ()
    assert served(outcome.plan) >= {visit.id for visit in told.visits if visit.published}


def test_same_again(told: Problem) -> None:
    asked = without(told, 1, 2)
    first, second = again(asked), again(asked)
    assert (first.plan.routes, first.moved) == (second.plan.routes, second.moved)


def test_absent_technician_s_visits_move_and_no_others(told: Problem) -> None:
    outcome = again(without(told, 1, 2))
    theirs = {v.id for v in told.visits if v.published and (v.published.technician, v.published.day) == (1, 2)}
    free = {v.id for v in told.visits if v.id in theirs and v.fixed is None}
    moved = {move.visit: move.why for move in outcome.moved}
    assert {number for number, why in moved.items() if why == "no_shift"} == free
    assert set(moved.values()) <= {"no_shift", "made_room", "no_room"}
    assert len(moved) <= len(theirs) + sum(why == "made_room" for why in moved.values())


def test_new_visit_is_planned_around_the_published_ones() -> None:
    plan = solve(problem([shift()], [visit(1), visit(2)]), seconds=5, iterations=30)
    asked = published(problem([shift()], [visit(1), visit(2), visit(3, required=True)]), plan)
    outcome = again(asked)
    assert outcome.moved == ()
    assert served(outcome.plan) == {1, 2, 3}


def test_each_cause_has_its_name() -> None:
    at = Fixed("Ann", 0, *MORNING)
    skilled = frozenset({"isolating"})
    asked = problem(
        [shift("Ann"), shift("Bob", 1, skills=skilled)],
        [
            visit(1, published=at, windows=days(1)),
            visit(2, published=at, skills=skilled, windows=days(0, 1)),
            visit(3, published=Fixed("Cid", 0, *MORNING), windows=days(0, 1)),
            visit(4, published=at),
        ],
    )
    outcome = again(asked)
    assert {move.visit: move.why for move in outcome.moved} == {1: "closed", 2: "may_not", 3: "no_shift"}
    assert {move.visit: move.was for move in outcome.moved}[1] == at
    assert {move.visit: move.now.technician for move in outcome.moved if move.now}[2] == "Bob"
    assert 4 in order(outcome.plan)["Ann", 0]


def test_day_that_became_too_short_lets_go_of_as_few_as_it_must() -> None:
    at = Fixed("Ann", 0, *MORNING)
    visits = [visit(number, published=at, windows=days(0, 1)) for number in (1, 2, 3)]
    outcome = again(problem([shift("Ann", most_work=3 * HOUR), shift("Bob", 1)], visits))
    [moved] = outcome.moved
    assert (moved.why, moved.now.day if moved.now else None) == ("no_room", 1)


def test_visit_without_any_place_left_is_said() -> None:
    outcome = again(
        problem([shift("Bob")], [visit(1, published=Fixed("Ann", 0, *MORNING), skills=frozenset({"crane"}))])
    )
    [moved] = outcome.moved
    assert (moved.visit, moved.now, moved.why) == (1, None, "no_shift")


def test_required_visit_pushes_a_published_one_that_can_live_with_it() -> None:
    """Ann has room for two; the new one can only be hers, today."""
    at = Fixed("Ann", 0, *AFTERNOON)
    tight = shift("Ann", most_work=2 * HOUR + 40 * 60)
    asked = problem(
        [tight, shift("Bob", 1)],
        [visit(1, published=at), visit(2, published=at, windows=days(0, 1)), visit(3, required=True, windows=day())],
    )
    outcome = again(asked)
    assert [(move.visit, move.why) for move in outcome.moved] == [(2, "made_room")]
    assert order(outcome.plan) == {("Ann", 0): order(outcome.plan)["Ann", 0], ("Bob", 1): [2]}
    assert served(outcome.plan) == {1, 2, 3}


def test_optional_visit_pushes_nobody() -> None:
    at = Fixed("Ann", 0, *AFTERNOON)
    tight = shift("Ann", most_work=2 * HOUR + 40 * 60)
    visits = [visit(1, published=at), visit(2, published=at, windows=days(0, 1)), visit(3, urgency=9)]
    outcome = again(problem([tight, shift("Bob", 1)], visits))
    assert outcome.moved == ()
    assert [unserved.visit for unserved in outcome.plan.unserved] == [3]


def test_published_time_is_kept_where_an_earlier_one_would_fit() -> None:
    """Told the afternoon: comes in the afternoon, though the morning is free and suits, too."""
    outcome = again(problem([shift()], [visit(1, published=Fixed("Ann", 0, *AFTERNOON))]))
    assert outcome.moved == ()
    assert outcome.plan.routes[0].stops[0].begins >= 12 * HOUR
