"""`make test`: the suite in groups; each test once, some on both databases. Stops at the first group that fails.

`make test-all`, for nightly runs: every test on both databases. The last lines of output are pytest's
summary of the last group that ran.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from commands.console import ROOT, say


@dataclass(frozen=True)
class Group:
    title: str
    database: str
    markers: str
    # Browser tests are spread by file: a file's tests share people, and each process has its own stack.
    options: tuple[str, ...] = ("--dist=worksteal",)


ON_POSTGRESQL = Group("on PostgreSQL, with Redis", "postgres", "not browser")
BY_FILE = ("--dist=loadfile",)
ONCE = [
    ON_POSTGRESQL,
    Group("on SQLite, where the two differ", "sqlite", "both_databases and not postgres"),
    Group("in the browser", "postgres", "browser", BY_FILE),
]
ALL = [
    ON_POSTGRESQL,
    Group("on SQLite", "sqlite", "not (browser or postgres)"),
    Group("in the browser, on PostgreSQL", "postgres", "browser", BY_FILE),
    Group("in the browser, on SQLite", "sqlite", "browser", BY_FILE),
]

# How many orders of payment events to play (different ones each night; by day, always the same 120), and how many days of
# a technician to close in the browser.
NIGHTLY = {"BOOKS_ORDERS": "600", "FIELD_DAYS": "20"}


def run(group: Group, arguments: list[str], more: Mapping[str, str]) -> int:
    say(f"\n=== Tests {group.title} ===")
    options = ["-m", group.markers, "--numprocesses=auto", *group.options]
    env = {**os.environ, **more, "TEST_DATABASE": group.database}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments], cwd=ROOT, env=env, check=False
    ).returncode


def main(arguments: list[str]) -> int:
    night = "--all" in arguments
    groups, more = (ALL, NIGHTLY) if night else (ONCE, {})
    arguments = [argument for argument in arguments if argument != "--all"]
    started = time.monotonic()
    for number, group in enumerate(groups, start=1):
        say(f"Group {number} of {len(groups)}, {time.monotonic() - started:.0f} s since the start")
        code = run(group, arguments, more)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
