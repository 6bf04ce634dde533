"""`python3 -m commands.bootstrap COMMAND`: fill what is missing, then hand over to `.venv`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from commands import debian, toolchain
from commands.console import ROOT, Stop, finish, say


def gettext() -> None:
    if not shutil.which("xgettext"):
        debian.install(["gettext"], "GNU gettext (message catalogues)")


def chromium() -> None:
    if not (shutil.which("chromium-headless-shell") or shutil.which("chromium")):
        debian.install(["chromium-headless-shell"], "Chromium without windows (browser tests)")


def servers() -> None:
    """Redis and PostgreSQL for the tests: Debian's where we may install, else those from PyPI."""
    if not debian.can_install():
        return
    if not shutil.which("redis-server"):
        debian.install(["redis-server"], "Redis")
    if not any(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        debian.keep_postgresql_from_starting()
        debian.install(["postgresql"], "PostgreSQL")


def nginx() -> None:
    """The proxy that docker-compose.yml ships, for the tests."""
    modules = Path("/usr/lib/nginx/modules")
    if not shutil.which("nginx") or not (modules / "ngx_http_brotli_filter_module.so").exists():
        debian.install(
            ["nginx-light", "libnginx-mod-http-brotli-filter", "libnginx-mod-http-brotli-static"], "nginx (the proxy)"
        )


# For each command: whether it needs the development packages, the programs that it drives,
# and what does it on the project's own Python, a module and its arguments.
COMMANDS: dict[str, tuple[bool, list[Callable[[], None]], list[str]]] = {
    "run": (False, [], ["commands.run"]),
    "test": (True, [servers, nginx, chromium, gettext], ["commands.suite"]),
    "test-all": (True, [servers, nginx, chromium, gettext], ["commands.suite", "--all"]),
    "check": (True, [gettext], ["commands.check"]),
    "messages": (True, [gettext], ["commands.messages"]),
    "bench": (True, [servers], ["tests.benchmarks"]),
    "screenshots": (True, [servers, chromium], ["tests.screenshots"]),
    "lock": (False, [], ["commands.lock"]),
}


def hand_over(module: list[str], arguments: list[str]) -> NoReturn:
    python = str(toolchain.PYTHON)
    os.execv(python, [python, "-m", *module, *arguments])


def main(arguments: list[str]) -> int:
    """Comes back only where something is missing: else the command takes this process over."""
    name, *rest = arguments
    development, programs, module = COMMANDS[name]
    say(f"make {name}")
    os.chdir(ROOT)
    try:
        toolchain.prepare(development=development)
        for program in programs:
            program()
    except Stop as stop:
        return finish(stop)
    hand_over(module, rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
