"""What every part of one running sandbox shares."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from payments.sandbox.faults import Faults
from payments.sandbox.idempotency import Idempotency
from payments.sandbox.store import Obj, Store, new_id, now
from payments.sandbox.webhooks import Webhooks

API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True)
class Origin:
    """The API call that causes an event. Pages and controls cause events without one."""

    id: str | None = None
    idempotency_key: str | None = None


origin: ContextVar[Origin | None] = ContextVar("origin", default=None)
_silent: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def silence() -> Iterator[None]:
    """What happens meanwhile in this thread causes no events."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


@dataclass
class Sandbox:
    store: Store
    webhooks: Webhooks
    public_url: str
    stopping: threading.Event
    later_seconds: float = 5
    faults: Faults = field(default_factory=Faults)
    page_token: str = field(default_factory=lambda: new_id("", 32))

    def __post_init__(self) -> None:
        self.idempotency = Idempotency(self.store)

    def emit(self, kind: str, obj: Obj) -> None:
        """Records the event with the object as it is now, and promises its delivery, in the open transaction."""
        if _silent.get():
            return
        cause = origin.get() or Origin()
        event: Obj = {
            "id": new_id("evt_1"),
            "object": "event",
            "api_version": API_VERSION,
            "created": now(),
            "data": {"object": obj},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": cause.id, "idempotency_key": cause.idempotency_key},
            "type": kind,
        }
        self.store.add(event)
        self.webhooks.enqueue(event)


def make(path: str, *, public_url: str, webhook_url: str, webhook_secret: str) -> Sandbox:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    store, stopping = Store(path), threading.Event()
    return Sandbox(store, Webhooks(store, webhook_url, webhook_secret, stopping), public_url, stopping)
