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

    `related` are read with it by the same query: only such as change under a lock that is held already. PostgreSQL
    does not read joined rows again after waiting for this one.

    PostgreSQL takes `FOR UPDATE`. SQLite has none: there each transaction is begun IMMEDIATE,
    so that one writer is in at a time. Outside a transaction a lock would end at once, so this
    raises `TransactionManagementError`.
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
    """This object stands for its row until the innermost transaction block ends: nobody else can change the row."""
    vars(instance)["_held_in"] = connection.atomic_blocks[-1]
    vars(instance)["_written_at"] = writes.mark(instance._meta.db_table)


def take_over(instance: models.Model, fresh: models.Model) -> None:
    """Copy to `instance` the values of `fresh`, which a service read under the lock and saved.

    If this connection has written to the row in another way since then, `instance` is read from the database.
    """
    if fresh is instance:
        return
    if vars(fresh).get("_written_at") != writes.mark(fresh._meta.db_table):
        instance.refresh_from_db()
        return
    instance._state.fields_cache.clear()
    getattr(instance, "_prefetched_objects_cache", {}).clear()
    for field in fresh._meta.concrete_fields:
        vars(instance)[field.attname] = _as_read(vars(fresh)[field.attname])


def _as_read(value: Any) -> Any:
    """A value that was set, as the database would give it back."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value


def is_held(instance: models.Model) -> bool:
    """Whether `lock` gave this very object, and the lock still holds."""
    block = vars(instance).get("_held_in")
    return block is not None and any(open_block is block for open_block in connection.atomic_blocks)


@contextmanager
def locked[M: models.Model](instance: M) -> Iterator[M]:
    """A transaction with the row under its lock: `instance` itself where it is held already, else read again.

    A service called within another one works on the same object, so neither has a stale one. If the body raises,
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
    """After it was read under its lock, it knows whether anything else wrote to its row (`take_over`)."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        table = self._meta.db_table
        alone = "_written_at" in vars(self) and vars(self)["_written_at"] == writes.mark(table)
        super().save(*args, **kwargs)
        if alone:
            vars(self)["_written_at"] = writes.mark(table)


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
    """A row that stays as it was written. Its manager is made of an `AppendOnlyQuerySet`."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("such rows are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("such rows are never deleted")
