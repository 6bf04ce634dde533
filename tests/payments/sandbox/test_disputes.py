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
