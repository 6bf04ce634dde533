"""What it costs in driving that overdue visits come first: `python -m tests.benchmarks.dispatch.overdue --visits 300`.

The same week is planned with the rule and without it, by the same number of iterations, so that a busy machine gives
the same answer. Where the week has more visits than it can take, the rule also changes which of them are served.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from random import Random

from fieldwork.dispatch import Plan, Problem, solve
from tests.benchmarks.dispatch import week

_LONG_ENOUGH = 3600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=300)
    parser.add_argument("--technicians", type=int, default=12)
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for percent in (5, 10, 20, 40):
        problem = _week(asked.visits, asked.technicians, percent, asked.seed)
        plain = replace(problem, visits=tuple(replace(visit, overdue=False) for visit in problem.visits))
        without, with_it = (
            solve(each_way, seconds=_LONG_ENOUGH, iterations=asked.iterations, seed=asked.seed)
            for each_way in (plain, problem)
        )
        sys.stdout.write(json.dumps({"overdue_percent": percent} | _compared(problem, without, with_it)) + "\n")


def _week(visits: int, technicians: int, percent: int, seed: int) -> Problem:
    problem = week.made(visits=visits, technicians=technicians, seed=seed)
    draw = Random(seed)
    return replace(
        problem,
        visits=tuple(
            replace(visit, overdue=visit.fixed is None and draw.random() * 100 < percent, required=True)
            for visit in problem.visits
        ),
    )


def _compared(problem: Problem, without: Plan, with_it: Plan) -> dict[str, float | int]:
    overdue = {visit.id for visit in problem.visits if visit.overdue}
    drive_each = [plan.drive / max(1, _served(plan)) for plan in (without, with_it)]
    return {
        "served_without": _served(without),
        "served_with": _served(with_it),
        "hours_without": round(without.drive / 3600, 1),
        "hours_with": round(with_it.drive / 3600, 1),
        "driving_a_visit": round(drive_each[1] / drive_each[0], 3),
        "mean_day_of_overdue_without": _mean_day(without, overdue),
        "mean_day_of_overdue_with": _mean_day(with_it, overdue),
    }


def _served(plan: Plan) -> int:
    return sum(len(route.stops) for route in plan.routes)


def _mean_day(plan: Plan, overdue: set[object]) -> float:
    """The first day is 1."""
    days = [route.day + 1 for route in plan.routes for stop in route.stops if stop.visit in overdue]
    return round(sum(days) / max(1, len(days)), 2)


if __name__ == "__main__":
    main()
