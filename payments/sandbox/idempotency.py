"""The first answer to a key is the answer, for as long as the store lives."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from payments.sandbox.errors import ApiError, ParamError, idempotency
from payments.sandbox.store import Store, now


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    replayed: bool = False


class Idempotency:
    """The effect and its saved answer are one transaction, so a kill leaves both or neither."""

    def __init__(self, store: Store):
        self.store = store
        self.running: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """A second call while the first is under way is answered 409, which Stripe's clients retry."""
        with self._lock:
            if key in self.running:
                raise idempotency(
                    f"Another request with the key '{key}' is still under way. Try again in a moment.",
                    status=409,
                    code="idempotency_key_in_use",
                )
            self.running.add(key)
        try:
            yield
        finally:
            with self._lock:
                self.running.discard(key)

    def run(
        self,
        key: str,
        path: str,
        fingerprint: str,
        work: Callable[[], Answer],
        render: Callable[[ApiError], Answer],
    ) -> Answer:
        """Under a claim on the key: the saved answer, else the first one."""
        saved = self._saved(key, path, fingerprint)
        return saved or self._first(key, path, fingerprint, work, render)

    def _saved(self, key: str, path: str, fingerprint: str) -> Answer | None:
        rows = self.store.rows("SELECT * FROM answers WHERE key = ?", key)
        if not rows:
            return None
        if (rows[0]["path"], rows[0]["fingerprint"]) != (path, fingerprint):
            raise idempotency(
                f"The key '{key}' was first used with another address or other parameters. "
                "Use a new key for a different request."
            )
        return Answer(rows[0]["status"], rows[0]["body"], replayed=True)

    def _first(
        self,
        key: str,
        path: str,
        fingerprint: str,
        work: Callable[[], Answer],
        render: Callable[[ApiError], Answer],
    ) -> Answer:
        """What fails before it begins (ParamError) is not kept; any later refusal is."""
        try:
            with self.store.transaction():
                answer = work()
                self._save(key, path, fingerprint, answer)
        except ParamError:
            raise
        except ApiError as error:
            answer = render(error)
            self._save(key, path, fingerprint, answer)
        return answer

    def _save(self, key: str, path: str, fingerprint: str, answer: Answer) -> None:
        self.store.run(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
            key,
            path,
            fingerprint,
            answer.status,
            answer.body,
            now(),
        )
