"""What a person sees while a command works, and how it ends when it cannot go on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
LAST_LINES = 20


class Stop(Exception):
    """The command cannot go on: a sentence that says what is missing and how to get it."""


def say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Names a piece of work before it starts and how long it took after it ended."""
    started = time.monotonic()
    print(f"  {title} …", end="", flush=True)
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


def quietly(command: Sequence[str], advice: str, env: Mapping[str, str] | None = None) -> str:
    """The command's output; a failure stops with its last lines and the advice."""
    try:
        done = subprocess.run(
            list(command),
            cwd=ROOT,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Stop(f"{command[0]} could not be started: {error.strerror}.\n{advice}") from error
    if done.returncode:
        tail = "\n".join("    " + line for line in done.stdout.splitlines()[-LAST_LINES:])
        raise Stop(f"`{' '.join(command)}` failed:\n{tail}\n{advice}")
    return done.stdout


def finish(error: Stop) -> int:
    print(f"\n{error}", file=sys.stderr, flush=True)
    return 1
