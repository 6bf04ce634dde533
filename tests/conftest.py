"""Fixtures for every test."""

from __future__ import annotations

import functools
import gc
import hashlib
import io
import ipaddress
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Task
from django.core.cache import cache
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic, get_connection
from django.test import TransactionTestCase
from kombu.exceptions import OperationalError
from pypdf import PdfWriter
from redis import Redis

from fieldwork.phone import verdicts
from msa_portal import db, pdf
from msa_portal.celery import app
from msa_portal.notices import outbox
from msa_portal.redis.breaker import breaker
from payments.services import ledger
from requests_app import history
from requests_app.files import inspections
from requests_app.views import held_forms
from tests import databases, sent_files, servers
from tests.stations import stations

# Fixtures that start a process of ours, or a server.
SERVERS = {"process", "sandbox_process", "live_server", "broker"}


def pytest_configure() -> None:
    servers.shared_folder()  # before the other processes of a parallel run start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or a server: by its folder, or by its fixtures."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
        if not SERVERS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("server")


def pytest_collection_finish() -> None:
    """Exempt what is loaded by now from garbage collection, which took a twelfth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """No second process for one or two files: they finish before it would have started."""
    named = [argument for argument in config.args if "::" in argument or argument.endswith(".py")]
    return 0 if named else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        pytest.fail("This test needs PostgreSQL: run it with TEST_DATABASE=postgres.", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """A connection that would leave the machine fails and says where it was going."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] != "localhost":
            assert ipaddress.ip_address(address[0]).is_loopback, f"a test reaches out to {address}"
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any, worker_id: str) -> Iterator[None]:
    """This process's copy of the migrated database. A test that commits gets it replaced by a fresh copy."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        copy = databases.Copy(worker_id)
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: copy.make())
        with django_db_blocker.block():
            yield


class WithoutTheTests:
    """The connection as it is outside the test's own transaction."""

    @property
    def in_atomic_block(self) -> bool:
        return bool(connection.savepoint_ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(connection, name)


@pytest.fixture
def commits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit hooks run when the outermost block of the tested code ends.

    The test itself stays in a transaction that is rolled back, and code that checks for a transaction sees only
    the tested code's own. For code that hands over to tasks, not for two connections.
    """
    request.getfixturevalue("db")
    end = Atomic.__exit__

    def end_and_go_on(self: Atomic, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        end(self, exc_type, exc_value, traceback)
        on = get_connection(self.using)
        if exc_type is None and on.in_atomic_block and not on.savepoint_ids and not on.needs_rollback:
            waiting, on.run_on_commit = on.run_on_commit, []
            for _savepoints, act, _robust in waiting:
                act()

    wait = BaseDatabaseWrapper.on_commit

    def wait_or_go_on(self: BaseDatabaseWrapper, func: Any, robust: bool = False) -> None:
        if self.in_atomic_block and not self.savepoint_ids:
            func()
        else:
            wait(self, func, robust)

    monkeypatch.setattr(Atomic, "__exit__", end_and_go_on)
    monkeypatch.setattr(BaseDatabaseWrapper, "on_commit", wait_or_go_on)
    for asks in (db, outbox, history, ledger):
        monkeypatch.setattr(asks, "connection", WithoutTheTests())


@functools.cache
def _blank_page() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(612, 792)
    writer.write(out)
    return out.getvalue()


class BlankPage:
    """Replaces WeasyPrint's HTML: a valid PDF at once, a different one for each text."""

    def __init__(self, string: str, **_options: Any) -> None:
        self.text = string

    def write_pdf(self, **_options: Any) -> bytes:
        return _blank_page() + b"%" + hashlib.sha256(self.text.encode()).hexdigest().encode() + b"\n"


@pytest.fixture(autouse=True)
def blank_pdfs(request: pytest.FixtureRequest) -> Iterator[None]:
    """PDFs are rendered as HTML only. The layout takes half a second, so only tests marked `pdf` do it."""
    with pytest.MonkeyPatch.context() as patch:
        if not request.node.get_closest_marker("pdf"):
            patch.setattr(pdf, "HTML", BlankPage)
        yield


@pytest.fixture(scope="module")
def module_rows(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A transaction around a module's tests, for module fixtures that write rows for all of them.

    Each test's own transaction is inside it. Give each test a deep copy of what the fixture returns. Not for
    modules with tests that commit.
    """
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "HTML", BlankPage)
        patch.setattr(Task, "apply_async", refused)
        with transaction.atomic():
            yield
            transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def known_stations(request: pytest.FixtureRequest) -> Iterator[None]:
    with stations.watching(request.node):
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Throttles count in the cache: one test's requests are not another's. Nor is one test's broker that is down."""
    cache.clear()
    breaker.close()


def refused(*_args: Any, **_kwargs: Any) -> None:
    """In place of a task's `apply_async`: a failed connection to the broker takes 25 ms, ten times a test."""
    raise OperationalError("no broker")


@pytest.fixture(autouse=True)
def no_broker(request: pytest.FixtureRequest) -> Iterator[None]:
    """Without a broker, sending a task fails at once, and each time: nothing is left alone for a while."""
    with pytest.MonkeyPatch.context() as patch:
        if "broker" not in request.fixturenames and not request.node.get_closest_marker("real_broker"):
            patch.setattr(Task, "apply_async", refused)
            patch.setattr(breaker, "fail_max", sys.maxsize)
        yield


@pytest.fixture(autouse=True)
def inspected_at_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Files are opened where they are used, by the inspectors' own program; `line_of_files` has them wait in line."""
    with pytest.MonkeyPatch.context() as patch:
        if "line_of_files" not in request.fixturenames:
            patch.setattr(inspections, "verdict_on", sent_files.verdict_on)
            patch.setattr(held_forms, "_hold", sent_files.do_not_hold)
            patch.setattr(verdicts, "checked", sent_files.checked)
        yield


@pytest.fixture
def line_of_files() -> None:
    """Files wait for an inspector, as they do outside of tests."""


@pytest.fixture
def broker() -> Iterator[str]:
    """A real Redis as Celery's broker, empty: `control.purge` skips queues that this process hasn't used yet."""
    url = servers.redis_url()
    with Redis.from_url(url) as server:
        server.flushdb()
    before = app.conf.broker_url
    app.conf.broker_url = url
    app._after_fork()  # as in a new process: no connection to the broker before
    yield url
    app.conf.broker_url = before
    app._after_fork()
