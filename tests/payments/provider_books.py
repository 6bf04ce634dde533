"""The running sandbox's own books, written into its store: money that moved at any time, and by the thousand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import batched
from typing import Any

from payments.sandbox.store import new_id
from tests.payments.sandbox.harness import SandboxControl

_PREFIX = {"charge": "ch_3", "refund": "re_3", "refund_failure": "re_3", "dispute": "du_1", "dispute_reversal": "du_1"}
_ADD = "INSERT INTO objects (id, object, created, body, private) VALUES (?, ?, ?, ?, '{}')"


class ProviderBooks:
    def __init__(self, sandbox: SandboxControl) -> None:
        arguments: Any = sandbox.process.args
        self.path = arguments[arguments.index("--store") + 1]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=10)) as db, db:
            yield db

    def move(self, category: str, cents: int, at: datetime, **more: Any) -> str:
        """Money that moved; returns the id by which both books would know it: the payment's, else the source's."""
        intent = more.pop("intent", None) or new_id("pi_3")
        with self._open() as db:
            db.executemany(_ADD, list(_rows(category, cents, at, intent, more)))
            source = db.execute("SELECT id FROM objects ORDER BY seq DESC LIMIT 1 OFFSET 1").fetchone()[0]
        return intent if category == "charge" else str(source)

    def charges(self, moved: Iterable[tuple[str, int, datetime]]) -> None:
        """(payment intent, cents, when) of each. A few at once: the sandbox waits for its store meanwhile."""
        rows = (row for intent, cents, at in moved for row in _rows("charge", cents, at, intent, {}))
        for some in batched(rows, 500, strict=False):
            with self._open() as db:
                db.executemany(_ADD, some)

    def set_time(self, at: datetime, *, category: str = "charge") -> None:
        """Everything of that category moved then."""
        self._change("created = ?1, body = json_set(body, '$.created', ?1)", int(at.timestamp()), category)

    def set_field(self, field: str, value: Any, *, category: str = "charge") -> None:
        self._change(f"body = json_set(body, '$.{field}', ?1)", value, category)

    def forget(self, *, category: str = "charge") -> None:
        with self._open() as db:
            db.execute(f"DELETE FROM objects WHERE {_OF_CATEGORY.replace('?2', '?1')}", (category,))  # noqa: S608  # our own words

    def _change(self, change: str, value: Any, category: str) -> None:
        with self._open() as db:
            done = db.execute(f"UPDATE objects SET {change} WHERE {_OF_CATEGORY}", (value, category))  # noqa: S608  # our own words
            assert done.rowcount, f"nothing of category {category} moved"


_OF_CATEGORY = "object = 'balance_transaction' AND json_extract(body, '$.reporting_category') = ?2"


def _rows(category: str, cents: int, at: datetime, intent: str, more: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The source, and the balance transaction that is about it."""
    created = int(at.timestamp())
    source = {
        "id": new_id(_PREFIX.get(category, "po_1")),
        "object": {"refund_failure": "refund", "dispute_reversal": "dispute"}.get(category, category),
        "amount": abs(cents),
        "created": created,
        "currency": more.get("currency", "usd"),
        "livemode": False,
        "payment_intent": intent,
        "metadata": {},
    }
    movement = {
        "id": new_id("txn_3"),
        "object": "balance_transaction",
        "amount": cents,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": "usd",
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": cents,
        "reporting_category": category,
        "source": source["id"],
        "status": "available",
        "type": category,
        **more,
    }
    for obj in (source, movement):
        yield (obj["id"], obj["object"], created, json.dumps(obj))
