import json
import threading
import time

import pytest
import stripe

from .conftest import FEE


def impatient(sandbox, retries=0):
    return sandbox.client(http_client=stripe.RequestsClient(timeout=0.4), max_network_retries=retries)


def test_timeout_after_the_work_then_the_retry_gets_the_answer(sandbox, paid, client):
    intent, options = paid(), {"idempotency_key": "r1"}
    sandbox.call("faults", kind="timeout_after", seconds=1)
    with pytest.raises(stripe.APIConnectionError):
        impatient(sandbox).v1.refunds.create({"payment_intent": intent}, options)
    again = client.v1.refunds.create({"payment_intent": intent}, options)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert [item.amount for item in client.v1.refunds.list().data] == [FEE]


def test_timeout_before_the_work_does_nothing(sandbox, paid, client):
    intent = paid()
    sandbox.call("faults", kind="timeout_before", seconds=1, path="/v1/refunds")
    with pytest.raises(stripe.APIConnectionError):
        impatient(sandbox).v1.refunds.create({"payment_intent": intent})
    assert client.v1.refunds.list().data == []


@pytest.mark.parametrize(
    ("kind", "done", "then"), [("error_before", 0, 200), ("error_after", 1, 200), ("error_saved", 1, 500)]
)
def test_500_before_and_after_the_work(sandbox, paid, client, kind, done, then):
    intent, options = paid(), {"idempotency_key": "r1"}
    sandbox.call("faults", kind=kind, count=1, method="POST")
    with pytest.raises(stripe.APIError) as caught:
        client.v1.refunds.create({"payment_intent": intent}, options)
    assert caught.value.http_status == 500
    assert len(client.v1.refunds.list().data) == done
    try:
        status = client.v1.refunds.create({"payment_intent": intent}, options).last_response.code
    except stripe.APIError as error:
        status = error.http_status
    assert status == then
    assert len(client.v1.refunds.list().data) == 1


def test_faults_are_counted_and_cleared(sandbox, client):
    sandbox.call("faults", kind="error_before", count=2)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.events.list()
    client.v1.events.list()
    sandbox.call("faults", kind="error_before")
    assert sandbox.http("DELETE", "/sandbox/faults").status == 200
    client.v1.events.list()


def test_official_client_rides_out_one_500(sandbox, paid):
    intent = paid()
    sandbox.call("faults", kind="error_after", method="POST")
    client = sandbox.client(max_network_retries=2)
    assert client.v1.refunds.create({"payment_intent": intent}).amount == FEE
    assert len(client.v1.refunds.list().data) == 1


def test_altered_object_is_what_a_fetch_finds(sandbox, client, checkout):
    session = checkout()
    sandbox.call(f"objects/{session.id}", amount_total=1, currency="eur")
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert (session.amount_total, session.currency) == (1, "eur")


def test_pay_control_tells_the_result(sandbox, checkout):
    assert sandbox.act(checkout().id, "pay", card="4000 0000 0000 0002")["result"] == "declined"
    assert sandbox.act(checkout().id, "pay", card="4000002500003155")["result"] == "authenticate"
    assert sandbox.act(checkout().id, "pay", card="4000002500003155", authenticate=True)["result"] == "complete"
    paid = checkout()
    sandbox.act(paid.id, "pay")
    assert sandbox.act(paid.id, "pay")["result"] == "closed"


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("webhooks", {"mode": "sometimes"}),
        ("webhooks", {"colour": "red"}),
        ("faults", {"kind": "explode"}),
        ("faults", {"kind": "error_before", "colour": "red"}),
        ("later", {"minutes": 1}),
        ("later", {"seconds": "soon"}),
        ("payments/cs_none/pay", {}),
        ("events/evt_none/resend", {}),
        ("objects/cs_none", {}),
        ("nothing", {}),
    ],
)
def test_calls_that_are_not_understood(sandbox, path, options):
    headers = {"Content-Type": "application/json"}
    answer = sandbox.http("POST", f"/sandbox/{path}", json.dumps(options).encode(), headers)
    assert answer.status in (400, 404)
    assert json.loads(answer.text)["error"]["message"]


def test_acts_that_are_not_possible_now(sandbox, checkout):
    session = checkout()
    headers = {"Content-Type": "application/json"}
    for name in ("settle", "fail", "refund", "dispute", "win", "dance"):
        assert sandbox.http("POST", f"/sandbox/payments/{session.id}/{name}", b"{}", headers).status == 400


def test_form_post_from_another_page_is_refused(sandbox):
    answer = sandbox.submit("/sandbox/reset", x="1")
    assert answer.status == 415


def test_reset_empties_the_store(sandbox, client, paid):
    paid()
    sandbox.webhooks(mode="hold")
    sandbox.reset()
    assert client.v1.events.list().data == []
    state = sandbox.read("state")
    assert (state["webhooks"]["mode"], state["deliveries"]) == ("normal", {})


def test_ready_quickly_and_gone_at_once(sandbox):
    before = time.monotonic()
    assert sandbox.http("GET", "/healthz").text == "ok\n"
    assert time.monotonic() - before < 1


def test_reset_lets_a_delivery_under_way_end(sandbox, paid, receiver):
    receiver.open.clear()
    paid()
    assert receiver.called.wait(5)
    threading.Timer(0.3, receiver.open.set).start()
    sandbox.reset()
    assert receiver.types() == ["payment_intent.succeeded"]
    assert sandbox.read("webhooks") == {"deliveries": [], "attempts": []}
