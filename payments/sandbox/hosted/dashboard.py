"""`/`: the payments of this sandbox, with what a bank or a person at the provider could do to each."""

import hmac
from datetime import UTC, datetime

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from payments.sandbox.acts import ACTS, act
from payments.sandbox.context import Sandbox
from payments.sandbox.disputes import INQUIRY, OPEN, blocks_refund
from payments.sandbox.errors import ApiError
from payments.sandbox.rendering import money, page
from payments.sandbox.store import Obj
from payments.sandbox.webhooks import MODES

PAGE = 25
LABELS = {
    "settle": "Settle the bank debit",
    "fail": "Fail the bank debit",
    "refund": "Refund the rest",
    "dispute": "Open a dispute",
    "close": "Close the inquiry",
    "escalate": "Inquiry becomes a dispute",
    "win": "Dispute: we win",
    "lose": "Dispute: we lose",
    "expire": "Expire now",
}
MODE_LABELS = {
    "normal": "Send at once",
    "hold": "Hold until released",
    "drop": "Drop",
    "duplicate": "Send each twice",
    "reorder": "Newest first",
    "delay": "Send late",
}


def respond(box: Sandbox, request: Request) -> Response:
    if request.path == "/":
        return _show(box, request)
    if request.method != "POST":
        raise NotFound
    if not hmac.compare_digest(request.form.get("token", "").encode(), box.page_token.encode()):
        return _show(box, request, "This page was out of date. Please try again.", 403)
    try:
        _change(box, request)
    except ApiError as error:
        return _show(box, request, str(error), 409)
    return redirect("/", 303)


def _change(box: Sandbox, request: Request) -> None:
    name = request.path.removeprefix("/dashboard/")
    if name == "mode" and request.form.get("mode") in MODES:
        box.webhooks.set_mode(request.form["mode"])
    elif name == "flush":
        box.webhooks.flush()
    elif name in LABELS and name in ACTS:
        act(box, name, request.form.get("id", ""), {})
    else:
        raise NotFound


def _show(box: Sandbox, request: Request, problem: str = "", status: int = 200) -> Response:
    before = request.args.get("before") or None
    sessions, more = box.store.find("checkout.session", limit=PAGE, after=before)
    attempts = box.store.rows("SELECT * FROM attempts ORDER BY id DESC LIMIT 15")
    return page(
        "dashboard.html",
        status,
        payments=[_payment(box, session) for session in sessions],
        older=sessions[-1]["id"] if more else "",
        attempts=[
            {
                "at": _moment(row["at"], "%H:%M:%S"),
                "type": row["type"],
                "note": row["note"],
                "answer": str(row["status"] or row["answer"]),
            }
            for row in attempts
        ],
        modes=[(mode, MODE_LABELS[mode], mode == box.webhooks.mode) for mode in MODES],
        token=box.page_token,
        problem=problem,
    )


def _payment(box: Sandbox, session: Obj) -> Obj:
    intent = box.store.get(session["payment_intent"] or "") or {}
    charge = box.store.get(intent.get("latest_charge") or "") or {}
    disputes, _ = box.store.find("dispute", fields={"charge": charge.get("id", "")}, limit=1)
    return {
        "id": session["id"],
        "short": session["id"][-8:],
        "what": ", ".join(item["description"] for item in box.store.private(session["id"])["line_items"]),
        "who": (session["customer_details"] or {}).get("email") or session["customer_email"] or "",
        "amount": money(session["amount_total"], session["currency"]),
        "refunded": money(charge["amount_refunded"], session["currency"]) if charge.get("amount_refunded") else "",
        "at": _moment(session["created"]),
        "status": _status(session, intent),
        "dispute": disputes[0]["status"].replace("_", " ") if disputes else "",
        "url": session["url"] or "",
        "acts": [(name, LABELS[name]) for name in _possible(box, session, intent, charge, disputes)],
    }


def _status(session: Obj, intent: Obj) -> str:
    if session["status"] == "complete" and session["payment_status"] == "unpaid":
        return "bank debit under way" if intent.get("status") == "processing" else "bank debit failed"
    return "open" if session["status"] == "open" else {"complete": "paid"}.get(session["status"], "expired")


def _possible(box: Sandbox, session: Obj, intent: Obj, charge: Obj, disputes: list[Obj]) -> list[str]:
    if session["status"] == "open":
        return ["expire"]
    if intent.get("status") == "processing":
        return ["settle", "fail"]
    if not charge.get("paid"):
        return []
    if disputes and disputes[0]["status"] in OPEN:
        return ["win", "lose"]
    if disputes and disputes[0]["status"] == INQUIRY:
        return ["close", "escalate", *([] if charge["refunded"] else ["refund"])]
    refund = [] if charge["refunded"] or blocks_refund(box, charge["id"]) else ["refund"]
    return refund + ([] if charge["disputed"] or charge["refunded"] else ["dispute"])


def _moment(seconds: float, form: str = "%b %-d, %Y, %H:%M:%S UTC") -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(form)
