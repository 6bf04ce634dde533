"""A customer-record service for tests: a real HTTP server, which can be slow, broken or gone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from requests_app.utility_records.sources import service

KEY = "test-key"
ACCOUNT = {
    "account_number": "700123456789",
    "name": "SAMPLE, ALICE B & ROBERT",
    "street": "12 OAK AVE",
    "unit": "",
    "city": "MONROVIA",
    "zip_code": "91016-1234",
    "meter_number": "223010-123456",
    "service_class": "TOU-D-PRIME",
    "meter_kind": "2S CL200",
}


class Answer:
    """What the server sends: by default the account as JSON."""

    def __init__(self, body: Any = None, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(ACCOUNT if body is None else body).encode()
        self.status, self.headers = status, headers or {}
        self.wait = self.pause = 0.0


class Service(ThreadingHTTPServer):
    """`answers` are used up one by one, the last one again and again; `seen` are path and Authorization."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = [Answer()]
        self.seen: list[tuple[str, str | None]] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        answer = self.server.next()
        if answer.wait:
            self.server.ended.wait(answer.wait)
        try:
            self._send(answer)
        except OSError:
            return  # the portal did not wait

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if not answer.pause:
            self.wfile.write(answer.body)
            return
        for place in range(len(answer.body)):
            self.wfile.write(answer.body[place : place + 1])
            time.sleep(answer.pause)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running(settings: Any) -> Iterator[Service]:
    """A service that the portal is told to ask, with a breaker of its own."""
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        settings.CUSTOMER_RECORDS_URL, settings.CUSTOMER_RECORDS_KEY = server.url, KEY
        settings.CUSTOMER_RECORDS_TIMEOUT, settings.CUSTOMER_RECORDS_REST = 1, 30
        service.breaker.cache_clear()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join(5)
            service.breaker.cache_clear()
