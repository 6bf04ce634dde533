from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from .conftest import FEE
from .harness import until


def refused(call, params):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(params)
    return caught.value


def charge_of(client, intent):
    return client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]}).latest_charge


def test_whole_refund(client, paid, receiver):
    intent = paid()
    refund = client.v1.refunds.create(
        {"payment_intent": intent, "reason": "requested_by_customer", "metadata": {"by": "supervisor"}}
    )
    assert (refund.amount, refund.status, refund.payment_intent) == (FEE, "succeeded", intent)
    assert (refund.reason, refund.metadata.to_dict()) == ("requested_by_customer", {"by": "supervisor"})
    charge = charge_of(client, intent)
    assert (charge.amount_refunded, charge.refunded, refund.charge) == (FEE, True, charge.id)
    receiver.wait(4)
    assert receiver.types()[2:] == ["refund.created", "charge.refunded"]
    error = refused(client.v1.refunds.create, {"payment_intent": intent})
    assert (error.code, error.http_status) == ("charge_already_refunded", 400)


def test_refund_in_parts_stops_at_what_remains(client, paid):
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent, "amount": 20000})
    error = refused(client.v1.refunds.create, {"payment_intent": intent, "amount": 7923})
    assert error.param == "amount"
    assert "($79.23) is greater than unrefunded amount on charge ($79.22)" in str(error)
    rest = client.v1.refunds.create({"charge": charge_of(client, intent).id})
    assert rest.amount == 7922


def test_ten_refunds_at_once_never_exceed_the_payment(sandbox, paid):
    intent = paid()

    def refund(_):
        try:
            return sandbox.client().v1.refunds.create({"payment_intent": intent, "amount": 10000}).amount
        except stripe.InvalidRequestError:
            return 0

    with ThreadPoolExecutor(10) as pool:
        amounts = list(pool.map(refund, range(10)))
    assert sorted(amounts, reverse=True) == [10000, 10000] + [0] * 8
    assert charge_of(sandbox.client(), intent).amount_refunded == 20000


@pytest.mark.parametrize("amount", [0, -5, "2.5", 10**12])
def test_odd_amounts_are_refused(client, paid, amount):
    error = refused(client.v1.refunds.create, {"payment_intent": paid(), "amount": amount})
    assert (error.code, error.param) == ("parameter_invalid_integer", "amount")


def test_refund_needs_a_payment(client, checkout, sandbox):
    assert refused(client.v1.refunds.create, {"amount": 100}).code == "parameter_missing"
    error = refused(client.v1.refunds.create, {"payment_intent": "pi_none"})
    assert (error.code, error.param) == ("resource_missing", "payment_intent")
    session = checkout()
    sandbox.act(session.id, "pay", card="4000000000000002")
    intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert "no successful charge" in str(refused(client.v1.refunds.create, {"payment_intent": intent}))


def test_refund_that_bounces_later_frees_the_amount(sandbox, client, paid, receiver):
    intent = paid("4000000000005126")
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "succeeded"
    receiver.wait(4)
    assert sandbox.call("later/run") == {"ran": 1}
    refund = client.v1.refunds.retrieve(refund.id)
    assert (refund.status, refund.failure_reason) == ("failed", "expired_or_canceled_card")
    assert charge_of(client, intent).amount_refunded == 0
    receiver.wait(6)
    assert receiver.types()[4:] == ["refund.updated", "refund.failed"]


def test_it_bounces_by_itself_after_a_while(sandbox, client, paid):
    sandbox.call("later", seconds=0.1)
    refund = client.v1.refunds.create({"payment_intent": paid("4000000000005126")})
    until(lambda: client.v1.refunds.retrieve(refund.id).status == "failed")


@pytest.mark.parametrize("bank", [True, False])
def test_refund_that_waits_first(sandbox, client, paid, receiver, bank):
    intent = paid("4000000000007726", bank=bank)
    if bank:
        sandbox.act(intent, "settle")
    refund = client.v1.refunds.create({"payment_intent": intent, "amount": 100})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    sandbox.call("later/run")
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    until(lambda: receiver.types()[-1:] == ["refund.updated"])


def test_refund_from_the_providers_dashboard(sandbox, client, paid):
    intent = paid()
    sandbox.act(intent, "refund", amount=5000)
    sandbox.act(charge_of(client, intent).id, "refund")
    refunds = client.v1.refunds.list({"payment_intent": intent, "expand": ["data.charge"]})
    assert [item.amount for item in refunds.data] == [FEE - 5000, 5000]
    assert refunds.data[0].charge.refunded
    assert client.v1.refunds.list({"charge": "ch_none"}).data == []
    charge = client.v1.charges.retrieve(refunds.data[0].charge.id, {"expand": ["refunds"]})
    assert len(charge.refunds.data) == 2
