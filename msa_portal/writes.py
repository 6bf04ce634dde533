"""How often this connection wrote to each table: what was read under a lock is kept until its table is written to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

Mark = tuple[int, ...]

_ANY = ""  # counts what may have written to any table, and every return to a savepoint
_WRITE = re.compile(r'(?:INSERT (?:OR IGNORE )?INTO|UPDATE|DELETE FROM) "([^"]+)"(?![.\w])')
_READS = ("SELECT", "SAVEPOINT", "RELEASE", "BEGIN")
_ATTRIBUTE = "_portal_writes"


def connect() -> None:
    """Call this once, when the app is ready: every connection counts from its first statement on."""
    connection_created.connect(_watch, dispatch_uid="msa_portal.writes")


def mark(*tables: str) -> Mark:
    """Equal to an earlier mark if this connection has written to none of these tables since, nor returned to a savepoint.

    The end of a whole transaction changes no mark, rolled back or not: compare marks of one transaction.
    """
    counts: Counter[str] = getattr(connection, _ATTRIBUTE, None) or Counter()
    return (counts[_ANY], *(counts[table] for table in tables))


def _watch(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    if not hasattr(connection, _ATTRIBUTE):
        setattr(connection, _ATTRIBUTE, Counter())
    if _note not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _note)  # first: `execute_wrapper` takes its own off the end


def _note(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    table = _written(sql)
    if table is not None:
        getattr(context["connection"], _ATTRIBUTE)[table] += 1
    return execute(sql, params, many, context)


def _written(sql: Any) -> str | None:
    """The table that a statement writes to: None if it only reads, `_ANY` if we can't tell."""
    if not isinstance(sql, str):
        return _ANY
    if sql.startswith(_READS):
        return None
    write = _WRITE.match(sql)
    return write[1] if write and ";" not in sql else _ANY
