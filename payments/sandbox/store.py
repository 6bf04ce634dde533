"""The sandbox's own SQLite file: objects as Stripe shows them, with what only the sandbox knows beside them."""

import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Obj = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, object TEXT NOT NULL,
  created INTEGER NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_time ON objects (object, created, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (object, json_extract(body, '$.payment_intent'), created);
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects (object, json_extract(body, '$.charge'), created);
CREATE INDEX IF NOT EXISTS objects_by_source ON objects (object, json_extract(body, '$.source'), created);
CREATE INDEX IF NOT EXISTS open_sessions ON objects (json_extract(body, '$.expires_at'))
  WHERE object = 'checkout.session' AND json_extract(body, '$.status') = 'open';
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, path TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, state TEXT NOT NULL,
  due REAL NOT NULL, rank INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS deliveries_by_turn ON deliveries (state, due, rank);
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, type TEXT NOT NULL, at REAL NOT NULL,
  note TEXT NOT NULL, status INTEGER, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL);
"""
ALPHABET = string.ascii_letters + string.digits
BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def new_id(prefix: str, length: int = 24) -> str:
    """One draw for all its characters: drawn one by one they were half the cost of a payment."""
    return prefix + "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(length))


_moment: ContextVar[int | None] = ContextVar("moment", default=None)


def now() -> int:
    moment = _moment.get()
    return int(time.time()) if moment is None else moment


@contextmanager
def at(moment: int) -> Iterator[None]:
    """What is made meanwhile says that it was made then."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


class Store:
    """One connection behind one lock: every change is a transaction that no other interleaves with."""

    def __init__(self, path: str):
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Joins the transaction that this thread has open already, if any."""
        with self.lock:
            if self.db.in_transaction:
                yield
                return
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock:
            return self.db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        with self.lock:
            return self.db.execute(sql, values).rowcount

    def add(self, obj: Obj, **private: Any) -> Obj:
        self.run(
            "INSERT INTO objects (id, object, created, body, private) VALUES (?, ?, ?, ?, ?)",
            obj["id"],
            obj["object"],
            obj["created"],
            json.dumps(obj),
            json.dumps(private),
        )
        return obj

    def save(self, obj: Obj) -> Obj:
        self.run("UPDATE objects SET body = ? WHERE id = ?", json.dumps(obj), obj["id"])
        return obj

    def get(self, ref: str, kind: str | None = None) -> Obj | None:
        rows = self.rows("SELECT object, body FROM objects WHERE id = ?", ref)
        if not rows or (kind and rows[0]["object"] != kind):
            return None
        return dict(json.loads(rows[0]["body"]))

    def fetch(self, ref: str) -> Obj:
        """An object that another one names, so it must be there."""
        obj = self.get(ref)
        if obj is None:
            raise KeyError(ref)
        return obj

    def several(self, refs: Iterable[str]) -> dict[str, Obj]:
        """Those of them that there are, by id, in one query."""
        asked = json.dumps(sorted(set(refs)))
        rows = self.rows("SELECT id, body FROM objects WHERE id IN (SELECT value FROM json_each(?))", asked)
        return {row["id"]: json.loads(row["body"]) for row in rows}

    def private(self, ref: str) -> Obj:
        rows = self.rows("SELECT private FROM objects WHERE id = ?", ref)
        return dict(json.loads(rows[0]["private"])) if rows else {}

    def keep(self, ref: str, **private: Any) -> None:
        merged = {**self.private(ref), **private}
        self.run("UPDATE objects SET private = ? WHERE id = ?", json.dumps(merged), ref)

    def find(
        self,
        kind: str,
        *,
        fields: dict[str, Any] | None = None,
        created: dict[str, int] | None = None,
        types: list[str] | None = None,
        limit: int = 10,
        after: str | None = None,
        before: str | None = None,
    ) -> tuple[list[Obj], bool]:
        """Newest first, and whether there are more in the direction asked for. `types` may hold `*`.

        Ordered as the index is, and begun at the cursor in it: a deep page costs what the first one does.
        """
        where, values = ["object = ?"], [kind]
        for field, value in (fields or {}).items():
            where.append(f"json_extract(body, '$.{field}') IS ?")
            values.append(value)
        for bound, moment in (created or {}).items():
            where.append(f"created {BOUNDS[bound]} ?")
            values.append(moment)  # type: ignore[arg-type]  # bound to the column's own type
        if types:
            where.append("(" + " OR ".join(["json_extract(body, '$.type') GLOB ?"] * len(types)) + ")")
            values.extend(types)
        for cursor, sign in ((after, "<"), (before, ">")):
            if cursor:
                where.append(f"(created, seq) {sign} (SELECT created, seq FROM objects WHERE id = ?)")  # noqa: S608  # of our own words
                values.append(cursor)
        order = "ASC" if before else "DESC"
        rows = self.rows(  # every piece is one of our own words; what a caller gives is bound
            f"SELECT body FROM objects WHERE {' AND '.join(where)}"  # noqa: S608
            f" ORDER BY created {order}, seq {order} LIMIT ?",
            *values,
            limit + 1,
        )
        page = [json.loads(row["body"]) for row in rows[:limit]]
        return page[::-1] if before else page, len(rows) > limit

    def clear(self) -> None:
        with self.transaction():
            self.run("DELETE FROM objects")
            self.run("DELETE FROM answers")
            self.run("DELETE FROM deliveries")
            self.run("DELETE FROM attempts")
            self.run("DELETE FROM jobs")

    def close(self) -> None:
        with self.lock:
            self.db.close()
