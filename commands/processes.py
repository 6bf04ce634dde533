"""Child processes that live and end together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from commands.console import LAST_LINES, ROOT, Stop

PR_SET_PDEATHSIG = 1
PATIENCE = 15.0  # seconds for a child to end by itself; the worker finishes its task meanwhile
TICK = 0.1


def free_port(*preferred: int) -> int:
    """The first of the preferred ports that nobody listens on, else any free one."""
    for port in (*preferred, 0):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return int(candidate.getsockname()[1])
    raise Stop("This machine has no free network port.")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310  (our own address)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def end_with_parent(number: int = signal.SIGTERM) -> Callable[[], None]:
    """What a child does before its program: on Linux it asks to be told when its parent is killed.

    Only where the parent starts it from its main thread: the word comes when that thread ends.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def ask() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, number)

    return ask


@dataclass
class Child:
    """One process in a session of its own, so that Ctrl-C reaches its supervisor alone."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stdin_text: str = ""  # what it reads from its standard input
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                list(self.command),
                cwd=ROOT,
                env={**os.environ, **self.env},
                stdin=subprocess.PIPE if self.stdin_text else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )
        if self.process.stdin:
            self.process.stdin.write(self.stdin_text.encode())
            self.process.stdin.close()

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def last_lines(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join("    " + line for line in lines[-LAST_LINES:])

    def obituary(self) -> str:
        return f"The {self.name} ended with exit code {self.exit_code}. Its last lines, from {self.log}:\n{self.last_lines()}"

    def signal(self, number: int) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def end(self) -> None:
        """SIGTERM, and SIGKILL to its group where it outstays its time."""
        if self.process is None:
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        self.signal(signal.SIGKILL)
        self.process.wait()


class Family:
    """Starts children in order, watches them, and ends all of them, the last one first."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    def start(self, child: Child) -> Child:
        child.start()
        self.children.append(child)
        return child

    def wait_until(self, ready: Callable[[], bool], child: Child, seconds: float) -> None:
        """Stops with the child's last lines where it dies, or is not ready in time."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.look()
            if time.monotonic() > deadline:
                raise Stop(
                    f"The {child.name} was not ready within {seconds:.0f} s. See {child.log}:\n{child.last_lines()}"
                )
            time.sleep(TICK)

    def look(self) -> None:
        for child in self.children:
            if child.exit_code is not None:
                raise Stop(child.obituary())

    def end(self) -> None:
        """SIGTERM to each child, SIGKILL to the groups of those that outstay their time."""
        leaving = list(reversed(self.children))
        for child in leaving:
            if child.exit_code is None and child.process:
                child.process.terminate()
        deadline = time.monotonic() + PATIENCE
        while any(child.exit_code is None for child in leaving) and time.monotonic() < deadline:
            time.sleep(TICK)
        for child in leaving:
            child.signal(signal.SIGKILL)
            if child.process:
                child.process.wait()
        self.children.clear()


class Interrupted(BaseException):
    """A signal asked this process to end."""


def interrupt_on(*numbers: int) -> None:
    def handler(number: int, frame: FrameType | None) -> None:
        for signal_number in numbers:
            signal.signal(signal_number, signal.SIG_IGN)  # the end is under way: a second Ctrl-C must not cut it short
        raise Interrupted(number)

    for number in numbers:
        signal.signal(number, handler)
