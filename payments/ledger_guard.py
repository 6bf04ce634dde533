"""The database's own refusal to change or delete a ledger entry, whoever asks.

Put there after every migration: a migration that alters the table on SQLite makes it anew, without triggers.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

_TABLE = "payments_ledgerentry"
# What is refused: the trigger, and the verb in its message.
_REFUSED = {
    "UPDATE": ("ledger_entries_are_never_changed", "changed"),
    "DELETE": ("ledger_entries_are_never_deleted", "deleted"),
}
TRIGGERS = tuple(trigger for trigger, _verb in _REFUSED.values())

_SQLITE = """
CREATE TRIGGER IF NOT EXISTS {trigger} BEFORE {statement} ON {table}
BEGIN SELECT RAISE(ABORT, 'ledger entries are never {verb}'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger entries are never %', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
_POSTGRESQL = """
CREATE OR REPLACE TRIGGER {trigger} BEFORE {statement} ON {table}
FOR EACH ROW EXECUTE FUNCTION ledger_refuses('{verb}')
"""


def keep(using: str, **_kwargs: Any) -> None:
    """Receives `post_migrate` of this app."""
    connection = connections[using]
    if _TABLE not in connection.introspection.table_names():
        return
    on_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if not on_sqlite:
            cursor.execute(_POSTGRESQL_FUNCTION)
        for statement, (trigger, verb) in _REFUSED.items():
            sql = _SQLITE if on_sqlite else _POSTGRESQL
            cursor.execute(sql.format(trigger=trigger, statement=statement, table=_TABLE, verb=verb))
