"""Locking and shared model fields."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import connection, models, transaction


def lock[M: models.Model](instance: M) -> M:
    """Read the row again under a lock that holds until the transaction ends.

    PostgreSQL takes `FOR UPDATE`. SQLite has none: there each transaction is begun IMMEDIATE,
    so that one writer is in at a time. Outside a transaction a lock would end at once, so this
    raises `TransactionManagementError`.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("lock() needs a transaction")
    manager: Any = instance._meta.default_manager  # not type(instance): request.user is wrapped lazily
    rows: Any = manager.select_for_update(of=("self",))
    if not connection.features.has_select_for_update_of:
        rows = manager.select_for_update()
    return rows.get(pk=instance.pk)


class Timestamped(models.Model):
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
