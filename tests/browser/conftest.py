"""Whole jobs through the interface: a real browser, real HTTP, the portal's real processes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import seeded, servers
from tests.browser.journey import DESKTOP, PHONE, Person
from tests.stack import LiveStack

# Under these Chromium asks no name server and calls nobody.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@pytest.fixture(scope="session")
def live_stack(worker_id: str) -> Iterator[LiveStack]:
    """The portal's processes on a database of their own, filled with the demo data."""
    with seeded.running(servers.scratch_folder() / f"stack-{worker_id}") as stack:
        yield stack


@pytest.fixture(scope="session")
def base_url(live_stack: LiveStack) -> str:
    return live_stack.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "Chromium is missing. Install it; on Debian or Ubuntu: sudo apt-get install chromium"
    return {**browser_type_launch_args, "executable_path": chromium, "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en-US", "timezone_id": "America/Los_Angeles"}


@pytest.fixture
def meet(live_stack: LiveStack, new_context: Any) -> Callable[..., Person]:
    """Somebody at a browser of their own, at a desk or with a phone."""

    def meet(email: str = "", name: str = "", *, phone: bool = False) -> Person:
        return Person(live_stack, new_context(viewport=PHONE if phone else DESKTOP), email, name)

    return meet
