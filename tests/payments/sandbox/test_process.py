import socket
import subprocess
import sys
import time

import pytest

from .harness import ROOT, start, stop, until


def test_sigterm_ends_it_promptly_even_while_a_call_hangs(tmp_path, receiver):
    sandbox = start(tmp_path / "store.sqlite3", receiver.url)
    sandbox.call("faults", kind="timeout_before", seconds=60)
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":")[-1]))) as caller:
        caller.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_a\r\n\r\n")
        until(lambda: sandbox.read("state")["faults"] == 0)
        before = time.monotonic()
        sandbox.process.terminate()
        assert sandbox.process.wait(5) == 0
        assert time.monotonic() - before < 2
    sandbox.process.stdout.close()


def test_listens_on_127_0_0_1_only(sandbox):
    """A server on every address would answer at 127.0.0.2 as well."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", int(sandbox.url.rsplit(":")[-1])), timeout=2)


def test_promised_webhooks_outlive_a_kill(tmp_path, receiver):
    receiver.forget()
    sandbox = start(tmp_path / "store.sqlite3", "http://127.0.0.1:1/")
    item = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "Fee"}}
    session = sandbox.client().v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"price_data": item, "quantity": 1}],
            "success_url": "http://localhost/",
        }
    )
    sandbox.act(session.id, "pay")
    stop(sandbox, kill=True)
    again = start(tmp_path / "store.sqlite3", receiver.url)
    try:
        receiver.wait(2)
    finally:
        stop(again)
    assert {delivery.verified().type for delivery in receiver.got} == {
        "payment_intent.succeeded",
        "checkout.session.completed",
    }


def test_needs_nothing_of_the_portal():
    """It starts where the portal's settings would not, so it must never come to load them."""
    script = "import sys, payments.sandbox.app; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"msa_portal", "requests_app", "fieldwork", "demo", "stripe"} & set(run.stdout.split())
