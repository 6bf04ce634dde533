"""How often this connection wrote to each table, so that what was read under a lock is kept until it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

Mark = tuple[int, ...]

_ANY = ""  # counts what may have written to any table, and every rollback
_READS = ("SELECT", "SAVEPOINT", "RELEASE", "BEGIN")
_ATTRIBUTE = "_portal_writes"


def connect() -> None:
    """Called once when the app is ready: every connection counts from its first statement on."""
    connection_created.connect(_watch, dispatch_uid="msa_portal.writes")


def mark(*tables: str) -> Mark:
    """The same as before where this connection wrote to none of these tables, and rolled nothing back."""
    counts: Counter[str] = getattr(connection, _ATTRIBUTE)
    return (counts[_ANY], *(counts[table] for table in tables))


def _watch(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    if not hasattr(connection, _ATTRIBUTE):
        setattr(connection, _ATTRIBUTE, Counter())
    if _note not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _note)  # whoever wraps for a while takes the last one off again


def _note(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    table = _written(sql)
    if table is not None:
        getattr(context["connection"], _ATTRIBUTE)[table] += 1
    return execute(sql, params, many, context)


def _written(sql: Any) -> str | None:
    """The table that a statement writes to; `_ANY` where it cannot be told, None where it only reads."""
    if not isinstance(sql, str):
        return _ANY
    if sql.startswith(_READS):
        return None
    if sql.startswith(("INSERT", "UPDATE", "DELETE")):
        parts = sql.split('"', 2)
        return parts[1] if len(parts) == 3 else _ANY
    return _ANY
