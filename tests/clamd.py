"""A virus scanner for tests: it speaks clamd's INSTREAM, and can be slow or talk nonsense."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# In two parts, so that no scanner takes this file for one.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + rb"ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd(socketserver.ThreadingTCPServer):
    """`answer` None judges by content, but for what ends with `unsure`; bytes are sent as they are."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.answer: bytes | None = None
        self.unsure: bytes | None = None
        self.silent = threading.Event()
        self.seen: list[bytes] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        command = self.rfile.readline()
        assert command == b"nINSTREAM\n", command
        body = b"".join(self._chunks())
        self.server.seen.append(body)
        if self.server.silent.is_set():
            self.server.ended.wait(20)
            return
        self.wfile.write(self._verdict(body) if self.server.answer is None else self.server.answer)

    def _verdict(self, body: bytes) -> bytes:
        if self.server.unsure and body.endswith(self.server.unsure):
            return b"stream: Too deep ERROR\n"
        return b"stream: Eicar-Test-Signature FOUND\n" if EICAR in body else b"stream: OK\n"

    def _chunks(self) -> Iterator[bytes]:
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            yield self.rfile.read(size)


@contextmanager
def running(settings: Any) -> Iterator[Clamd]:
    """A scanner that the portal is told to ask."""
    with Clamd() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        settings.CLAMD_URL, settings.CLAMD_TIMEOUT = server.url, 2
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join(5)
