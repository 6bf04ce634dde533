"""The services take a request to a station (a common starting point of tests) once; later tests get the same rows.

Getting a request to its service order takes about two hundred queries, and most tests are about what
comes after. A station's rows are written in their own range of keys, so they never collide with what
a test makes. They are kept per process, keyed by what can change them: the station and its facts, the
earlier stations of the test, and how many people hold each role. If a test changes anything else first
(rows, settings, functions, the time, who is told of a commit), the services run as usual.
`test_the_suite.py` checks that both ways give the same rows.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.db.models import AutoField, BigAutoField, DateTimeField, ForeignKey, Model
from django.utils import timezone

from msa_portal.notices.models import NoticeMessage
from requests_app.models import MSARequest

WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|DROP|ALTER|CREATE)\s+"?(\w+)', re.IGNORECASE)
# Other accounts don't affect a case unless they hold a role; neither do sign-ins or technicians.
PEOPLE = {
    *("accounts_user", "account_emailaddress", "accounts_user_groups", "accounts_company", "accounts_membership"),
    *("django_session", "axes_accesslog", "axes_accessattempt", "fieldwork_technician"),
}
FIRST_KEY, ROOM = 500_000, 400  # six digits, as references have
MINUTES = 10  # rows as old as this still count as just written
PLAIN = (str, int, bool, type(None), date, Enum)
HEARS_OF_COMMITS = {"commits", "django_capture_on_commit_callbacks", "transactional_db", "live_server"}

type Rows = list[tuple[Any, ...]]


@functools.cache
def tables() -> dict[str, type[Model]]:
    models = apps.get_models(include_auto_created=True)
    return {
        model._meta.db_table: model
        for model in models
        if model._meta.managed and isinstance(model._meta.pk, AutoField | BigAutoField)
    }


@functools.cache
def cases() -> set[str]:
    """The tables whose rows belong to one request, even indirectly: another case's rows don't affect this one."""
    of_a_case: set[type[Model]] = {MSARequest, NoticeMessage}
    models = set(tables().values())
    while more := {
        model
        for model in models - of_a_case
        if any(isinstance(column, ForeignKey) and column.related_model in of_a_case for column in model._meta.fields)
    }:
        of_a_case |= more
    return {model._meta.db_table for model in of_a_case}


@dataclass
class Walk:
    rows: dict[str, tuple[list[str], Rows]]
    request: int


@dataclass
class Test:
    """What the test has done before it asks for a station."""

    item: pytest.Item
    so_far: tuple[int, ...] = ()  # earlier stations' requests: a later station may refer to their rows
    off: bool = False
    within: bool = False
    written: set[str] = field(default_factory=set)

    def look(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        match = None if self.within else WRITES.match(sql)
        if match:
            self.written.add(match[1])
            self.off = self.off or match[1] not in tables().keys() | PEOPLE
        return execute(sql, *rest)

    def ordinary(self) -> bool:
        """Whether the test has changed nothing but people."""
        if self.off or not HEARS_OF_COMMITS.isdisjoint(self.item.fixturenames):  # type: ignore[attr-defined]
            return False
        marker = self.item.get_closest_marker("django_db")
        if marker and marker.kwargs.get("transaction"):
            return False
        fixtures = self.item.funcargs  # type: ignore[attr-defined]
        patch, settings = fixtures.get("monkeypatch"), fixtures.get("settings")
        if patch and (patch._setattr or patch._setitem):
            return False
        if settings and settings._to_restore:
            return False
        return MSARequest.objects.filter(pk__in=self.so_far).count() == len(self.so_far)

    def reached(self, request: int) -> MSARequest:
        self.so_far = (*self.so_far, request)
        return refreshed(request)


class Stations:
    def __init__(self) -> None:
        self.walks: dict[Any, Walk | None] = {}
        self.next_key = FIRST_KEY
        self.test: Test | None = None

    @contextmanager
    def watching(self, item: pytest.Item) -> Iterator[None]:
        self.test = Test(item)
        with connection.execute_wrapper(self.test.look):
            yield
        self.test = None

    def reach(self, walk: Callable[..., MSARequest], facts: dict[str, Any]) -> MSARequest:
        test = self.test
        if test is None or test.within or not all(isinstance(fact, PLAIN) for fact in facts.values()):
            return walk(**facts)
        if not test.ordinary():
            return walk(**facts)
        test.within = True
        try:
            step = (walk.__name__, tuple(sorted(facts.items())))
            key = (*test.so_far, step, self.roles(), self.reference(), clock())
            if key not in self.walks:
                return self.walked(key, walk, facts)
            kept = self.walks[key]
            if kept is None:
                test.off = True
                return walk(**facts)
            self.write(kept)
            return test.reached(kept.request)
        finally:
            test.within = False

    def roles(self) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT group_id, COUNT(*) FROM accounts_user_groups GROUP BY group_id ORDER BY group_id")
            return tuple(cursor.fetchall())

    def reference(self) -> tuple[Any, ...]:
        """The rows the test wrote to tables that every case reads, by value."""
        assert self.test
        asked = sorted(self.test.written - PEOPLE - cases())
        return tuple((table, repr(self.values(table))) for table in asked if not table.startswith("requests_app_hist"))

    def values(self, table: str) -> Rows:
        names, rows = self.read(table, f"< {FIRST_KEY}")
        model = tables()[table]
        apart = (AutoField, BigAutoField, DateTimeField)
        kept = [names.index(f.column) for f in model._meta.concrete_fields if not isinstance(f, apart)]
        return [tuple(row[place] for place in kept) for row in rows]

    def walked(self, key: Any, walk: Callable[..., MSARequest], facts: dict[str, Any]) -> MSARequest:
        assert self.test
        first, self.next_key = self.next_key, self.next_key + ROOM
        before = self.read_outside(first)
        sequences = self.begin_at(first)
        request = walk(**facts)
        self.go_back_to(sequences)
        rows = {
            table: kept for table in tables() if (kept := self.read(table, f"BETWEEN {first} AND {first + ROOM}"))[1]
        }
        alone = self.read_outside(first) == before and not self.leans_on_the_test(rows, first)
        self.walks[key] = Walk(rows, request.pk) if alone else None
        self.test.off = not alone
        return self.test.reached(request.pk)

    def read(self, table: str, which: str) -> tuple[list[str], Rows]:
        model = tables()[table]
        names = [column.column for column in model._meta.concrete_fields]
        columns = ", ".join(f'"{name}"' for name in names)
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {columns} FROM "{table}" WHERE "{model._meta.pk.column}" {which} ORDER BY 1')  # noqa: S608
            return names, [tuple(row) for row in cursor.fetchall()]

    def read_outside(self, first: int) -> dict[str, tuple[list[str], Rows]]:
        return {table: self.read(table, f"NOT BETWEEN {first} AND {first + ROOM}") for table in tables()}

    def leans_on_the_test(self, rows: dict[str, tuple[list[str], Rows]], first: int) -> bool:
        """Whether a row refers to one that this test made, which no other test will have."""
        assert self.test
        for table, (names, lines) in rows.items():
            for column in tables()[table]._meta.concrete_fields:
                if isinstance(column, ForeignKey) and column.related_model._meta.db_table in self.test.written:
                    place = names.index(column.column)
                    if any(row[place] is not None and not first <= row[place] <= first + ROOM for row in lines):
                        return True
        return False

    def write(self, walk: Walk) -> None:
        with connection.cursor() as cursor:
            for table, (names, rows) in walk.rows.items():
                columns = ", ".join(f'"{name}"' for name in names)
                line = "(" + ", ".join(["%s"] * len(names)) + ")"
                values = ", ".join([line] * len(rows))
                cursor.execute(f'INSERT INTO "{table}" ({columns}) VALUES {values}', [v for row in rows for v in row])  # noqa: S608

    def begin_at(self, first: int) -> dict[str, Any]:
        """Start every table's keys at `first`. Returns where they were."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("SELECT name, seq FROM sqlite_sequence")
                stood: dict[str, Any] = dict(cursor.fetchall())
                self.set_sqlite(cursor, dict.fromkeys(tables(), first))
                return stood
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
            stood = dict(cursor.fetchall())
            for name in stood:
                cursor.execute("SELECT setval(%s, %s)", [f'"{name}"', first])
            return stood

    def go_back_to(self, stood: dict[str, Any]) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                self.set_sqlite(cursor, stood)
                return
            for name, value in stood.items():
                cursor.execute("SELECT setval(%s, %s, %s)", [f'"{name}"', value or 1, value is not None])

    @staticmethod
    def set_sqlite(cursor: Any, values: dict[str, Any]) -> None:
        cursor.execute("DELETE FROM sqlite_sequence")
        for name, value in values.items():
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [name, value])


def clock() -> tuple[Any, ...]:
    """The time, to ten minutes; to the second if the test chose it."""
    now = timezone.localtime()
    if time_machine.escape_hatch.is_travelling():
        return (now.date(), now.hour, now.minute, now.second)
    return (now.date(), now.hour, now.minute // MINUTES)


stations = Stations()


def station(walk: Callable[..., MSARequest]) -> Callable[..., MSARequest]:
    """Decorates a factory that runs once and is then copied; given a request of the test's own, it always runs."""

    @functools.wraps(walk)
    def reached(request: MSARequest | None = None, **facts: Any) -> MSARequest:
        if request is not None:
            return walk(request, **facts)
        return stations.reach(walk, facts)

    return reached


def refreshed(pk: int) -> MSARequest:
    return MSARequest.objects.select_related("owner", "agent", "agent_company", "device").get(pk=pk)
