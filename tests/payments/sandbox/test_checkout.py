import time

import pytest
import stripe

from .conftest import FEE


def refusal(call, *args, **kwargs):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_session_as_created(checkout, sandbox):
    session = checkout(customer_email="pat@example.com", client_reference_id="MSA-2026-000001", metadata={"fee": "7"})
    assert session.id.startswith("cs_test_")
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    assert (session.status, session.payment_status, session.livemode) == ("open", "unpaid", False)
    assert (session.amount_total, session.currency, session.mode) == (FEE, "usd", "payment")
    assert (session.payment_intent, session.customer_email) == (None, "pat@example.com")
    assert (session.client_reference_id, session.metadata.to_dict()) == ("MSA-2026-000001", {"fee": "7"})
    assert session.expires_at - session.created == 24 * 3600
    assert session.payment_method_types == ["card"]


def test_total_is_the_sum_of_the_items(client):
    price = {"currency": "USD", "unit_amount": 150, "product_data": {"name": "A & B"}}
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 2}, {"price_data": price, "quantity": 1}],
            "success_url": "https://example.com/",
            "expand": ["line_items"],
        }
    )
    assert (session.amount_total, session.currency) == (450, "usd")
    assert [item.amount_total for item in session.line_items.data] == [300, 150]


def test_paid_session_leads_to_intent_and_charge(sandbox, client, checkout):
    session = checkout(payment_intent_data={"metadata": {"fee": "7"}})
    answer = sandbox.act(session.id, "pay")
    assert answer["success_url"] == f"http://127.0.0.1:1/paid/?session={session.id}"
    session = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent", "payment_intent.latest_charge"]}
    )
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    intent, charge = session.payment_intent, session.payment_intent.latest_charge
    assert (intent.status, intent.amount_received) == ("succeeded", FEE)
    assert intent.metadata.to_dict() == {"fee": "7"}
    assert (charge.paid, charge.status, charge.payment_method_details.card.last4) == (
        True,
        "succeeded",
        "4242",
    )
    assert client.v1.charges.retrieve(charge.id, {"expand": ["payment_intent"]}).payment_intent.id == intent.id


@pytest.mark.parametrize(("seconds", "accepted"), [(1500, False), (1900, True), (86300, True), (90000, False)])
def test_expires_at_within_30_minutes_and_24_hours(checkout, seconds, accepted):
    moment = int(time.time()) + seconds
    if accepted:
        assert checkout(expires_at=moment).expires_at == moment
    else:
        assert refusal(checkout, expires_at=moment).param == "expires_at"


def test_expire(client, checkout, receiver):
    session = client.v1.checkout.sessions.expire(checkout().id)
    assert (session.status, session.url) == ("expired", None)
    assert receiver.wait(1)[0].event["type"] == "checkout.session.expired"
    error = refusal(client.v1.checkout.sessions.expire, session.id)
    assert "open" in str(error)


def test_session_past_its_time_expires_by_itself(sandbox, checkout, client, receiver):
    session = checkout()
    sandbox.call(f"objects/{session.id}", expires_at=int(time.time()) - 1)
    receiver.wait(1)
    assert receiver.types() == ["checkout.session.expired"]
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"


def test_list_by_intent_and_status(sandbox, client, checkout):
    first, second = checkout(), checkout()
    sandbox.act(first.id, "pay")
    intent = client.v1.checkout.sessions.retrieve(first.id).payment_intent
    sessions = client.v1.checkout.sessions.list({"payment_intent": intent, "expand": ["data.payment_intent"]})
    assert [(item.id, item.payment_intent.id) for item in sessions.data] == [(first.id, intent)]
    assert [item.id for item in client.v1.checkout.sessions.list({"status": "open"}).data] == [second.id]


def test_list_pages_backward_and_forward(client, checkout):
    ids = [checkout().id for _ in range(5)][::-1]
    sessions = client.v1.checkout.sessions
    first = sessions.list({"limit": 2})
    assert ([item.id for item in first.data], first.has_more) == (ids[:2], True)
    last = sessions.list({"limit": 3, "starting_after": ids[1]})
    assert ([item.id for item in last.data], last.has_more) == (ids[2:], False)
    back = sessions.list({"limit": 1, "ending_before": ids[2]})
    assert [item.id for item in back.data] == [ids[1]]
    assert [item.id for item in sessions.list({"limit": 2}).auto_paging_iter()] == ids
    assert refusal(sessions.list, {"starting_after": "cs_test_none"}).param == "starting_after"


def test_nothing_to_pay(sandbox, client, checkout):
    session = checkout(amount=0)
    assert session.payment_status == "no_payment_required"
    page = sandbox.http("GET", session.url)
    answer = sandbox.submit(session.url, token=page.field("token"))
    assert answer.status == 303
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert (session.status, session.payment_status, session.payment_intent) == (
        "complete",
        "no_payment_required",
        None,
    )


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"payment_intent_data": {"x": "1"}}, "parameter_unknown", "payment_intent_data[x]"),
        ({"mode": "subscription"}, None, "mode"),
        ({"success_url": "javascript:alert(1)"}, "url_invalid", "success_url"),
        ({"success_url": "javascript://localhost/%0aalert(1)"}, "url_invalid", "success_url"),
        ({"cancel_url": "http://a b/"}, "url_invalid", "cancel_url"),
        ({"customer_email": "pat"}, "email_invalid", "customer_email"),
        ({"client_reference_id": ""}, "parameter_invalid_empty", "client_reference_id"),
        ({"expires_at": "soon"}, "parameter_invalid_integer", "expires_at"),
        ({"amount": 49}, "amount_too_small", None),
        ({"allowed_payment_method_types": ["cash"]}, None, "allowed_payment_method_types[0]"),
        ({"expand": ["customer_tax"]}, None, "expand"),
        ({"metadata": {"a" * 41: "b"}}, None, f"metadata[{'a' * 41}]"),
    ],
)
def test_bad_parameters_are_refused(checkout, params, code, param):
    error = refusal(checkout, **params)
    assert (error.code, error.param, error.http_status) == (code, param, 400)


def test_missing_parameters_are_named(client):
    error = refusal(client.v1.checkout.sessions.create, {"mode": "payment"})
    assert (error.code, error.param) == ("parameter_missing", "line_items")
    item = {"price_data": {"currency": "usd", "product_data": {"name": "x"}}, "quantity": 1}
    params = {"mode": "payment", "line_items": [item], "success_url": "http://localhost/"}
    error = refusal(client.v1.checkout.sessions.create, params)
    assert error.param == "line_items[0][price_data][unit_amount]"


def test_unknown_ids_are_404(client):
    for call in (
        client.v1.checkout.sessions.retrieve,
        client.v1.payment_intents.retrieve,
        client.v1.charges.retrieve,
        client.v1.refunds.retrieve,
        client.v1.disputes.retrieve,
        client.v1.events.retrieve,
    ):
        error = refusal(call, "xx_none")
        assert (error.code, error.http_status, error.param) == ("resource_missing", 404, "id")
