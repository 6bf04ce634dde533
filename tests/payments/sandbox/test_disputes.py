import json

import pytest
import stripe

from .conftest import FEE


def test_disputed_payment_cannot_be_refunded_until_it_is_won(sandbox, client, paid, receiver):
    intent = paid()
    opened = sandbox.act(intent, "dispute", reason="product_not_received")
    dispute = client.v1.disputes.retrieve(opened["id"], {"expand": ["charge"]})
    assert (dispute.amount, dispute.status, dispute.reason) == (FEE, "needs_response", "product_not_received")
    assert (dispute.charge.disputed, dispute.payment_intent) == (True, intent)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_disputed"
    assert sandbox.act(intent, "win")["status"] == "won"
    assert client.v1.refunds.create({"payment_intent": intent}).amount == FEE
    receiver.wait(8)
    assert receiver.types()[2:6] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


def test_lost_dispute_stays_closed_to_refunds(sandbox, client, paid):
    intent = paid()
    sandbox.act(intent, "dispute")
    sandbox.act(intent, "lose")
    assert [item.status for item in client.v1.disputes.list({"payment_intent": intent}).data] == ["lost"]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})


def test_card_that_is_disputed_later(sandbox, client, paid, receiver):
    intent = paid("4000000000000259")
    assert client.v1.disputes.list().data == []
    assert sandbox.call("later/run") == {"ran": 1}
    assert [item.reason for item in client.v1.disputes.list({"payment_intent": intent}).data] == ["fraudulent"]
    receiver.wait(4)
    assert receiver.types()[2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_dispute_of_what_was_refunded_meanwhile_does_not_open(sandbox, client, paid):
    client.v1.refunds.create({"payment_intent": paid("4000000000000259")})
    sandbox.call("later/run")
    assert client.v1.disputes.list().data == []


def test_inquiry_takes_no_money_and_stops_no_refund(sandbox, client, paid, receiver):
    intent = paid()
    opened = sandbox.act(intent, "dispute", inquiry=True)
    assert (opened["status"], opened["is_charge_refundable"]) == ("warning_needs_response", True)
    assert opened["balance_transactions"] == []
    assert client.v1.refunds.create({"payment_intent": intent, "amount": 100}).status == "succeeded"
    assert sandbox.act(intent, "close")["status"] == "warning_closed"
    assert client.v1.charges.list({"payment_intent": intent}).data[0].disputed
    assert {row.type for row in client.v1.balance_transactions.list().data} == {"charge", "refund"}
    receiver.wait(6)
    kinds = [kind for kind in receiver.types() if kind.startswith("charge.dispute")]
    assert kinds == ["charge.dispute.created", "charge.dispute.closed"]


def test_inquiry_that_becomes_a_dispute(sandbox, client, paid, receiver):
    intent = paid()
    opened = sandbox.act(intent, "dispute", inquiry=True)
    sandbox.act(intent, "respond")
    dispute = sandbox.act(intent, "escalate")
    assert (dispute["id"], dispute["status"]) == (opened["id"], "needs_response")
    assert [row["amount"] for row in dispute["balance_transactions"]] == [-FEE]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})
    receiver.wait(6)
    assert receiver.types()[2:] == [
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
    ]


@pytest.mark.parametrize("amount", [0, -1, FEE - 100 + 1])
def test_dispute_is_of_no_more_than_remains(sandbox, client, paid, amount):
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent, "amount": 100})
    body = json.dumps({"amount": amount}).encode()
    path = f"/sandbox/payments/{intent}/dispute"
    assert sandbox.http("POST", path, body, {"Content-Type": "application/json"}).status == 400
    assert client.v1.disputes.list().data == []


@pytest.mark.parametrize("act", ["close", "escalate", "respond", "win", "lose"])
def test_what_needs_an_open_dispute_is_refused_without(sandbox, paid, act):
    headers = {"Content-Type": "application/json"}
    assert sandbox.http("POST", f"/sandbox/payments/{paid()}/{act}", b"{}", headers).status == 400


def test_answered_dispute_can_be_won(sandbox, client, paid):
    intent = paid()
    sandbox.act(intent, "dispute")
    answered = sandbox.act(intent, "respond")
    assert (answered["status"], answered["evidence_details"]["has_evidence"]) == ("under_review", True)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})
    assert sandbox.act(intent, "win")["status"] == "won"


def test_charge_that_was_refunded_in_full_cannot_be_disputed(sandbox, client, paid):
    """As at Stripe: after a full refund the cardholder can no longer dispute the charge."""
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent, "amount": 1000})
    client.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(AssertionError, match="refunded in full"):
        sandbox.act(intent, "dispute")
    assert client.v1.disputes.list({"payment_intent": intent}).data == []
