import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from .harness import SECRET, until


def test_events_are_signed(sandbox, paid, receiver, client):
    paid()
    event = receiver.wait(2)[1].verified()
    assert event.type == "checkout.session.completed"
    assert (event.livemode, event.api_version, event.data.object.payment_status) == (
        False,
        stripe.api_version,
        "paid",
    )
    assert client.v1.events.retrieve(event.id).data.object.id == event.data.object.id


def test_event_names_the_call_that_caused_it(client, paid, receiver):
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent}, {"idempotency_key": "r1"})
    receiver.wait(4)
    assert receiver.got[0].event["request"] == {"id": None, "idempotency_key": None}
    assert receiver.got[2].event["request"]["idempotency_key"] == "r1"


def test_event_is_repeated_until_it_is_taken(sandbox, paid, receiver, client):
    sandbox.webhooks(retry_seconds=0.05)
    receiver.answers[:] = [500, 301, 404]
    paid()
    receiver.wait(5)
    counts = {}
    for delivery in receiver.got:
        counts[delivery.event["id"]] = counts.get(delivery.event["id"], 0) + 1
    assert sum(counts.values()) == 5
    until(lambda: sandbox.read("state")["deliveries"] == {"delivered": 2})
    assert {event.pending_webhooks for event in client.v1.events.list().data} == {0}


def test_events_wait_for_a_receiver_that_is_down(sandbox, paid, receiver):
    sandbox.webhooks(url="http://127.0.0.1:1/", retry_seconds=0.05)
    paid()
    until(lambda: len(sandbox.read("webhooks")["attempts"]) > 2)
    sandbox.webhooks(url=receiver.url)
    receiver.wait(2)


def test_answers_that_are_no_http_are_errors_like_others(sandbox, paid, receiver):
    with socket.create_server(("127.0.0.1", 0)) as babbler:
        babbler.settimeout(5)
        sandbox.webhooks(url=f"http://127.0.0.1:{babbler.getsockname()[1]}/", retry_seconds=0.05)
        paid()
        for _ in range(2):
            caller, _address = babbler.accept()
            caller.recv(65536)
            caller.sendall(b"what?\r\n\r\n")
            caller.close()
    sandbox.webhooks(url=receiver.url)
    receiver.wait(2)


def test_held_events_go_when_released(sandbox, paid, receiver):
    sandbox.webhooks(mode="hold")
    paid()
    assert sandbox.read("state")["deliveries"] == {"held": 2}
    assert sandbox.call("webhooks/flush") == {"released": 2}
    receiver.wait(2)
    assert receiver.types() == ["payment_intent.succeeded", "checkout.session.completed"]


def test_dropped_events_never_go_but_can_be_found(sandbox, paid, receiver, client):
    sandbox.webhooks(mode="drop")
    paid()
    sandbox.webhooks(mode="normal")
    paid()
    receiver.wait(2)
    missed = client.v1.events.list({"delivery_success": False})
    until(lambda: len(client.v1.events.list({"delivery_success": True}).data) == 2)
    assert [event.type for event in missed.data][-2:] == [
        "checkout.session.completed",
        "payment_intent.succeeded",
    ]
    assert sandbox.read("state")["deliveries"] == {"delivered": 2, "dropped": 2}


def test_duplicates(sandbox, paid, receiver):
    sandbox.webhooks(mode="duplicate", copies=3)
    paid()
    receiver.wait(6)
    ids = [delivery.event["id"] for delivery in receiver.got]
    assert sorted(ids.count(event) for event in set(ids)) == [3, 3]


def test_reorder_sends_newest_first(sandbox, paid, receiver, client):
    sandbox.webhooks(mode="reorder")
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent})
    receiver.wait(4)
    assert receiver.types() == [
        "charge.refunded",
        "refund.created",
        "checkout.session.completed",
        "payment_intent.succeeded",
    ]


def test_delay(sandbox, paid, receiver):
    sandbox.webhooks(mode="delay", seconds=60)
    paid()
    assert sandbox.read("state")["deliveries"] == {"pending": 2}
    assert receiver.got == []
    sandbox.call("webhooks/flush")
    receiver.wait(2)


@pytest.mark.parametrize("concurrent", [True, False])
def test_resend(sandbox, paid, receiver, concurrent):
    paid()
    event = receiver.wait(2)[1].event["id"]
    answer = sandbox.call(f"events/{event}/resend", times=10, concurrent=concurrent)
    assert [attempt["status"] for attempt in answer["attempts"]] == [200] * 10
    assert len({delivery.body for delivery in receiver.got[2:]} | {receiver.got[1].body}) <= 2
    for delivery in receiver.got[2:]:
        assert delivery.verified().id == event


@pytest.mark.parametrize("kind", ["bad_signature", "missing_signature", "stale", "tampered"])
def test_forged_events_do_not_verify(sandbox, paid, receiver, kind):
    paid()
    event = receiver.wait(2)[1].event["id"]
    assert sandbox.call(f"events/{event}/forge", kind=kind)["status"] == 200
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.got[-1].verified()


def test_event_from_the_future_carries_its_time(sandbox, paid, receiver):
    """The official check bounds the past alone, so the receiver must bound the future itself."""
    paid()
    event = receiver.wait(2)[1]
    sandbox.call(f"events/{event.event['id']}/forge", kind="future", seconds=7200)
    moments = [int(delivery.signature[2:].split(",")[0]) for delivery in (event, receiver.got[-1])]
    assert 7190 < moments[1] - moments[0] < 7300
    receiver.got[-1].verified()


