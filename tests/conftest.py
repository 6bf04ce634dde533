"""Fixtures for every test."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseOperations as SQLiteOperations

from msa_portal.celery import app
from payments import ledger_guard
from tests import servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies in tests/browser needs a browser, whether or not each test says so."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        pytest.fail("This test needs PostgreSQL: run it with TEST_DATABASE=postgres.", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """A connection that would leave the machine fails, saying where it was going."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] != "localhost":
            assert ipaddress.ip_address(address[0]).is_loopback, f"a test reaches out to {address}"
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session", autouse=True)
def emptied_with_its_ledger() -> Iterator[None]:
    """After a test SQLite empties each table by DELETE, which the ledger refuses: its triggers stand aside.

    They are back with the `post_migrate` that follows. PostgreSQL truncates, which they let pass.
    """
    flush = SQLiteOperations.sql_flush

    def without_triggers(self: SQLiteOperations, *args: Any, **kwargs: Any) -> list[str]:
        return [f"DROP TRIGGER IF EXISTS {name}" for name in ledger_guard.TRIGGERS] + flush(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLiteOperations, "sql_flush", without_triggers)
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Throttles count in the cache: one test's requests are not another's."""
    cache.clear()


@pytest.fixture
def broker() -> Iterator[str]:
    """A real Redis as Celery's broker; tests that use it are marked `redis`."""
    url = servers.redis_url()
    before = app.conf.broker_url
    app.conf.broker_url = url
    app._after_fork()  # as in a new process: no connection to the broker before
    app.control.purge()
    yield url
    app.conf.broker_url = before
    app._after_fork()
