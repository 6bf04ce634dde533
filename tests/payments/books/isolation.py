"""One transaction that is rolled back, around an order of events, and a server that sees inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is gone afterwards. Services may open their durable transactions in it.

    Nothing is committed, so what waits for a commit is run by `after_commit`.
    """
    block: Any = transaction.atomic()
    block._from_testcase = True  # as Django's own TestCase marks its own, for `durable=True`
    with block:
        try:
            yield
        finally:
            connection.run_on_commit.clear()
            transaction.set_rollback(True)


def after_commit() -> None:
    """Run what the services left for their commit. Those rolled back have left nothing."""
    while connection.run_on_commit:
        _sids, work, _robust = connection.run_on_commit.pop(0)
        work()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        return None


@contextmanager
def _connection_kept() -> Iterator[None]:
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


class Portal:
    """The portal over HTTP, answering in the test's own thread and so inside its transaction."""

    def __init__(self) -> None:
        self.server: Any = WSGIServer(("127.0.0.1", 0), _Quiet)
        self.server.set_app(WSGIHandler())
        self.server.timeout = 0.02
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer_while[T](self, call: Callable[[], T]) -> T:
        """Answer whatever comes until that call of somebody else's is over.

        As with Django's own test client a request that ends does not close the test's connection.
        """
        with ThreadPoolExecutor(1) as caller, _connection_kept():
            done = caller.submit(call)
            while not done.done():
                self.server.handle_request()
        return done.result()

    def close(self) -> None:
        self.server.server_close()
