"""A wide query for one row, put into SQL once for each connection: that costs many times what running it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.db.models.query import ModelIterable

_PK = object()  # stands for the asked id while the SQL is made
_ATTRIBUTE = "_portal_prepared"


class Prepared[M: models.Model]:
    """`rows` gives the queryset, with its annotations and joined relations; nothing in it may change between calls.

    Django has no public way to run a compiled query again: its own iteration is given a compiler that knows its SQL.
    """

    def __init__(self, rows: Callable[[], models.QuerySet[M]]) -> None:
        self._rows = rows

    def get(self, pk: Any) -> M:
        """Raises the model's `DoesNotExist`."""
        plans: dict[Any, _Plan] | None = getattr(connection, _ATTRIBUTE, None)
        if plans is None:
            plans = {}
            setattr(connection, _ATTRIBUTE, plans)
        if self not in plans:
            plans[self] = _Plan(self._rows().order_by().filter(pk=RawSQL("%s", (_PK,))))
        row: M = plans[self].run(pk)
        return row


class _Plan:
    def __init__(self, queryset: Any) -> None:
        self._queryset = queryset
        self._compiler = compiler = queryset.query.get_compiler(connection=connection)
        self._sql, self._params = compiler.as_sql()
        converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
        compiler.get_converters = lambda _columns: converters
        queryset.query.get_compiler = lambda **_which: compiler

    def run(self, pk: Any) -> Any:
        asked = self._queryset.model._meta.pk.get_db_prep_value(pk, connection)
        params = tuple(asked if value is _PK else value for value in self._params)
        self._compiler.as_sql = lambda **_how: (self._sql, params)
        row: Any = next(iter(ModelIterable(self._queryset)), None)
        if row is None:
            raise self._queryset.model.DoesNotExist(f"{self._queryset.model.__name__} {pk}")
        return row
