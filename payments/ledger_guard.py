"""The database's own refusal to change or delete a ledger entry, whoever asks.

Put there after every migration: a migration that alters the table on SQLite makes it again, without triggers.
"""

from __future__ import annotations

from typing import Any

from msa_portal.triggers import Guard

_TABLE = "payments_ledgerentry"
# What is refused: the trigger, and the verb in its message.
_REFUSED = {
    "UPDATE": ("ledger_entries_are_never_changed", "changed"),
    "DELETE": ("ledger_entries_are_never_deleted", "deleted"),
}

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


_GUARD = Guard(_TABLE, _REFUSED, _SQLITE, _POSTGRESQL_FUNCTION, _POSTGRESQL)
TRIGGERS = _GUARD.triggers


def keep(using: str, **_kwargs: Any) -> None:
    """Receives `post_migrate` of this app."""
    _GUARD.keep(using)
