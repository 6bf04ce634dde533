"""`make test`: the whole suite in three groups; stops at the first that fails.

The last lines are pytest's own summary of the group that ran last.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from commands.console import ROOT, say

# Title, database, which tests, in how many processes.
GROUPS = [
    ("on SQLite", "sqlite", "not (browser or postgres or redis or slow)", "auto"),
    ("on PostgreSQL, with Redis and the long ones", "postgres", "not browser", "auto"),
    ("in the browser", "postgres", "browser", "0"),
]


def run(title: str, database: str, markers: str, processes: str, arguments: list[str]) -> int:
    say(f"\n=== Tests {title} ===")
    command = [sys.executable, "-m", "pytest", "-m", markers, f"--numprocesses={processes}", *arguments]
    env = {**os.environ, "TEST_DATABASE": database}
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def main(arguments: list[str]) -> int:
    started = time.monotonic()
    for number, group in enumerate(GROUPS, start=1):
        say(f"Group {number} of {len(GROUPS)}, {time.monotonic() - started:.0f} s since the start")
        code = run(*group, arguments)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
