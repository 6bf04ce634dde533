"""`make bench`: choose the database, prepare the process, then measure and report."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

import django

from commands.console import VAR, say


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--repetitions", type=count, default=30, help="how often each is timed (30)")
    parser.add_argument("--requests", type=count, default=200, help="how many requests the long list has (200)")
    parser.add_argument("--payments", type=count, default=10_000, help="how many a day's comparison has (10000)")
    parser.add_argument("--dispatch-seconds", type=count, default=20, help="for each planner of the made week (20)")
    parser.add_argument("--dispatch-visits", type=count, default=1000, help="in the made week (1000)")
    parser.add_argument("--folder", type=Path, default=VAR / "bench", help="where the JSON goes (var/bench)")
    return parser.parse_args()


def prepare(postgres: bool) -> None:
    """A database of this run's own, whatever the environment says; log lines are made and thrown away."""
    os.environ.pop("TEST_DATABASE_URL", None)
    os.environ["TEST_DATABASE"] = "postgres" if postgres else "sqlite"
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  open as long as the process
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(nowhere)


def main() -> int:
    chosen = arguments()
    prepare(chosen.postgres)
    from tests.benchmarks import report, run  # noqa: PLC0415  (Django is set up first)

    result = run.everything(
        repetitions=chosen.repetitions,
        many=chosen.requests,
        payments=chosen.payments,
        dispatch_seconds=chosen.dispatch_seconds,
        dispatch_visits=chosen.dispatch_visits,
    )
    say(report.table(result))
    say(f"\nWritten to {report.write(result, chosen.folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
