"""What can be done to a payment from outside: by a test through the control API, by a person on the dashboard."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from payments.sandbox import checkout, disputes, refunds
from payments.sandbox.context import Sandbox
from payments.sandbox.errors import ApiError, missing
from payments.sandbox.hosted import charging
from payments.sandbox.hosted.charging import Payer
from payments.sandbox.hosted.payment_page import success_url
from payments.sandbox.hosted.test_cards import card
from payments.sandbox.store import Obj

Options = dict[str, Any]


def act(box: Sandbox, name: str, ref: str, options: Options) -> Obj:
    """`ref` is a session's, a payment intent's or a charge's: each leads to the session."""
    if name not in ACTS:
        raise ApiError(f"There is no act '{name}'. There are: {', '.join(ACTS)}.")
    with box.store.transaction():
        return ACTS[name](box, session_of(box, ref), options)


def session_of(box: Sandbox, ref: str) -> Obj:
    obj = box.store.get(ref)
    if obj and obj["object"] == "charge":
        obj = box.store.get(obj["payment_intent"])
    if obj and obj["object"] == "payment_intent":
        sessions, _ = box.store.find("checkout.session", fields={"payment_intent": obj["id"]}, limit=1)
        obj = sessions[0] if sessions else None
    if not obj or obj["object"] != "checkout.session":
        raise missing("payment", ref)
    return obj


def charge_of(box: Sandbox, session: Obj) -> str:
    intent = box.store.get(session["payment_intent"] or "")
    if not intent or not intent["latest_charge"]:
        raise ApiError("Nothing has been paid in this session yet.")
    return str(intent["latest_charge"])


def _pay(box: Sandbox, session: Obj, options: Options) -> Obj:
    """As if the hosted page had been filled in: `card` (a test number) or `bank`; `authenticate` answers 3-D Secure."""
    payer = Payer(
        session["customer_email"] or options.get("email", "payer@example.com"),
        options.get("name", "Pat Payer"),
        "92626",
    )
    if options.get("bank"):
        result = charging.pay_by_bank(box, session["id"], payer)
    else:
        number = str(options.get("card", "4242424242424242")).replace(" ", "")
        chosen = card(number, 12, datetime.now(UTC).year + 3)
        result = charging.pay_by_card(box, session["id"], chosen, payer)
    if result == "authenticate" and "authenticate" in options:
        result = charging.authenticate(box, session["id"], bool(options["authenticate"]))
    session = session_of(box, session["id"])
    return {"result": result, "success_url": success_url(session), "session": session}


def _expire(box: Sandbox, session: Obj, options: Options) -> Obj:
    return checkout.expire(box, {}, session["id"])


def _pending(box: Sandbox, session: Obj) -> Obj:
    intent = box.store.get(session["payment_intent"] or "")
    if not intent or intent["status"] != "processing":
        raise ApiError("No bank debit is under way in this session.")
    return session


def _settle(box: Sandbox, session: Obj, options: Options) -> Obj:
    charging.settle_debit(box, _pending(box, session))
    return session_of(box, session["id"])


def _fail(box: Sandbox, session: Obj, options: Options) -> Obj:
    charging.fail_debit(box, _pending(box, session))
    return session_of(box, session["id"])


def _refund(box: Sandbox, session: Obj, options: Options) -> Obj:
    """A refund from the provider's dashboard: of `amount`, else of all that remains."""
    params = {"charge": charge_of(box, session)}
    return refunds.create(box, params | {k: int(v) for k, v in options.items() if k == "amount"})


def _dispute(box: Sandbox, session: Obj, options: Options) -> Obj:
    """`reason`; `amount`, else all that was not refunded; `inquiry` for one that only asks."""
    amount = int(options["amount"]) if "amount" in options else None
    reason, inquiry = options.get("reason", "fraudulent"), bool(options.get("inquiry"))
    return disputes.open_for(box, charge_of(box, session), reason, amount, inquiry=inquiry)


def _respond(box: Sandbox, session: Obj, options: Options) -> Obj:
    return disputes.respond(box, charge_of(box, session))


def _escalate(box: Sandbox, session: Obj, options: Options) -> Obj:
    return disputes.escalate(box, charge_of(box, session))


def _close(box: Sandbox, session: Obj, options: Options) -> Obj:
    return disputes.close(box, charge_of(box, session))


def _win(box: Sandbox, session: Obj, options: Options) -> Obj:
    return disputes.decide(box, charge_of(box, session), won=True)


def _lose(box: Sandbox, session: Obj, options: Options) -> Obj:
    return disputes.decide(box, charge_of(box, session), won=False)


ACTS: dict[str, Callable[[Sandbox, Obj, Options], Obj]] = {
    "pay": _pay,
    "expire": _expire,
    "settle": _settle,
    "fail": _fail,
    "refund": _refund,
    "dispute": _dispute,
    "respond": _respond,
    "escalate": _escalate,
    "close": _close,
    "win": _win,
    "lose": _lose,
}