def test_altered_event_is_signed_properly(sandbox, paid, receiver):
    paid()
    event = receiver.wait(2)[1].event
    sandbox.call(f"events/{event['id']}/forge", kind="altered")
    sandbox.call(f"events/{event['id']}/forge", kind="altered", changes={"currency": "eur", "livemode": True})
    first, second = (delivery.verified().data.object for delivery in receiver.got[-2:])
    assert first.amount_total == event["data"]["object"]["amount_total"] + 1
    assert (second.currency, second.livemode) == ("eur", True)


def test_list_of_what_was_sent(sandbox, paid, receiver):
    receiver.answers[:] = [200, 418]
    sandbox.webhooks(retry_seconds=60)
    paid()
    until(lambda: len(sandbox.read("webhooks")["attempts"]) == 2)
    attempts = sandbox.read("webhooks")["attempts"]
    assert [(item["type"], item["status"]) for item in attempts] == [
        ("payment_intent.succeeded", 200),
        ("checkout.session.completed", 418),
    ]


def test_secret_can_be_changed(sandbox, paid, receiver):
    sandbox.webhooks(secret="whsec_other")
    try:
        paid()
        delivery = receiver.wait(2)[0]
        stripe.Webhook.construct_event(delivery.body, delivery.signature, "whsec_other")
    finally:
        sandbox.webhooks(secret=SECRET)


def test_events_by_type_and_time(client, paid, sandbox):
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent})
    events = client.v1.events

    def types(**params):
        return [event.type for event in events.list(params).auto_paging_iter()]

    assert types(type="charge.refunded") == ["charge.refunded"]
    assert types(type="payment_intent.*") == ["payment_intent.succeeded"]
    assert types(types=["refund.created", "charge.refunded"]) == ["charge.refunded", "refund.created"]
    assert len(types(limit=1)) == 4
    oldest = events.list({"type": "payment_intent.succeeded"}).data[0]
    sandbox.call(f"objects/{oldest.id}", id=oldest.id)
    assert len(types(created={"gte": oldest.created})) == 4
    assert types(created={"gt": oldest.created + 60}) == []
    assert types(created={"lt": oldest.created}) == []
    assert json.dumps(types(created=oldest.created + 3600)) == "[]"


def test_lost_events_never_go_even_when_flushed(sandbox, paid, receiver, client):
    """The next two events of that type are lost, the rest goes out."""
    sandbox.webhooks(lose=2, lose_types=["payment_intent.*"])
    for _ in range(3):
        paid()
    receiver.wait(4)
    sandbox.call("webhooks/flush")
    assert sandbox.read("state")["deliveries"] == {"delivered": 4, "lost": 2}
    assert receiver.types().count("payment_intent.succeeded") == 1
    assert len(client.v1.events.list({"type": "payment_intent.succeeded"}).data) == 3
    assert sandbox.read("state")["webhooks"]["to_lose"] == 0


def test_lost_before_held_and_duplicated(sandbox, paid, receiver):
    sandbox.webhooks(mode="hold+duplicate", copies=3, lose=1)
    paid()
    assert sandbox.read("state")["deliveries"] == {"held": 3, "lost": 1}
    sandbox.call("webhooks/flush")
    receiver.wait(3)
    assert receiver.types() == ["checkout.session.completed"] * 3


def test_reset_forgets_what_was_to_be_lost(sandbox, paid, receiver):
    sandbox.webhooks(lose=5, at_once=4)
    sandbox.reset()
    assert sandbox.read("state")["webhooks"]["at_once"] == 1
    paid()
    receiver.wait(2)


def test_copies_go_at_once_when_asked(sandbox, paid, receiver):
    """All that is due is under way before the first answer: the race that a receiver must stand."""
    receiver.open.clear()
    sandbox.webhooks(mode="hold+duplicate", copies=4, at_once=8)
    paid()
    sandbox.call("webhooks/flush")
    until(lambda: receiver.under_way == 8)
    receiver.open.set()
    receiver.wait(8)
    until(lambda: sandbox.read("state")["deliveries"] == {"delivered": 8})


def test_one_at_a_time_otherwise(sandbox, paid, receiver):
    receiver.open.clear()
    paid()
    until(lambda: receiver.under_way)
    assert receiver.under_way == 1
    receiver.open.set()
    receiver.wait(2)


def test_modes_combine(sandbox, paid, receiver):
    """Newest first, each twice, and late."""
    sandbox.webhooks(mode="reorder+duplicate+delay", copies=2, seconds=0.6)
    before = time.time()
    paid()
    receiver.wait(4)
    assert time.time() - before >= 0.6
    assert receiver.types() == ["checkout.session.completed"] * 2 + ["payment_intent.succeeded"] * 2


def test_concurrent_payments_promise_each_event_once(sandbox, checkout, receiver):
    sandbox.webhooks(at_once=4)
    sessions = [checkout().id for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda ref: sandbox.act(ref, "pay"), sessions))
    receiver.wait(16)
    until(lambda: sandbox.read("state")["deliveries"] == {"delivered": 16})
    assert len({got.event["id"] for got in receiver.got}) == len(receiver.got) == 16
