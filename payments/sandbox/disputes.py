"""Disputes: while one is open, and after it was lost, the charge cannot be refunded. An inquiry stops nothing."""

from typing import Any

from payments.sandbox import balance, blank
from payments.sandbox import params as p
from payments.sandbox.context import Sandbox
from payments.sandbox.errors import ApiError
from payments.sandbox.later import job
from payments.sandbox.reading import many, one, require
from payments.sandbox.store import Obj, new_id, now

LIST = p.listing(charge=p.text(), payment_intent=p.text())
DAYS_TO_ANSWER = 9
OPEN = ("needs_response", "under_review")
INQUIRY = "warning_needs_response"
BLOCKING = (*OPEN, "lost")


def open_for(
    box: Sandbox, charge_id: str, reason: str = "fraudulent", amount: int | None = None, *, inquiry: bool = False
) -> Obj:
    """Of `amount`, else of all that was not refunded. An inquiry only asks: no money moves.

    A charge that was refunded in full can't be disputed, as at Stripe (docs/sandbox.md).
    """
    charge = require(box, "charge", charge_id)
    if charge["disputed"] or not charge["paid"]:
        raise ApiError("Only a paid charge without a dispute can be disputed.")
    remaining = charge["amount"] - charge["amount_refunded"]
    if not remaining:
        raise ApiError("This charge was refunded in full, so it can't be disputed.", code="charge_already_refunded")
    if amount is not None and not 0 < amount <= remaining:
        raise ApiError(f"'amount' must be from 1 to {remaining}.")
    dispute = _new(charge, reason, remaining if amount is None else amount, inquiry=inquiry)
    box.store.add(dispute)
    box.store.save(charge | {"disputed": True})
    if inquiry:
        box.emit("charge.dispute.created", dispute)
        return dispute
    dispute = _withdraw(box, dispute)
    box.emit("charge.dispute.created", dispute)
    box.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _new(charge: Obj, reason: str, amount: int, *, inquiry: bool) -> Obj:
    details = charge["payment_method_details"]
    result = {
        "id": new_id("du_1"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**blank.EVIDENCE, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + DAYS_TO_ANSWER * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": INQUIRY if inquiry else "needs_response",
    }
    if details["type"] == "card":
        brand, case = details["card"]["brand"], "inquiry" if inquiry else "chargeback"
        card = {"brand": brand, "case_type": case, "network": brand, "network_reason_code": None}
        result["payment_method_details"] = {"type": "card", "card": card}
    return result


def _withdraw(box: Sandbox, dispute: Obj) -> Obj:
    moved = [*dispute["balance_transactions"], balance.for_dispute(box, dispute)]
    return box.store.save(dispute | {"balance_transactions": moved})


@job("dispute")
def open_later(box: Sandbox, charge_id: str) -> None:
    charge = require(box, "charge", charge_id)
    if not charge["disputed"] and not charge["refunded"]:
        open_for(box, charge_id)


def blocks_refund(box: Sandbox, charge_id: str) -> bool:
    """`disputed` stays true for good, as at Stripe; an inquiry, or a dispute that was won, blocks nothing."""
    disputes, _ = box.store.find("dispute", fields={"charge": charge_id}, limit=100)
    return any(dispute["status"] in BLOCKING for dispute in disputes)


def _current(box: Sandbox, charge_id: str, *statuses: str) -> Obj:
    disputes, _ = box.store.find("dispute", fields={"charge": charge_id}, limit=1)
    if not disputes or disputes[0]["status"] not in statuses:
        raise ApiError("This charge has no dispute that this could be done to.")
    return disputes[0]


def respond(box: Sandbox, charge_id: str) -> Obj:
    """Evidence is handed in, and the bank looks at it."""
    dispute = _current(box, charge_id, "needs_response", INQUIRY)
    status = "under_review" if dispute["status"] == "needs_response" else "warning_under_review"
    evidence = {"has_evidence": True, "submission_count": 1, "submission_method": "manual"}
    dispute |= {"status": status, "evidence_details": dispute["evidence_details"] | evidence}
    box.store.save(dispute)
    box.emit("charge.dispute.updated", dispute)
    return dispute


def close(box: Sandbox, charge_id: str) -> Obj:
    """An inquiry ends without a dispute."""
    dispute = _current(box, charge_id, INQUIRY, "warning_under_review") | {"status": "warning_closed"}
    box.store.save(dispute)
    box.emit("charge.dispute.closed", dispute)
    return dispute


def escalate(box: Sandbox, charge_id: str) -> Obj:
    """An inquiry becomes a dispute, under the same id."""
    dispute = _current(box, charge_id, INQUIRY, "warning_under_review")
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    if "payment_method_details" in dispute:
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    dispute = _withdraw(box, dispute)
    box.emit("charge.dispute.updated", dispute)
    box.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def decide(box: Sandbox, charge_id: str, *, won: bool) -> Obj:
    """Won, the money comes back; lost, it stays where it went."""
    dispute = _current(box, charge_id, *OPEN) | {"status": "won" if won else "lost"}
    if won:
        dispute["balance_transactions"] = [*dispute["balance_transactions"], balance.for_won_dispute(box, dispute)]
    box.store.save(dispute)
    box.emit("charge.dispute.closed", dispute)
    if won:
        box.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def retrieve(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "dispute", ref, params)


def listing(box: Sandbox, params: dict[str, Any]) -> Obj:
    fields = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return many(box, "dispute", "/v1/disputes", params, fields=fields)
