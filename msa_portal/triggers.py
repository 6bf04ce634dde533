"""Triggers by which the database itself refuses a statement, no matter who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connections


@dataclass(frozen=True)
class Guard:
    """Triggers on one table. `refused` gives, for a statement, the trigger's name and the verb in its message.

    `sqlite` and `postgresql` create one of them, with `{trigger}`, `{statement}`, `{table}` and `{verb}` to fill in;
    `function` is what the latter calls.
    """

    table: str
    refused: Mapping[str, tuple[str, str]]
    sqlite: str
    function: str
    postgresql: str

    @property
    def triggers(self) -> tuple[str, ...]:
        return tuple(trigger for trigger, _verb in self.refused.values())

    def keep(self, using: str) -> None:
        """Put there what is missing: a migration that alters the table on SQLite makes it again, without triggers."""
        connection = connections[using]
        if self.table not in connection.introspection.table_names():
            return
        on_sqlite = connection.vendor == "sqlite"
        with connection.cursor() as cursor:
            if not on_sqlite:
                cursor.execute(self.function)
            for statement, (trigger, verb) in self.refused.items():
                sql = self.sqlite if on_sqlite else self.postgresql
                cursor.execute(sql.format(trigger=trigger, statement=statement, table=self.table, verb=verb))
