"""Fee schedules as if they had always been so: tests change what the database guards (`payments/schedule_guard.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from payments import schedule_guard
from payments.models import FeeSchedule


@contextmanager
def unguarded() -> Iterator[None]:
    """Without the guard, for the block alone."""
    on_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        _flush(cursor, on_sqlite)
        for trigger in schedule_guard.TRIGGERS:
            cursor.execute(f"DROP TRIGGER {trigger}" + ("" if on_sqlite else " ON payments_feeschedule"))
        try:
            yield
        finally:
            if not connection.needs_rollback:
                _flush(cursor, on_sqlite)
                schedule_guard.keep(connection.alias)


def _flush(cursor, on_sqlite: bool) -> None:
    """PostgreSQL alters no table whose checks still wait for the commit."""
    if not on_sqlite and connection.in_atomic_block:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def change(which: dict[str, object] | None = None, **values: object) -> None:
    with unguarded():
        FeeSchedule.objects.filter(**which or {}).update(**values)


def delete(*, besides: str = "") -> None:
    """All of them, or all but those of that request type."""
    with unguarded():
        FeeSchedule.objects.exclude(request_type=besides).delete()
