"""Events go out signed, in order, at least once; or held, lost, repeated, reversed, late or at once, as a test asks."""

import hashlib
import hmac
import http.client
import json
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from payments.sandbox.store import Obj, Store

MODES = ("normal", "hold", "drop", "duplicate", "reorder", "delay")
REORDER_WINDOW = 0.4
TIMEOUT = 10
MOST_TRIES = 12
MOST_AT_ONCE = 16


@dataclass(frozen=True)
class Attempt:
    status: int | None
    answer: str

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def payload(event: Obj) -> bytes:
    return json.dumps(event, indent=2).encode()


def signature(body: bytes, secret: str, moment: int | None = None) -> str:
    stamp = int(time.time()) if moment is None else moment
    signed = str(stamp).encode() + b"." + body
    return f"t={stamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Webhooks:
    def __init__(self, store: Store, url: str, secret: str, stopping: threading.Event):
        self.store, self.url, self.secret, self.stopping = store, url, secret, stopping
        self.retry_seconds = 1.0
        self.at_once = 1
        self.wake = threading.Event()
        self.delivering = threading.Lock()
        self.set_mode("normal")
        self.lose(0, [])

    def set_mode(self, mode: str, copies: int = 2, seconds: float = 2) -> None:
        self.mode, self.copies, self.seconds = mode, copies, seconds

    @property
    def modes(self) -> set[str]:
        return set(self.mode.split("+"))

    def lose(self, count: int, types: list[str]) -> None:
        """The next `count` events never go out, whatever the mode; of these types (`*` fits any rest), where given."""
        self.to_lose, self.lose_types = count, types

    def enqueue(self, event: Obj) -> None:
        """Called inside the transaction of the event's cause: the row is the promise to deliver."""
        modes = self.modes
        if self._is_lost(event["type"]):
            state = "lost"
        else:
            state = "dropped" if "drop" in modes else "held" if "hold" in modes else "pending"
        due = time.time() + (self.seconds if "delay" in modes else REORDER_WINDOW if "reorder" in modes else 0)
        for _ in range(self.copies if "duplicate" in modes and state != "lost" else 1):
            self._add(event["id"], state, due)
        self.wake.set()

    def _is_lost(self, kind: str) -> bool:
        fits = not self.lose_types or any(fnmatchcase(kind, pattern) for pattern in self.lose_types)
        if not fits or self.to_lose < 1:
            return False
        self.to_lose -= 1
        return True

    def _add(self, event: str, state: str, due: float) -> None:
        """Reordering: whatever waits is moved to the newest event's time and goes newest first."""
        sign = 1
        if "reorder" in self.modes:
            sign = -1
            self.store.run("UPDATE deliveries SET due = ? WHERE state = 'pending' AND rank < 0 AND tries = 0", due)
        self.store.run(
            "INSERT INTO deliveries (event, state, due, rank) SELECT ?, ?, ?,"
            " ? * (coalesce(max(id), 0) + 1) FROM deliveries",
            event,
            state,
            due,
            sign,
        )

    def flush(self) -> int:
        count = self.store.run(
            "UPDATE deliveries SET state = 'pending', due = ?, tries = 0 WHERE state IN ('held', 'pending', 'failed')",
            time.time(),
        )
        self.wake.set()
        return count

    def run(self) -> None:
        while not self.stopping.is_set():
            self.wake.clear()
            if not self.deliver_next():
                self.wake.wait(0.1)

    def deliver_next(self) -> bool:
        """Whether something was due. While the receiver is waited for, the store is free; only a reset waits.

        One at a time and in order, unless a test asked for several `at_once`: then those that are due go together.
        """
        with self.delivering:
            rows = self.store.rows(
                "SELECT * FROM deliveries WHERE state = 'pending' AND due <= ? ORDER BY due, rank LIMIT ?",
                time.time(),
                self.at_once,
            )
            threads = [threading.Thread(target=self._deliver, args=(row,), daemon=True) for row in rows[1:]]
            for thread in threads:
                thread.start()
            done = bool(rows) and self._deliver(rows[0])
            for thread in threads:
                thread.join()
            return done

    def _deliver(self, row: sqlite3.Row) -> bool:
        event = self.store.get(row["event"])
        if event is None:
            return False
        attempt = self.send(event)
        with self.store.transaction():
            self._settle(row["id"], row["tries"] + 1, event["id"], attempt)
        return True

    def _settle(self, delivery: int, tries: int, event: str, attempt: Attempt) -> None:
        state = "pending"
        if attempt.taken:
            state = "delivered"
            self.store.run("UPDATE objects SET body = json_set(body, '$.pending_webhooks', 0) WHERE id = ?", event)
        elif tries >= MOST_TRIES:
            state = "failed"
        wait = min(self.retry_seconds * 2 ** (tries - 1), 300)
        self.store.run(
            "UPDATE deliveries SET state = ?, tries = ?, due = ? WHERE id = ?",
            state,
            tries,
            time.time() + wait,
            delivery,
        )

    def send(self, event: Obj, *, body: bytes | None = None, header: str | None = None, note: str = "") -> Attempt:
        """One POST, recorded with its answer. An empty header means no signature at all."""
        body = body or payload(event)
        header = signature(body, self.secret) if header is None else header
        attempt = self._post(body, header)
        self.store.run(
            "INSERT INTO attempts (event, type, at, note, status, answer) VALUES (?, ?, ?, ?, ?, ?)",
            event["id"],
            event["type"],
            time.time(),
            note,
            attempt.status,
            attempt.answer,
        )
        return attempt

    def _post(self, body: bytes, header: str) -> Attempt:
        if not self.url:
            return Attempt(None, "No webhook address is set.")
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}
        if header:
            headers["Stripe-Signature"] = header
        request = urllib.request.Request(  # noqa: S310  # the developer gave this address
            self.url, data=body, headers=headers, method="POST"
        )
        try:
            with OPENER.open(request, timeout=TIMEOUT) as answer:
                return Attempt(answer.status, answer.read(500).decode(errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                return Attempt(error.code, error.read(500).decode(errors="replace"))
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Attempt(None, str(error) or type(error).__name__)
