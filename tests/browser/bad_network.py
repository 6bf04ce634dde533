"""What stands between a phone and the portal: a real proxy that aborts at a random byte, answers for others, and closes.

One connection carries one request, so that each meets a fate of its own. Only the field app's questions do; the share of
each fate is set while it runs, and the seed makes a run the same again.
"""

from __future__ import annotations

import asyncio
import random
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from commands.processes import free_port

API = "/field/api/"
SECONDS_TO_START = 10


def page(status: str, kind: str, body: str, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n{more}"
    return f"{head}Connection: close\r\n\r\n{body}".encode()


@dataclass
class BadNetwork:
    """`aborts` and `foreigns` are shares of the app's requests; `trouble` is answered to all of them where it is set;
    `is_closed` ends each connection unread. `bytes` counts what came from the phone in the app's requests."""

    port_behind: int
    seed: int
    aborts: float = 0.0
    foreigns: float = 0.0
    only: str = ""  # a method that alone is aborted
    trouble: bytes = b""
    is_closed: bool = False
    bytes: int = 0
    answered: list[str] = field(default_factory=list)

    FOREIGN: ClassVar[list[bytes]] = [
        page("404 Not Found", "text/html", "<h1>404 Not Found</h1>"),
        page("404 Not Found", "application/json", '{"code": "not_found"}'),
        page("200 OK", "application/json", "{}"),
        page("200 OK", "text/html", "<form>Sign in to HotelNet</form>"),
        page("401 Unauthorized", "application/json", '{"code": "signed_out"}'),
        page("409 Conflict", "application/problem+json", '{"code": "different_report", "detail": "No."}'),
        page("302 Found", "text/html", "", "Location: http://127.0.0.1:9/login\r\n"),
        page(
            "200 OK",
            "application/json",
            '{"technician": {"id": 1}, "csrf": "x", "accepted": true, "received": 99999999}',
        ),
    ]
    TROUBLE: ClassVar[bytes] = page("503 Service Unavailable", "text/html", "<h1>503</h1>")

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)
        self.port = free_port()
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        assert self.ready.wait(SECONDS_TO_START)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", self.port))
        self.ready.set()
        self.loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.run_until_complete(asyncio.sleep(0.1))  # connections that were closed just now
        self.loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._request(reader, writer)
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, path = head.decode("latin-1").split(" ", 2)[:2]
        size = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if self.is_closed:
            return
        if not path.startswith(API):
            await self._pass_on(head, await reader.readexactly(size), writer)
            return
        breaks = self.luck.random() < self.aborts and self.only in {"", method}
        # The last tenth: it went out whole, and the answer was lost.
        share = self.luck.random() * 1.1 if breaks else 2.0
        wanted = min(size, int(size * share))
        body = await reader.readexactly(wanted)
        self.bytes += len(head) + wanted
        if breaks and share < 1:
            writer.transport.abort()
        elif self.trouble:
            await self._answer(self.trouble, writer)
        elif not breaks and self.luck.random() < self.foreigns:
            await self._answer(self.luck.choice(self.FOREIGN), writer)
        elif breaks:
            await self._pass_on(head, body, None)
            writer.transport.abort()
        else:
            self.answered.append(f"{method} {path}")
            await self._pass_on(head, body, writer)

    @staticmethod
    async def _answer(words: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()

    async def _pass_on(self, head: bytes, body: bytes, to: asyncio.StreamWriter | None) -> None:
        lines = [line for line in head.split(b"\r\n")[:-2] if not line.lower().startswith(b"connection:")]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port_behind)
        try:
            writer.write(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            while chunk := await reader.read(65_536):
                if to:
                    to.write(chunk)
                    await to.drain()
        finally:
            writer.close()
