"""`python -m tests.benchmarks.dispatch FILE --seconds N`: one public instance through the code that plans, as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from fieldwork.dispatch import Plan, solve
from tests.benchmarks.dispatch import instances


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dispatch", description=__doc__)
    parser.add_argument("file", type=Path, help="VRPLIB with the VRPTW sections, or Solomon's form")
    parser.add_argument("--seconds", type=float, required=True, help="for the whole solve, by the wall clock")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    problem = instances.read(chosen.file)
    began = time.monotonic()
    plan = solve(problem, seconds=chosen.seconds, seed=chosen.seed)
    sys.stdout.write(json.dumps(answer(chosen.file, plan, time.monotonic() - began)) + "\n")
    return 0


def answer(file: Path, plan: Plan, seconds: float) -> dict[str, object]:
    return {
        "instance": file.stem,
        "cost": instances.cost(plan.drive),
        "routes": [[stop.visit for stop in route.stops] for route in plan.routes],
        "unserved": [unserved.visit for unserved in plan.unserved],
        "engine": plan.engine,
        "iterations": plan.iterations,
        "seed": plan.seed,
        "seconds": round(seconds, 3),
    }


if __name__ == "__main__":
    sys.exit(main())
