"""One transaction that is rolled back, around an order of events; a server thread that sees inside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection, transaction


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


class _Server(ThreadedWSGIServer):
    def _close_connections(self) -> None:
        """The connection is the test's own; a call ends long before the test goes on."""


@contextmanager
def served() -> Iterator[str]:
    """The portal over HTTP on the test's own connection: one call at a time, while the test waits."""
    connection.inc_thread_sharing()
    server: Any = _Server(("127.0.0.1", 0), _Quiet, connections_override={"default": connection})
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
        connection.dec_thread_sharing()
