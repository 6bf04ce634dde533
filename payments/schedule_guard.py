"""The database's own refusal to change or delete a fee schedule that is in force or was used, no matter who asks (D23).

Put there after every migration, as the ledger's (`ledger_guard`).
"""

from __future__ import annotations

from typing import Any

from msa_portal.triggers import Guard

_TABLE = "payments_feeschedule"
_REFUSED = {
    "UPDATE": ("schedules_in_force_are_never_changed", "changed"),
    "DELETE": ("schedules_in_force_are_never_deleted", "deleted"),
}

# A day begins in UTC before it does at the utility, so the guard closes a few hours early and never late.
_SQLITE = """
CREATE TRIGGER IF NOT EXISTS {trigger} BEFORE {statement} ON {table}
WHEN OLD.effective_from <= date('now') OR EXISTS (SELECT 1 FROM payments_fee WHERE schedule_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'a fee schedule that is in force or was used is never {verb}'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION schedule_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.effective_from <= (now() AT TIME ZONE 'UTC')::date
     OR EXISTS (SELECT 1 FROM payments_fee WHERE schedule_id = OLD.id) THEN
    RAISE EXCEPTION 'a fee schedule that is in force or was used is never %', TG_ARGV[0]
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$
"""
_POSTGRESQL = """
CREATE OR REPLACE TRIGGER {trigger} BEFORE {statement} ON {table}
FOR EACH ROW EXECUTE FUNCTION schedule_refuses('{verb}')
"""


_GUARD = Guard(_TABLE, _REFUSED, _SQLITE, _POSTGRESQL_FUNCTION, _POSTGRESQL)
TRIGGERS = _GUARD.triggers


def keep(using: str, **_kwargs: Any) -> None:
    """Receives `post_migrate` of this app."""
    _GUARD.keep(using)
