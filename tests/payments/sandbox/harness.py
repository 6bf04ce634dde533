"""A sandbox as a process of its own, the receiver of its webhooks, and its control API as methods."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import stripe

ROOT = Path(__file__).resolve().parents[3]
SECRET = "whsec_sandbox_tests"
KEY = "sk_test_sandbox"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ready: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true answer of `ready`; fails where none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if outcome := ready():
            return outcome
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {ready}")


@dataclass(frozen=True)
class Delivery:
    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def verified(self) -> stripe.Event:
        return stripe.Webhook.construct_event(self.body, self.signature, SECRET)


class Receiver:
    """Answers 200, or the statuses in `answers` first; takes a delivery in only while `open` is set."""

    def __init__(self) -> None:
        self.got: list[Delivery] = []
        self.answers: list[int] = []
        self.under_way = 0
        counting = threading.Lock()
        self.called, self.open = threading.Event(), threading.Event()
        self.open.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.called.set()
                with counting:
                    receiver.under_way += 1
                receiver.open.wait(5)
                with counting:
                    receiver.under_way -= 1
                receiver.got.append(Delivery(body, self.headers.get("Stripe-Signature", "")))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.send_header("Location", "/elsewhere/")
                self.end_headers()

            def do_GET(self) -> None:
                """Where a redirect leads, which a webhook must not follow."""
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: Any, **kwargs: Any) -> None:
                return None

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/stripe/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def types(self) -> list[str]:
        return [delivery.event["type"] for delivery in self.got]

    def wait(self, count: int) -> list[Delivery]:
        until(lambda: len(self.got) >= count)
        return self.got

    def forget(self) -> None:
        self.got.clear()
        self.answers.clear()
        self.called.clear()
        self.open.set()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    text: str

    def field(self, name: str) -> str:
        """The value of the form's input of that name."""
        match = re.search(rf'name="{name}"[^>]* value="([^"]*)"', self.text)
        assert match, f"no field {name} in {self.text}"
        return match[1]


class SandboxControl:
    def __init__(self, url: str, process: subprocess.Popen[str]):
        self.url, self.process = url, process

    def client(self, key: str = KEY, **options: Any) -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": self.url}, **options)

    def http(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Any call as it is, redirects not followed."""
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)  # noqa: S310  # loopback
        try:
            with OPENER.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def submit(self, path: str, **form: str) -> Answer:
        return self.http("POST", path, urllib.parse.urlencode(form).encode())

    def call(self, path: str, /, **options: Any) -> dict[str, Any]:
        """POST to a control, which must succeed."""
        headers = {"Content-Type": "application/json"}
        answer = self.http("POST", f"/sandbox/{path}", json.dumps(options).encode(), headers)
        assert answer.status == 200, answer.text
        return dict(json.loads(answer.text))

    def read(self, path: str) -> dict[str, Any]:
        return dict(json.loads(self.http("GET", f"/sandbox/{path}").text))

    def act(self, ref: str, name: str, /, **options: Any) -> dict[str, Any]:
        return self.call(f"payments/{ref}/{name}", **options)

    def webhooks(self, **options: Any) -> dict[str, Any]:
        return self.call("webhooks", **options)

    def bulk(self, rows: list[dict[str, Any]], chunk: int = 2500) -> list[dict[str, str]]:
        """That many card payments, made without events; the ids of each row's session, intent, charge and so on."""
        made: list[dict[str, str]] = []
        for start in range(0, len(rows), chunk):
            made += self.call("payments/bulk", rows=rows[start : start + chunk])["payments"]
        return made

    def reset(self) -> None:
        self.call("reset")


def start(store: Path, webhook_url: str, port: int | None = None) -> SandboxControl:
    port = port or free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "payments.sandbox", "--port", str(port), "--store", str(store)),
            *("--webhook-url", webhook_url, "--webhook-secret", SECRET),
            *("--public-url", f"http://127.0.0.1:{port}"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "ready" in process.stdout.readline()
    return SandboxControl(f"http://127.0.0.1:{port}", process)


def stop(sandbox: SandboxControl, *, kill: bool = False) -> None:
    if kill:
        sandbox.process.kill()
    else:
        sandbox.process.terminate()
    sandbox.process.wait(5)
    if sandbox.process.stdout:
        sandbox.process.stdout.close()


@contextmanager
def running(store: Path, webhook_url: str) -> Iterator[SandboxControl]:
    sandbox = start(store, webhook_url)
    try:
        yield sandbox
    finally:
        stop(sandbox)
