"""Many paid checkouts at once, for benchmarks and for tests of lists: made as the real ones are, without events."""

from typing import Any

from payments.sandbox import checkout
from payments.sandbox.context import Sandbox, silence
from payments.sandbox.errors import ApiError
from payments.sandbox.hosted.charging import Payer, pay_by_card
from payments.sandbox.hosted.test_cards import card
from payments.sandbox.store import Obj, at, now

FIELDS = {"amount", "currency", "metadata", "client_reference_id", "created", "email"}
CARD_NUMBER = "4242424242424242"


def make(box: Sandbox, rows: list[Obj]) -> list[Obj]:
    """The ids of each row's objects, in order. All rows or none."""
    with box.store.transaction(), silence():
        return [_one(box, row, place) for place, row in enumerate(rows)]


def _one(box: Sandbox, row: Any, place: int) -> Obj:
    if not isinstance(row, dict) or "amount" not in row or set(row) - FIELDS:
        raise ApiError(f"Row {place} must have 'amount', and nothing but {', '.join(sorted(FIELDS))}.")
    moment, email = int(row.get("created", now())), str(row.get("email", "payer@example.com"))
    with at(moment):
        session = checkout.create(box, _params(row))
        payer = Payer(email, "Pat Payer", "92626")
        result = pay_by_card(box, session["id"], card(CARD_NUMBER, 12, 2030), payer)
    if result != "complete":
        raise ApiError(f"Row {place} could not be paid: {result}.")
    session = box.store.fetch(session["id"])
    charge = box.store.fetch(box.store.fetch(session["payment_intent"])["latest_charge"])
    return {
        "session": session["id"],
        "intent": session["payment_intent"],
        "charge": charge["id"],
        "balance_transaction": charge["balance_transaction"],
    }


def _params(row: Obj) -> Obj:
    """What a call would have been checked into."""
    amount = int(row["amount"])
    if not checkout.LEAST_AMOUNT <= amount <= checkout.MOST_AMOUNT:
        raise ApiError(f"An amount of {amount} can't be charged.")
    price = {"currency": str(row.get("currency", "usd")), "unit_amount": amount, "product_data": {"name": "Fee"}}
    params = {
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://127.0.0.1/",
        "metadata": dict(row.get("metadata", {})),
        "payment_intent_data": {"metadata": dict(row.get("metadata", {}))},
        "customer_email": row.get("email"),
    }
    return params | ({"client_reference_id": row["client_reference_id"]} if "client_reference_id" in row else {})
