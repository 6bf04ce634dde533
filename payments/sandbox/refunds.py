"""Refunds: never more than remains, whoever asks at the same time."""

from typing import Any

from payments.sandbox import balance, blank
from payments.sandbox import params as p
from payments.sandbox.context import Sandbox
from payments.sandbox.disputes import blocks_refund
from payments.sandbox.errors import ApiError, ParamError
from payments.sandbox.later import job, schedule
from payments.sandbox.reading import expanded, many, one, require
from payments.sandbox.store import Obj, new_id, now

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
GONE = ("failed", "canceled")

CREATE = p.hash_of(
    amount=p.integer(1, 99_999_999),
    charge=p.text(),
    payment_intent=p.text(),
    reason=p.choice(*REASONS),
    metadata=p.metadata,
    expand=p.EXPAND,
)
LIST = p.listing(charge=p.text(), payment_intent=p.text())


def create(box: Sandbox, params: dict[str, Any]) -> Obj:
    charge = _charge(box, params)
    amount = _amount(box, charge, params.get("amount"))
    refund = {
        "id": new_id("re_3"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        **blank.REFUND,
        **_status(box, charge),
    }
    refund["balance_transaction"] = balance.for_refund(box, refund, charge["payment_method_details"]["type"])
    box.store.add(refund)
    _recount(box, charge)
    _follow_up(box, refund)
    box.emit("refund.created", refund)
    box.emit("charge.refunded", require(box, "charge", charge["id"]))
    return expanded(box, refund, params)


def _charge(box: Sandbox, params: dict[str, Any]) -> Obj:
    if "payment_intent" in params:
        name = params["payment_intent"]
        intent = require(box, "payment_intent", name, param="payment_intent", status=400)
        charge = box.store.get(intent["latest_charge"] or "")
        if charge is None or charge["status"] != "succeeded":
            raise ApiError(f"{name} has no successful charge to refund.", param="payment_intent")
        return charge
    if "charge" in params:
        return require(box, "charge", params["charge"], param="charge", status=400)
    raise ParamError("Give one of 'charge' and 'payment_intent'.", code="parameter_missing", param="payment_intent")


def _amount(box: Sandbox, charge: Obj, asked: int | None) -> int:
    remaining = charge["amount"] - charge["amount_refunded"]
    if blocks_refund(box, charge["id"]):
        raise ApiError(f"Charge {charge['id']} is disputed, so it cannot be refunded.", code="charge_disputed")
    if charge["status"] != "succeeded":
        raise ApiError(f"Charge {charge['id']} was not paid, so it cannot be refunded.")
    if not remaining:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if asked and asked > remaining:
        raise ApiError(
            f"Refund amount (${asked / 100:.2f}) is greater than unrefunded amount on charge (${remaining / 100:.2f})",
            param="amount",
        )
    return asked or int(remaining)


def _status(box: Sandbox, charge: Obj) -> Obj:
    """Cards are refunded at once, except the test card that waits; a bank debit's refund always waits."""
    kind = box.store.private(charge["id"]).get("kind")
    details = charge["payment_method_details"]
    waits = kind == "refund_waits" or details["type"] == "us_bank_account"
    if details["type"] == "card":
        destination: Obj = {"type": "card", "card": {"reference_status": "pending", "type": "refund"}}
    else:
        destination = {"type": "us_bank_transfer", "us_bank_transfer": {"reference": None, "reference_status": None}}
    result = {"status": "pending" if waits else "succeeded", "destination_details": destination}
    return result | ({"pending_reason": "processing"} if waits else {})


def _follow_up(box: Sandbox, refund: Obj) -> None:
    kind = box.store.private(refund["charge"]).get("kind")
    if kind == "refund_fails":
        schedule(box, "refund_fails", refund["id"])
    elif refund["status"] == "pending":
        schedule(box, "refund_settles", refund["id"])


def _recount(box: Sandbox, charge: Obj) -> None:
    """A refund that bounced counts no more: its money is ours again and may be refunded anew."""
    refunds, _ = box.store.find("refund", fields={"charge": charge["id"]}, limit=10**6)
    total = sum(refund["amount"] for refund in refunds if refund["status"] not in GONE)
    charge |= {"amount_refunded": total, "refunded": total == charge["amount"]}
    box.store.save(charge)


@job("refund_fails")
def fail(box: Sandbox, ref: str) -> None:
    refund = require(box, "refund", ref)
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    refund["failure_balance_transaction"] = balance.for_failed_refund(box, refund)
    refund.pop("pending_reason", None)
    box.store.save(refund)
    _recount(box, require(box, "charge", refund["charge"]))
    refund = require(box, "refund", ref)
    box.emit("refund.updated", refund)
    box.emit("refund.failed", refund)


@job("refund_settles")
def settle(box: Sandbox, ref: str) -> None:
    refund = require(box, "refund", ref) | {"status": "succeeded"}
    refund.pop("pending_reason", None)
    box.store.save(refund)
    box.emit("refund.updated", refund)


def retrieve(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "refund", ref, params)


def listing(box: Sandbox, params: dict[str, Any]) -> Obj:
    fields = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return many(box, "refund", "/v1/refunds", params, fields=fields)
