"""Whole jobs through the interface: a real browser, real HTTP, the portal's real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests import seeded, servers
from tests.browser import chromium
from tests.browser.field import Field, Phone
from tests.browser.journey import DESKTOP, PHONE, Person
from tests.stack import LiveStack


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
    program = chromium.program()
    assert program, chromium.MISSING
    return {**browser_type_launch_args, "executable_path": program, "args": chromium.FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en-US", "timezone_id": "America/Los_Angeles"}


@pytest.fixture
def meet(live_stack: LiveStack, new_context: Any) -> Callable[..., Person]:
    """Somebody at a browser of their own, at a desk or with a phone."""

    def meet(email: str = "", name: str = "", *, phone: bool = False) -> Person:
        return Person(live_stack, new_context(viewport=PHONE if phone else DESKTOP), email, name)

    return meet


@pytest.fixture
def field(live_stack: LiveStack) -> Field:
    return Field(live_stack)


@pytest.fixture
def email() -> str:
    """Of a technician whom nobody else in these tests is."""
    return f"fay-{uuid4().hex[:8]}@example.com"


@pytest.fixture
def day(phone: Phone, field: Field, email: str) -> Callable[[int], list[int]]:
    """A technician's morning: so many visits, and the phone has fetched them."""

    def day(count: int) -> list[int]:
        visits = field.day(email, count)
        phone.signs_in(email)
        phone.sees_a_day_of(count)
        phone.is_kept_here()
        return visits

    return day
