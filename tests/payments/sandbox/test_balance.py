"""The provider's books: one balance transaction for every move of money."""

import pytest

from .conftest import FEE


@pytest.fixture
def book(client):
    """What the provider's list says of an intent's money, oldest first."""

    def read(**params):
        rows = client.v1.balance_transactions.list({"limit": 100, **params}).data
        return [(row.type, row.reporting_category, row.amount, row.fee) for row in reversed(rows)]

    return read


def test_card_payment(client, paid, book):
    intent = paid()
    charge = client.v1.charges.list({"payment_intent": intent}).data[0]
    assert book() == [("charge", "charge", FEE, 840)]  # 2.9 % of 279.22 is 8.10, and 30 cents
    row = client.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (row.source, row.currency, row.net, row.created) == (charge.id, "usd", FEE - 840, charge.created)
    assert [(fee.amount, fee.type) for fee in row.fee_details] == [(840, "stripe_fee")]
    assert row.available_on > row.created


def test_declined_card_moves_nothing(paid, book):
    paid("4000000000000002")
    assert book() == []


@pytest.mark.parametrize(("amount", "fee"), [(FEE, 223), (100_000, 500)])
def test_bank_debit_when_it_settles(sandbox, client, checkout, book, amount, fee):
    session = checkout(amount, allowed_payment_method_types=["us_bank_account"])
    sandbox.act(session.id, "pay", bank=True)
    assert book() == []
    sandbox.act(session.id, "settle")
    assert book() == [("payment", "charge", amount, fee)]
    assert client.v1.charges.list().data[0].balance_transaction


def test_bank_debit_that_fails_moves_nothing(sandbox, client, checkout, book):
    session = checkout(allowed_payment_method_types=["us_bank_account"])
    sandbox.act(session.id, "pay", bank=True)
    sandbox.act(session.id, "fail")
    assert book() == []
    assert client.v1.charges.list().data[0].balance_transaction is None


def test_refund_at_its_creation(client, paid, book):
    refund = client.v1.refunds.create({"payment_intent": paid(), "amount": 1000})
    assert book(source=refund.id) == [("refund", "refund", -1000, 0)]
    assert client.v1.balance_transactions.retrieve(refund.balance_transaction).source == refund.id


def test_refund_of_a_bank_debit(sandbox, client, checkout, book):
    session = checkout(allowed_payment_method_types=["us_bank_account"])
    sandbox.act(session.id, "pay", bank=True)
    sandbox.act(session.id, "settle")
    refund = sandbox.act(session.id, "refund", amount=700)
    assert book(source=refund["id"]) == [("payment_refund", "refund", -700, 0)]
    sandbox.call("later/run")
    assert len(book()) == 2


def test_refund_that_fails_comes_back(sandbox, client, paid, book):
    refund = client.v1.refunds.create({"payment_intent": paid("4000000000005126"), "amount": 1000})
    sandbox.call("later/run")
    assert book(source=refund.id) == [
        ("refund", "refund", -1000, 0),
        ("refund_failure", "refund_failure", 1000, 0),
    ]
    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert failed.failure_balance_transaction.amount == 1000
    assert failed.balance_transaction == refund.balance_transaction


@pytest.mark.parametrize(
    ("end", "moves"),
    [
        ("lose", [("adjustment", "dispute", -500, 1500)]),
        ("win", [("adjustment", "dispute", -500, 1500), ("adjustment", "dispute_reversal", 500, 0)]),
    ],
)
def test_partial_dispute(sandbox, client, paid, book, end, moves):
    intent = paid()
    opened = sandbox.act(intent, "dispute", amount=500)
    sandbox.act(intent, end)
    assert book(source=opened["id"]) == moves
    rows = client.v1.disputes.retrieve(opened["id"]).balance_transactions
    assert [(row.type, row.reporting_category, row.amount, row.fee) for row in rows] == moves


def test_filters(client, paid, book):
    first, second = paid(), paid()
    client.v1.refunds.create({"payment_intent": second})
    assert len(book(type="charge")) == 2
    assert len(book(currency="usd")) == 3
    assert book(currency="eur") == []
    charge = client.v1.payment_intents.retrieve(first).latest_charge
    assert len(book(source=charge)) == 1


def test_books_add_up_to_what_was_paid_and_sent_back(sandbox, client, paid):
    """The sum of all moves is what the charges and disputes say that we still have."""
    for acts in ((), ("refund",), ("dispute",), ("dispute", "win"), ("dispute", "lose")):
        intent = paid()
        for act in acts:
            sandbox.act(intent, act)
    total = sum(row.amount for row in client.v1.balance_transactions.list({"limit": 100}).data)
    charged = sum(row.amount - row.amount_refunded for row in client.v1.charges.list().data)
    held = sum(row.amount for row in client.v1.disputes.list().data if row.status != "won")
    assert total == charged - held == 2 * FEE
