"""Plans that keep every rule, are the same again, and end when they are asked to."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random

import pytest

from fieldwork.dispatch import DayWindow, Fixed, Plan, check, solve
from fieldwork.dispatch.ground import Ground
from fieldwork.dispatch.tuning import tuning_for
from tests.benchmarks.dispatch import week
from tests.fieldwork.dispatch.problems import AFTERNOON, HOUR, MORNING, days, order, problem, served, shift, visit


def reasons(plan: Plan) -> dict[object, str]:
    return {unserved.visit: unserved.reason for unserved in plan.unserved}


def test_nothing_to_plan() -> None:
    plan = solve(problem([shift()], []), seconds=1)
    assert (plan.routes, plan.unserved, plan.drive, plan.engine) == ((), (), 0, "none")
    nobody = solve(problem([], [visit(1)]), seconds=1)
    assert (nobody.routes, reasons(nobody)) == ((), {1: "no_technician"})


def test_road_is_driven_once_there_and_back() -> None:
    asked = problem([shift()], [visit(3), visit(1), visit(2)])
    plan = solve(asked, seconds=5, iterations=50)
    assert sorted(order(plan)["Ann", 0]) == [1, 2, 3]
    assert plan.drive == pytest.approx(2 * asked.travel.seconds[0, 3], abs=4)  # each leg is rounded
    assert check(asked, plan) == ()


def test_skill_district_and_commitment_decide_who_goes() -> None:
    skilled = frozenset({"isolating"})
    asked = problem(
        [
            shift("Ann", skills=skilled, districts=frozenset({"north"})),
            shift("Bob", districts=frozenset({"south"})),
            shift("Cid"),
        ],
        [
            visit(1, skills=skilled),
            visit(2, district="south", fixed=Fixed("Bob", 0, *MORNING)),
            visit(3, district="north", fixed=Fixed("Cid", 0, *AFTERNOON)),
        ],
    )
    plan = solve(asked, seconds=5, iterations=50)
    assert order(plan) == {("Ann", 0): [1], ("Bob", 0): [2], ("Cid", 0): [3]}
    assert plan.routes[2].stops[0].begins >= 12 * HOUR
    assert check(asked, plan) == ()


def test_window_of_another_day_is_waited_for() -> None:
    asked = problem(
        [shift(number=0), shift(number=1)], [visit(1, windows=(DayWindow(1, *AFTERNOON),)), visit(2, windows=days(0))]
    )
    plan = solve(asked, seconds=5, iterations=50)
    assert order(plan) == {("Ann", 0): [2], ("Ann", 1): [1]}
    stop = plan.routes[1].stops[0]
    assert (stop.window, stop.arrives, stop.begins) == (DayWindow(1, *AFTERNOON), 12 * HOUR, 12 * HOUR)


def test_each_unserved_visit_has_its_reason() -> None:
    asked = problem(
        [shift()],
        [
            visit(1, skills=frozenset({"crane"})),
            visit(2, windows=days(3)),
            visit(3, duration=8 * HOUR),
            *[visit(number, required=True) for number in range(4, 9)],
            *[visit(number) for number in range(9, 12)],
        ],
    )
    plan = solve(asked, seconds=5, iterations=200)
    assert {number: reasons(plan)[number] for number in (1, 2, 3)} == {
        1: "no_technician",
        2: "no_window",
        3: "too_long",
    }
    assert {reasons(plan)[number] for number in reasons(plan) if number > 3} == {"full"}
    assert check(asked, plan) == ()


def test_required_visit_goes_before_optional_ones_and_urgent_before_others() -> None:
    """Room for three hours' work: the far required one, then what is urgent."""
    asked = problem(
        [shift(most_work=4 * HOUR + HOUR // 2)],
        [visit(11, required=True), visit(1, urgency=1), visit(2, urgency=1), visit(3, urgency=9)],
    )
    plan = solve(asked, seconds=5, iterations=300)
    assert {11, 3} <= served(plan)
    assert 0 < len(plan.unserved) < 3


def test_most_work_counts_driving_and_work_but_not_waiting() -> None:
    limit = 2 * HOUR + 2 * 60 * 14  # two visits at place 2 and the road; the hours between them are free
    asked = problem(
        [shift(most_work=limit)],
        [visit(1, windows=(DayWindow(0, *MORNING),)), visit(2, windows=(DayWindow(0, 15 * HOUR, 17 * HOUR),))],
    )
    assert served(solve(asked, seconds=5, iterations=50)) == {1, 2}
    less = replace(asked, shifts=(shift(most_work=limit - 4 * 60),))
    assert len(served(solve(less, seconds=5, iterations=50))) == 1


@pytest.mark.parametrize("seed", range(4))
def test_made_week_breaks_no_rule(seed: int) -> None:
    asked = week.made(visits=60, technicians=3, seed=seed)
    plan = solve(asked, seconds=20, seed=seed, iterations=150)
    assert check(asked, plan) == ()
    assert len(served(plan)) + len(plan.unserved) == 60
    promised = {visit.id for visit in asked.visits if visit.fixed}
    assert promised <= served(plan)


def test_rough_hours_and_windows_break_no_rule() -> None:
    """Shifts past midnight, early ones, half-open days, gaps: nothing that the merging of windows could get wrong."""
    for seed in range(12):
        chance = Random(seed)
        shifts = [
            shift(name, number, starts=chance.choice((5, 8, 10)) * HOUR, ends=chance.choice((13, 17, 26)) * HOUR)
            for name in ("Ann", "Bob")
            for number in range(3)
            if chance.random() < 0.8
        ]
        visits = [
            visit(number, windows=tuple(_windows(chance)), duration=chance.choice((600, 5400)))
            for number in range(1, 12)
        ]
        asked = problem(shifts, visits)
        plan = solve(asked, seconds=5, iterations=100)
        assert check(asked, plan) == ()


def _windows(chance: Random) -> list[DayWindow]:
    starts = [(number, chance.randint(4, 20)) for number in range(3) for _ in range(2)]
    return [DayWindow(number, hour * HOUR, (hour + chance.randint(1, 5)) * HOUR) for number, hour in starts]


def test_same_seed_and_iterations_give_the_same_routes() -> None:
    asked = week.made(visits=60, technicians=3)
    first, again = (solve(asked, seconds=60, seed=7, iterations=120) for _ in range(2))
    assert (first.routes, first.unserved) == (again.routes, again.unserved)
    assert (first.iterations, first.seed) == (120, 7)


def test_large_plan_is_improved_part_by_part_and_the_same_again() -> None:
    asked = week.made(visits=120, technicians=5)
    parts = replace(tuning_for(Ground(asked)), whole=50, region=40, slice=30)
    first, again = (solve(asked, seconds=60, seed=3, iterations=200, tuning=parts) for _ in range(2))
    start = solve(asked, seconds=60, iterations=0, tuning=parts)
    assert first.routes == again.routes
    assert (start.engine, first.engine) == ("pyvroom", "pyvrp")
    assert first.drive < start.drive
    assert check(asked, first) == ()


def test_search_ends_when_asked_with_the_best_plan_so_far() -> None:
    asked = week.made(visits=60, technicians=3)
    told: list[tuple[float, int, int]] = []
    began = time.monotonic()
    plan = solve(asked, seconds=60, progress=lambda *now: told.append(now), stop=lambda: len(told) >= 3)
    assert time.monotonic() - began < 30
    assert check(asked, plan) == ()
    shares = [share for share, _drive, _unserved in told]
    assert shares == sorted(shares)
    assert told[-1] == (1.0, plan.drive, len(plan.unserved))


def test_order_that_breaks_a_rule_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an engine says, the checker is asked; visits at fault are taken out and named."""
    asked = problem([shift(most_work=2 * HOUR)], [visit(1), visit(2), visit(3, skills=frozenset({"crane"}))])
    monkeypatch.setattr("fieldwork.dispatch.solver.construct", lambda *_args, **_named: {0: [0, 1, 2]})
    monkeypatch.setattr("fieldwork.dispatch.solver.improve", lambda _ground, start, *_args, **_named: start)
    plan = solve(asked, seconds=1)
    assert check(asked, plan) == ()
    assert order(plan) == {("Ann", 0): [1]}
    assert reasons(plan) == {2: "full", 3: "no_technician"}
