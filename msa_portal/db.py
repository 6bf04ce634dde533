"""Locking and shared model fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, NoReturn

from django.db import connection, models, transaction

from msa_portal import writes
from msa_portal.prepared import Prepared


def lock[M: models.Model](instance: M, *related: str) -> M:
    """Read the row again under a lock that holds until the transaction ends.

    The same query reads the rows that `related` names. Name only rows that nobody writes to without a lock that
    you already hold: after waiting for a lock, PostgreSQL reads the locked row again, but not the rows joined to it.

    PostgreSQL takes `FOR UPDATE`. SQLite has none: there, every transaction begins IMMEDIATE, so only one
    connection writes at a time. Raises `TransactionManagementError` outside a transaction, where a lock would end
    at once.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("lock() needs a transaction")
    manager: Any = instance._meta.default_manager  # not type(instance): request.user is wrapped lazily
    fresh: M = _locking(manager.model, related).get(instance.pk)
    hold(fresh)
    return fresh


@cache
def _locking(model: Any, related: tuple[str, ...]) -> Prepared[Any]:
    def rows() -> Any:
        manager = model._meta.default_manager
        only_self = {"of": ("self",)} if connection.features.has_select_for_update_of else {}
        locked_rows = manager.select_for_update(**only_self)
        return locked_rows.select_related(*related) if related else locked_rows

    return Prepared(rows)


def hold(instance: models.Model) -> None:
    """This object stands for its row until the innermost transaction block ends: nobody else can change the row.

    The block is identified by its `Atomic` object, so open it with a `with` statement: as a decorator, `atomic`
    uses one such object for every call (`commands/structure.py`).
    """
    vars(instance)["_held_in"] = connection.atomic_blocks[-1]
    if isinstance(instance, KnowsItsRow):
        instance.note_row()


def take_over(instance: models.Model, fresh: models.Model) -> None:
    """Make `instance` like its row, which a service read under the lock as `fresh` and saved.

    Copies what `fresh` read and saved. Reads the row again if this connection wrote to its table in any other way.
    """
    if fresh is instance:
        return
    if isinstance(instance, KnowsItsRow) and isinstance(fresh, KnowsItsRow) and fresh.knows_its_row:
        instance.forget_related()
        vars(instance).update(vars(fresh)["_row"])
    else:
        instance.refresh_from_db()


def is_held(instance: models.Model) -> bool:
    """Whether `lock` returned this very object, and the lock still holds."""
    block = vars(instance).get("_held_in")
    return block is not None and any(open_block is block for open_block in connection.atomic_blocks)


@contextmanager
def locked[M: models.Model](instance: M) -> Iterator[M]:
    """A transaction that holds the row's lock. Yields `instance` if it's held already, else a fresh object.

    A service that another one calls works on the same object, so neither has a stale one. If the body raises,
    its changes to the object are undone together with its savepoint.
    """
    with transaction.atomic():
        if not is_held(instance):
            yield lock(instance)
            return
        before, related = dict(vars(instance)), dict(instance._state.fields_cache)
        try:
            yield instance
        except BaseException:
            vars(instance).clear()
            vars(instance).update(before)
            instance._state.fields_cache = related
            raise


class KnowsItsRow(models.Model):
    """Once `note_row` was called, it knows what its row holds, and whether anything else wrote to the row's table."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        knew_its_row = self.knows_its_row
        super().save(*args, **kwargs)
        if knew_its_row:
            names = kwargs.get("update_fields")
            saved = {
                field.attname: _as_read(field, vars(self)[field.attname])
                for field in self._meta.concrete_fields
                if names is None or field.name in names or field.attname in names
            }
            vars(self)["_row"] = vars(self)["_row"] | saved
            vars(self)["_written_at"] = writes.mark(self._meta.db_table)

    def note_row(self) -> None:
        """Its values are those of its row now: it was just read, or is about to be saved for the first time."""
        values = vars(self)
        values["_row"] = {field.attname: values[field.attname] for field in self._meta.concrete_fields}
        values["_written_at"] = writes.mark(self._meta.db_table)

    @property
    def knows_its_row(self) -> bool:
        """Whether this connection has written to the table only by saving this object since `note_row`."""
        mark = vars(self).get("_written_at")
        return mark is not None and mark == writes.mark(self._meta.db_table)

    def forget_related(self) -> None:
        """Drop what was read along with the row."""
        self._state.fields_cache.clear()
        getattr(self, "_prefetched_objects_cache", {}).clear()


def _as_read(field: Any, value: Any) -> Any:
    """A value that was set, as the database would return it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return field.to_python(value)


class Timestamped(KnowsItsRow):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class AppendOnlyError(Exception):
    """Such rows are added, never changed or deleted."""


class AppendOnlyQuerySet[M: models.Model](models.QuerySet[M]):
    def update(self, **_kwargs: Any) -> NoReturn:
        raise AppendOnlyError("such rows are never changed")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("such rows are never deleted")


class AppendOnly(models.Model):
    """A row that stays as it was written. Its manager is made from an `AppendOnlyQuerySet`."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("such rows are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("such rows are never deleted")
