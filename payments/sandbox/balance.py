"""Balance transactions: one for every move of money, as the provider's own books have it."""

from dataclasses import dataclass
from typing import Any

from payments.sandbox import params as p
from payments.sandbox.context import Sandbox
from payments.sandbox.reading import many, one
from payments.sandbox.store import Obj, new_id, now

LIST = p.listing(currency=p.text(3), source=p.text(), type=p.text())
DAYS_TO_AVAILABLE = 2
DISPUTE_FEE = 1500


@dataclass(frozen=True)
class Move:
    """What the provider calls it, what it is about, and in cents what it adds to the balance before the fee."""

    type: str
    category: str
    source: str
    amount: int
    currency: str
    fee: int = 0
    fee_name: str = ""
    description: str | None = None


def card_fee(amount: int) -> int:
    """2.9 % and 30 cents."""
    return round(amount * 29 / 1000) + 30


def bank_fee(amount: int) -> int:
    """0.8 %, at most 5 dollars."""
    return min(round(amount * 8 / 1000), 500)


def for_charge(box: Sandbox, charge: Obj) -> str:
    """A card pays at once; a bank debit when it settles."""
    by_card = charge["payment_method_details"]["type"] == "card"
    amount = charge["amount"]
    fee = card_fee(amount) if by_card else bank_fee(amount)
    kind, text = "charge" if by_card else "payment", charge["description"]
    move = Move(kind, "charge", charge["id"], amount, charge["currency"], fee, "Processing fee", text)
    return str(write(box, move)["id"])


def for_refund(box: Sandbox, refund: Obj, method: str) -> str:
    """The provider keeps its fee."""
    kind = "refund" if method == "card" else "payment_refund"
    text = "REFUND FOR PAYMENT"
    move = Move(kind, "refund", refund["id"], -refund["amount"], refund["currency"], description=text)
    return str(write(box, move)["id"])


def for_failed_refund(box: Sandbox, refund: Obj) -> str:
    text = "REFUND FAILURE"
    move = Move(
        "refund_failure", "refund_failure", refund["id"], refund["amount"], refund["currency"], description=text
    )
    return str(write(box, move)["id"])


def for_dispute(box: Sandbox, dispute: Obj) -> Obj:
    amount, text = -dispute["amount"], f"Chargeback withdrawal for {dispute['charge']}"
    move = Move("adjustment", "dispute", dispute["id"], amount, dispute["currency"], DISPUTE_FEE, "Dispute fee", text)
    return write(box, move)


def for_won_dispute(box: Sandbox, dispute: Obj) -> Obj:
    amount, text = dispute["amount"], f"Chargeback reversal for {dispute['charge']}"
    move = Move("adjustment", "dispute_reversal", dispute["id"], amount, dispute["currency"], description=text)
    return write(box, move)


def write(box: Sandbox, move: Move) -> Obj:
    """Its status is the one at birth: here no balance comes of age."""
    fee = {"amount": move.fee, "application": None, "currency": move.currency}
    return box.store.add(
        {
            "id": new_id("txn_3"),
            "object": "balance_transaction",
            "amount": move.amount,
            "available_on": now() + DAYS_TO_AVAILABLE * 86_400,
            "balance_type": "payments",
            "created": now(),
            "currency": move.currency,
            "description": move.description,
            "exchange_rate": None,
            "fee": move.fee,
            "fee_details": [fee | {"description": move.fee_name, "type": "stripe_fee"}] if move.fee else [],
            "net": move.amount - move.fee,
            "reporting_category": move.category,
            "source": move.source,
            "status": "pending",
            "type": move.type,
        }
    )


def retrieve(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "balance_transaction", ref, params)


def listing(box: Sandbox, params: dict[str, Any]) -> Obj:
    fields = {name: params[name] for name in ("currency", "source", "type") if name in params}
    return many(box, "balance_transaction", "/v1/balance_transactions", params, fields=fields)
