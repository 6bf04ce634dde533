import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import stripe

from .harness import start, stop


def test_same_key_and_body_give_the_first_answer(client, checkout):
    options = {"idempotency_key": "fee-7"}
    first, second = checkout(options=options), checkout(options=options)
    assert first.to_dict() == second.to_dict()
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_same_key_with_another_body_or_address(client, checkout, paid):
    options = {"idempotency_key": "fee-7"}
    session = checkout(options=options)
    with pytest.raises(stripe.IdempotencyError) as caught:
        checkout(amount=100, options=options)
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.expire(session.id, options=options)


def test_same_key_at_once_makes_one_session(sandbox):
    """Those that come while the first is under way are answered 409, and the official client tries again."""
    item = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "Fee"}}
    params = {
        "mode": "payment",
        "line_items": [{"price_data": item, "quantity": 1}],
        "success_url": "http://localhost/",
    }

    def create(_):
        client = sandbox.client(max_network_retries=5)
        return client.v1.checkout.sessions.create(params, {"idempotency_key": "once"}).id

    with ThreadPoolExecutor(10) as pool:
        ids = set(pool.map(create, range(10)))
    assert len(ids) == 1
    assert len(sandbox.client().v1.checkout.sessions.list().data) == 1


def test_key_under_way_is_409(sandbox, paid):
    intent = paid()
    sandbox.call("faults", kind="timeout_during", seconds=0.7, method="POST")
    headers = {"Authorization": "Bearer sk_test_a", "Idempotency-Key": "slow"}
    body = urlencode({"payment_intent": intent, "amount": "100"}).encode()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(sandbox.http, "POST", "/v1/refunds", body, headers)
        while not sandbox.read("state")["running_keys"]:
            pass
        error = sandbox.http("POST", "/v1/refunds", body, headers)
    assert error.status == 409
    assert json.loads(error.text)["error"]["code"] == "idempotency_key_in_use"
    assert slow.result().status == 200


def test_refusal_after_the_start_is_kept_and_a_malformed_call_is_not(client, paid):
    intent, options = paid(), {"idempotency_key": "refund-1"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent, "amount": "x"}, options)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent, "amount": 30000}, options)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent, "amount": 30000}, options)
    assert caught.value.headers["Idempotent-Replayed"] == "true"


def test_limit_broken_uses_no_key_up(checkout):
    options = {"idempotency_key": "fee-8"}
    with pytest.raises(stripe.InvalidRequestError):
        checkout(amount=49, options=options)
    assert checkout(amount=50, options=options).amount_total == 50


def test_answers_outlive_a_kill(tmp_path, receiver):
    store, options = tmp_path / "store.sqlite3", {"idempotency_key": "kept"}
    item = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "Fee"}}
    params = {
        "mode": "payment",
        "line_items": [{"price_data": item, "quantity": 1}],
        "success_url": "http://localhost/",
    }
    sandbox = start(store, receiver.url)
    first = sandbox.client().v1.checkout.sessions.create(params, options)
    stop(sandbox, kill=True)
    again = start(store, receiver.url)
    try:
        second = again.client().v1.checkout.sessions.create(params, options)
        assert second.id == first.id
        assert len(again.client().v1.checkout.sessions.list().data) == 1
    finally:
        stop(again)
