"""Disputes: while one is open, and after it was lost, the charge cannot be refunded."""

from typing import Any

from . import params as p
from .context import Sandbox
from .errors import ApiError
from .later import job
from .reading import many, one, require
from .store import Obj, new_id, now

LIST = p.listing(charge=p.text(), payment_intent=p.text())
DAYS_TO_ANSWER = 9


def open_for(box: Sandbox, charge_id: str, reason: str = "fraudulent") -> Obj:
    charge = require(box, "charge", charge_id)
    if charge["disputed"] or not charge["paid"]:
        raise ApiError("Only a paid charge without a dispute can be disputed.")
    dispute = {
        "id": new_id("du_1"),
        "object": "dispute",
        "amount": charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": now() + DAYS_TO_ANSWER * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    box.store.add(dispute)
    box.store.save(charge | {"disputed": True})
    box.emit("charge.dispute.created", dispute)
    return dispute


@job("dispute")
def open_later(box: Sandbox, charge_id: str) -> None:
    charge = require(box, "charge", charge_id)
    if not charge["disputed"] and not charge["refunded"]:
        open_for(box, charge_id)


def blocks_refund(box: Sandbox, charge_id: str) -> bool:
    """`disputed` stays true for good, as at Stripe; a dispute that was won blocks nothing any more."""
    found, _ = box.store.find("dispute", fields={"charge": charge_id}, limit=100)
    return any(dispute["status"] != "won" for dispute in found)


def decide(box: Sandbox, charge_id: str, *, won: bool) -> Obj:
    found, _ = box.store.find("dispute", fields={"charge": charge_id, "status": "needs_response"}, limit=1)
    if not found:
        raise ApiError("This charge has no open dispute.")
    dispute = found[0] | {"status": "won" if won else "lost"}
    box.store.save(dispute)
    box.emit("charge.dispute.closed", dispute)
    return dispute


def retrieve(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "dispute", ref, params)


def listing(box: Sandbox, params: dict[str, Any]) -> Obj:
    fields = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return many(box, "dispute", "/v1/disputes", params, fields=fields)
