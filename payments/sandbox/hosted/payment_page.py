"""The hosted payment page: card or bank, the bank's own confirmation page, and what is said when it is too late."""

import hmac
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from payments.sandbox.context import Sandbox
from payments.sandbox.hosted.card_form import Reading, read_bank, read_card
from payments.sandbox.hosted.charging import Payer, Result, authenticate, complete_free, pay_by_bank, pay_by_card
from payments.sandbox.rendering import money, page
from payments.sandbox.store import Obj, now

STALE = "This page was open for too long or in a second window. Nothing was paid. Please try again."
TEST_CARDS = (
    ("4242 4242 4242 4242", "the payment goes through"),
    ("4000 0000 0000 0002", "the card is declined"),
    ("4000 0000 0000 9995", "not enough money on the account"),
    ("4000 0000 0000 0069", "the bank says the card has expired"),
    ("4000 0000 0000 0127", "the bank says the security code is wrong"),
    ("4000 0025 0000 3155", "the bank asks you to confirm (3-D Secure)"),
    ("4000 0000 0000 0259", "goes through, then the payment is disputed"),
    ("4000 0000 0000 5126", "goes through, but a refund bounces later"),
)


def pay(box: Sandbox, request: Request, ref: str) -> Response:
    session = _session(box, ref)
    if _over(session):
        return _closed(session)
    bank = "us_bank_account" in session["payment_method_types"] and (
        request.values.get("method") == "us_bank_account" or session["payment_method_types"][0] != "card"
    )
    if request.method != "POST":
        return _form(box, session, bank=bank)
    if not _token_fits(box, request, ref):
        return _form(box, session, bank=bank, problem=STALE, status=403)
    return _submit(box, session, request, bank)


def _submit(box: Sandbox, session: Obj, request: Request, bank: bool) -> Response:
    """Decided again under the lock: the session may be gone since the page was shown."""
    if not session["amount_total"]:
        payer = Payer(session["customer_email"] or "", "")
        return _after(box, session, complete_free(box, session["id"], payer))
    form = {**request.form.to_dict()}
    if session["customer_email"]:
        form["email"] = session["customer_email"]
    reading = read_bank(form) if bank else read_card(form)
    if reading.errors:
        return _form(box, session, bank=bank, reading=reading)
    if reading.card:
        result = pay_by_card(box, session["id"], reading.card, reading.payer)
    else:
        result = pay_by_bank(box, session["id"], reading.payer)
    return _after(box, session, result, reading)


def _after(box: Sandbox, session: Obj, result: Result, reading: Reading | None = None) -> Response:
    session = _session(box, session["id"])
    if result == "complete":
        return redirect(success_url(session), 303)
    if result == "authenticate":
        return redirect(f"/c/pay/{session['id']}/authenticate", 303)
    if result == "closed":
        return _closed(session)
    return _form(box, session, reading=reading, problem=_reason(box, session))


def success_url(session: Obj) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def authentication(box: Sandbox, request: Request, ref: str) -> Response:
    session = _session(box, ref)
    if _over(session):
        return _closed(session)
    waiting = box.store.private(ref).get("waiting")
    if not waiting:
        return redirect(f"/c/pay/{ref}", 303)
    if request.method == "POST" and _token_fits(box, request, ref):
        result = authenticate(box, ref, request.form.get("outcome") == "complete")
        return _after(box, session, result)
    return page(
        "authenticate.html",
        targets=_targets(session),
        session=session,
        amount=money(session["amount_total"], session["currency"]),
        token=box.store.private(ref)["token"],
        last4=waiting["details"]["card"]["last4"],
    )


def _form(
    box: Sandbox,
    session: Obj,
    *,
    bank: bool = False,
    reading: Reading | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    private = box.store.private(session["id"])
    items = [
        {
            "name": item["description"],
            "quantity": str(item["quantity"]),
            "amount": money(item["amount_total"], item["currency"]),
        }
        for item in private["line_items"]
    ]
    return page(
        "pay.html",
        status,
        _targets(session),
        session=session,
        items=items,
        message=private["message"],
        token=private["token"],
        bank=bank,
        both=len(session["payment_method_types"]) > 1,
        free=not session["amount_total"],
        amount=money(session["amount_total"], session["currency"]),
        values=reading.values if reading else {"email": session["customer_email"] or ""},
        errors=reading.errors if reading else {},
        problem=problem,
        test_cards=TEST_CARDS,
    )


def _closed(session: Obj) -> Response:
    paid = session["status"] == "complete"
    back = success_url(session) if paid else session["cancel_url"]
    return page("closed.html", session=session, paid=paid, back=back)


def _reason(box: Sandbox, session: Obj) -> str:
    intent: dict[str, Any] = box.store.get(session["payment_intent"]) or {}
    return str(intent["last_payment_error"]["message"])


def _session(box: Sandbox, ref: str) -> Obj:
    session = box.store.get(ref, "checkout.session")
    if session is None:
        raise NotFound
    return session


def _over(session: Obj) -> bool:
    return bool(session["status"] != "open" or session["expires_at"] <= now())


def _targets(session: Obj) -> tuple[str | None, ...]:
    return session["success_url"], session["cancel_url"]


def _token_fits(box: Sandbox, request: Request, ref: str) -> bool:
    token = request.form.get("token", "")
    return hmac.compare_digest(token.encode(), box.store.private(ref)["token"].encode())
