"""What happens to the money when a hosted page is submitted: paid, declined, authenticated first, or pending."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from payments.sandbox import balance, blank
from payments.sandbox.context import Sandbox
from payments.sandbox.hosted.test_cards import Behavior, Card
from payments.sandbox.later import schedule
from payments.sandbox.store import Obj, new_id, now

Result = Literal["complete", "authenticate", "declined", "closed"]
AUTHENTICATION_FAILED = Behavior(
    "decline",
    "payment_intent_authentication_failure",
    "",
    "Your bank could not confirm that it is you. Try again, or use another card.",
)
BANK = {
    "account_holder_type": "individual",
    "account_type": "checking",
    "bank_name": "Test bank",
    "fingerprint": None,
    "last4": "6789",
    "payment_reference": None,
    "routing_number": "110000000",
}
BANK_FAILED = Behavior("decline", "debit_not_authorized", "", "The bank returned this debit.")


@dataclass(frozen=True)
class Payer:
    email: str
    name: str
    postal_code: str = ""

    def details(self) -> Obj:
        address = {**dict.fromkeys(("city", "line1", "line2", "state")), "country": "US"}
        address["postal_code"] = self.postal_code or None
        return {"email": self.email, "name": self.name, "phone": None, "address": address}


def pay_by_card(box: Sandbox, ref: str, card: Card, payer: Payer) -> Result:
    """Locks, then looks again: of two submits of one page the second finds the session closed."""
    with box.store.transaction():
        session = _open(box, ref)
        if session is None:
            return "closed"
        intent = _intent(box, session, "card", payer)
        details = {"type": "card", "card": _card_details(card)}
        if card.behavior.kind == "decline":
            _decline(box, intent, card.behavior, details, payer)
            return "declined"
        if card.behavior.kind == "authenticate":
            intent |= {"status": "requires_action", "next_action": _redirect(box, ref)}
            box.store.save(intent)
            box.store.keep(ref, waiting={"details": details, "payer": asdict(payer)})
            return "authenticate"
        _complete(box, session, intent, details, payer, card.behavior.kind)
        return "complete"


def _redirect(box: Sandbox, ref: str) -> Obj:
    url = f"{box.public_url}/c/pay/{ref}/authenticate"
    return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}


def authenticate(box: Sandbox, ref: str, confirmed: bool) -> Result:
    with box.store.transaction():
        session, waiting = _open(box, ref), box.store.private(ref).get("waiting")
        if session is None or not waiting:
            return "closed"
        intent, payer = box.store.fetch(session["payment_intent"]), Payer(**waiting["payer"])
        box.store.keep(ref, waiting=None)
        if not confirmed:
            _fail_intent(box, intent, AUTHENTICATION_FAILED)
            return "declined"
        _complete(box, session, intent, waiting["details"], payer)
        return "complete"


def pay_by_bank(box: Sandbox, ref: str, payer: Payer) -> Result:
    """Complete but unpaid: the money follows days later, or does not (`settle_debit`, `fail_debit`)."""
    with box.store.transaction():
        session = _open(box, ref)
        if session is None:
            return "closed"
        intent = _intent(box, session, "us_bank_account", payer)
        details = {"type": "us_bank_account", "us_bank_account": BANK}
        charge = _charge(box, intent, details, payer, status="pending")
        intent |= {"status": "processing", "latest_charge": charge["id"]}
        box.store.save(intent)
        _close(box, session, payer, "unpaid")
        return "complete"


def complete_free(box: Sandbox, ref: str, payer: Payer) -> Result:
    with box.store.transaction():
        session = _open(box, ref)
        if session is None:
            return "closed"
        _close(box, session, payer, "no_payment_required")
        return "complete"


def settle_debit(box: Sandbox, session: Obj) -> None:
    intent = box.store.fetch(session["payment_intent"])
    charge = box.store.fetch(intent["latest_charge"])
    charge |= {"status": "succeeded", "paid": True, "amount_captured": charge["amount"]}
    charge["balance_transaction"] = balance.for_charge(box, charge)
    box.store.save(charge)
    _succeed(box, intent, charge["id"])
    box.store.save(session | {"payment_status": "paid"})
    box.emit("checkout.session.async_payment_succeeded", box.store.fetch(session["id"]))


def fail_debit(box: Sandbox, session: Obj) -> None:
    intent = box.store.fetch(session["payment_intent"])
    charge = box.store.fetch(intent["latest_charge"])
    charge |= {"status": "failed", "failure_code": BANK_FAILED.code}
    box.store.save(charge | {"failure_message": BANK_FAILED.message})
    _fail_intent(box, intent, BANK_FAILED)
    box.emit("checkout.session.async_payment_failed", session)


def _open(box: Sandbox, ref: str) -> Obj | None:
    session = box.store.get(ref, "checkout.session")
    if session and session["status"] == "open" and session["expires_at"] > now():
        return session
    return None


def _intent(box: Sandbox, session: Obj, method: str, payer: Payer) -> Obj:
    """As at Stripe, the intent comes into being at the first attempt and serves every later one."""
    box.store.keep(session["id"], waiting=None)
    intent = box.store.get(session["payment_intent"] or "")
    if intent is None:
        intent = box.store.add(_new_intent(box, session))
        box.store.save(session | {"payment_intent": intent["id"]})
        session["payment_intent"] = intent["id"]
    intent |= {"payment_method": new_id("pm_1"), "last_payment_error": None, "next_action": None}
    return intent


def _new_intent(box: Sandbox, session: Obj) -> Obj:
    data = box.store.private(session["id"])["intent"]
    ref = new_id("pi_3")
    return {
        "id": ref,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{ref}_secret_"),
        "confirmation_method": "automatic",
        "created": now(),
        "currency": session["currency"],
        **blank.INTENT,
        "description": data.get("description"),
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "payment_method_options": {},
        "payment_method_types": session["payment_method_types"],
        "receipt_email": data.get("receipt_email"),
        "statement_descriptor": data.get("statement_descriptor"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
    }


def _charge(box: Sandbox, intent: Obj, details: Obj, payer: Payer, status: str = "succeeded", **more: Any) -> Obj:
    paid = status == "succeeded"
    return box.store.add(
        {
            "id": new_id("ch_3"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if paid else 0,
            "amount_refunded": 0,
            "billing_details": payer.details() | {"tax_id": None},
            "captured": status != "failed",
            "created": now(),
            "currency": intent["currency"],
            "description": intent["description"],
            "disputed": False,
            **blank.CHARGE,
            "fraud_details": {},
            "livemode": False,
            "metadata": intent["metadata"],
            "outcome": _outcome(status),
            "paid": paid,
            "payment_intent": intent["id"],
            "payment_method": intent["payment_method"],
            "payment_method_details": details,
            "receipt_email": intent["receipt_email"],
            "refunded": False,
            "status": status,
            **more,
        }
    )


def _outcome(status: str) -> Obj:
    if status == "failed":
        return blank.OUTCOME | {"network_status": "declined_by_network", "type": "issuer_declined"}
    return blank.OUTCOME | {"network_status": "approved_by_network", "type": "authorized"}


def _card_details(card: Card) -> Obj:
    return {
        **blank.CARD,
        "checks": blank.CARD_CHECKS | {"cvc_check": "pass"},
        "brand": card.brand,
        "country": "US",
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "funding": "credit",
        "last4": card.last4,
        "network": card.brand,
    }


def _decline(box: Sandbox, intent: Obj, why: Behavior, details: Obj, payer: Payer) -> None:
    failure = {"failure_code": why.code, "failure_message": why.message}
    charge = _charge(box, intent, details, payer, status="failed", **failure)
    _fail_intent(box, intent | {"latest_charge": charge["id"]}, why)


def _fail_intent(box: Sandbox, intent: Obj, why: Behavior) -> None:
    error = {"type": "card_error", "code": why.code, "message": why.message}
    if why.decline_code:
        error["decline_code"] = why.decline_code
    if intent["latest_charge"]:
        error["charge"] = intent["latest_charge"]
    intent |= {"status": "requires_payment_method", "last_payment_error": error}
    intent |= {"next_action": None, "payment_method": None}
    box.store.save(intent)
    box.emit("payment_intent.payment_failed", intent)


def _complete(box: Sandbox, session: Obj, intent: Obj, details: Obj, payer: Payer, kind: str = "pay") -> None:
    charge = _charge(box, intent, details, payer)
    box.store.keep(charge["id"], kind=kind)
    box.store.save(charge | {"balance_transaction": balance.for_charge(box, charge)})
    _succeed(box, intent, charge["id"])
    _close(box, session, payer, "paid")
    if kind == "dispute":
        schedule(box, "dispute", charge["id"])


def _succeed(box: Sandbox, intent: Obj, charge: str) -> None:
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge}
    box.store.save(intent | {"next_action": None, "last_payment_error": None})
    box.emit("payment_intent.succeeded", box.store.fetch(intent["id"]))


def _close(box: Sandbox, session: Obj, payer: Payer, payment_status: str) -> None:
    details = {**payer.details(), "tax_exempt": "none", "tax_ids": []}
    details |= {"business_name": None, "individual_name": None}
    session |= {"status": "complete", "payment_status": payment_status, "url": None}
    box.store.save(session | {"customer_details": details})
    box.emit("checkout.session.completed", box.store.fetch(session["id"]))
