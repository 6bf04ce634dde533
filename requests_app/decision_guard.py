"""The database's own refusal to change or delete a staff decision, other than ending one that waits (D24).

Put there after every migration: a migration that alters the table on SQLite makes it again, without triggers.
"""

from __future__ import annotations

from typing import Any

from msa_portal.triggers import Guard

_TABLE = "requests_app_staffdecision"
_FIXED = ("msa_request_id", "kind", "content", "seen", "decided_by_id", "decided_at", "release_at")

_SQLITE_UPDATE = """
CREATE TRIGGER IF NOT EXISTS {{trigger}} BEFORE {{statement}} ON {{table}}
WHEN OLD.state <> 'waiting' OR {changed}
BEGIN SELECT RAISE(ABORT, 'a staff decision is never {{verb}} once it is made'); END
""".format(changed=" OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _FIXED))
_SQLITE_DELETE = """
CREATE TRIGGER IF NOT EXISTS {trigger} BEFORE {statement} ON {table}
BEGIN SELECT RAISE(ABORT, 'a staff decision is never {verb} once it is made'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION staff_decision_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.state = 'waiting' AND ({old}) IS NOT DISTINCT FROM ({new}) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a staff decision is never % once it is made', TG_ARGV[0]
    USING ERRCODE = 'integrity_constraint_violation';
END $$
""".format(old=", ".join(f"OLD.{name}" for name in _FIXED), new=", ".join(f"NEW.{name}" for name in _FIXED))
_POSTGRESQL = """
CREATE OR REPLACE TRIGGER {trigger} BEFORE {statement} ON {table}
FOR EACH ROW EXECUTE FUNCTION staff_decision_refuses('{verb}')
"""

_CHANGED = {"UPDATE": ("staff_decisions_are_never_changed", "changed")}
_DELETED = {"DELETE": ("staff_decisions_are_never_deleted", "deleted")}
_GUARDS = (
    Guard(_TABLE, _CHANGED, _SQLITE_UPDATE, _POSTGRESQL_FUNCTION, _POSTGRESQL),
    Guard(_TABLE, _DELETED, _SQLITE_DELETE, _POSTGRESQL_FUNCTION, _POSTGRESQL),
)
TRIGGERS = tuple(trigger for guard in _GUARDS for trigger in guard.triggers)


def keep(using: str, **_kwargs: Any) -> None:
    """Receives `post_migrate` of this app."""
    for guard in _GUARDS:
        guard.keep(using)
