"""Checkout sessions: created, shown, listed, expired."""

from typing import Any

from payments.sandbox import blank
from payments.sandbox import params as p
from payments.sandbox.context import Sandbox
from payments.sandbox.errors import ApiError, ParamError
from payments.sandbox.reading import expanded, many, one, require
from payments.sandbox.store import Obj, new_id, now

SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60
LEAST_AMOUNT, MOST_AMOUNT = 50, 99_999_999
METHODS = ("card", "us_bank_account")

PRICE = p.hash_of(
    "currency",
    "product_data",
    currency=p.text(3),
    unit_amount=p.integer(0, MOST_AMOUNT),
    tax_behavior=p.choice("exclusive", "inclusive", "unspecified"),
    product_data=p.hash_of(
        "name",
        name=p.text(250),
        description=p.text(),
        images=p.list_of(p.url, 8),
        metadata=p.metadata,
        tax_code=p.text(),
    ),
)
CREATE = p.hash_of(
    "line_items",
    "mode",
    "success_url",
    line_items=p.list_of(p.hash_of("price_data", "quantity", price_data=PRICE, quantity=p.integer(1, 10_000))),
    mode=p.choice("payment"),
    ui_mode=p.choice("hosted", "hosted_page"),
    success_url=p.url,
    cancel_url=p.url,
    client_reference_id=p.text(200),
    customer_creation=p.choice("always", "if_required"),
    customer_email=p.email,
    expires_at=p.TIMESTAMP,
    locale=p.text(10),
    metadata=p.metadata,
    billing_address_collection=p.choice("auto", "required"),
    submit_type=p.choice("auto", "pay"),
    custom_text=p.hash_of(submit=p.hash_of("message", message=p.text(1200))),
    payment_intent_data=p.hash_of(
        description=p.text(1000),
        metadata=p.metadata,
        receipt_email=p.email,
        statement_descriptor=p.text(22),
        statement_descriptor_suffix=p.text(22),
    ),
    allowed_payment_method_types=p.list_of(p.choice(*METHODS), len(METHODS)),
    payment_method_options=p.hash_of(
        card=p.hash_of(request_three_d_secure=p.choice("any", "automatic", "challenge")),
        us_bank_account=p.hash_of(verification_method=p.choice("automatic", "instant")),
    ),
    expand=p.EXPAND,
)
LIST = p.listing(payment_intent=p.text(), status=p.choice("open", "complete", "expired"))


def create(box: Sandbox, params: dict[str, Any]) -> Obj:
    created = now()
    items = [_line_item(item) for item in params["line_items"]]
    currency, total = _total(items)
    methods = params.get("allowed_payment_method_types")
    session = {
        **_blank(),
        "id": new_id("cs_test_", 58),
        "created": created,
        "expires_at": _expiry(params, created),
        "amount_subtotal": total,
        "amount_total": total,
        "currency": currency,
        "payment_status": "unpaid" if total else "no_payment_required",
        "allowed_payment_method_types": methods,
        "payment_method_types": methods or ["card"],
        "payment_method_options": params.get("payment_method_options", {}),
        "metadata": params.get("metadata", {}),
        **{name: params.get(name) for name in ("success_url", "cancel_url", "client_reference_id", "customer_email")},
        **{name: params.get(name) for name in ("billing_address_collection", "locale", "submit_type")},
        "custom_text": blank.SESSION_TEXTS | params.get("custom_text", {}),
        "customer_creation": params.get("customer_creation", "if_required"),
    }
    session["url"] = f"{box.public_url}/c/pay/{session['id']}"
    box.store.add(
        session,
        line_items=items,
        intent=params.get("payment_intent_data", {}),
        message=params.get("custom_text", {}).get("submit", {}).get("message", ""),
        token=new_id("", 32),
    )
    return expanded(box, session, params)


def _blank() -> Obj:
    """A new session's fields that no parameter of ours sets."""
    return {
        "object": "checkout.session",
        **blank.SESSION,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "livemode": False,
        "mode": "payment",
        "payment_method_collection": "if_required",
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    }


def _line_item(item: dict[str, Any]) -> Obj:
    price, product = item["price_data"], item["price_data"]["product_data"]
    if "unit_amount" not in price:
        name = "line_items[0][price_data][unit_amount]"
        raise ParamError(f"Missing required param: {name}", code="parameter_missing", param=name)
    amount = price["unit_amount"] * item["quantity"]
    return {
        "id": new_id("li_1"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"].lower(),
        "description": product["name"],
        "metadata": {},
        "price": {
            "id": new_id("price_1"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": now(),
            **blank.PRICE,
            "tax_behavior": price.get("tax_behavior", "unspecified"),
            "unit_amount_decimal": str(price["unit_amount"]),
            "currency": price["currency"].lower(),
            "livemode": False,
            "metadata": {},
            "product": new_id("prod_", 14),
            "type": "one_time",
            "unit_amount": price["unit_amount"],
        },
        "quantity": item["quantity"],
    }


def _total(items: list[Obj]) -> tuple[str, int]:
    currencies = {item["currency"] for item in items}
    if len(currencies) != 1:
        raise ParamError("A session's items need one and the same currency.", param="line_items")
    currency = currencies.pop()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise ParamError(f"Invalid currency: {currency}", param="line_items[0][price_data][currency]")
    total = sum(item["amount_total"] for item in items)
    if 0 < total < LEAST_AMOUNT:
        raise ParamError("The total must be at least $0.50.", code="amount_too_small")
    if total > MOST_AMOUNT:
        raise ParamError("The total must be at most $999,999.99.", code="amount_too_large")
    return currency, total


def _expiry(params: dict[str, Any], created: int) -> int:
    moment = int(params.get("expires_at", created + LONGEST))
    if not SHORTEST <= moment - created <= LONGEST:
        raise ParamError("'expires_at' must be between 30 minutes and 24 hours from now.", param="expires_at")
    return moment


def retrieve(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "checkout.session", ref, params)


def listing(box: Sandbox, params: dict[str, Any]) -> Obj:
    fields = {name: params[name] for name in ("payment_intent", "status") if name in params}
    return many(box, "checkout.session", "/v1/checkout/sessions", params, fields=fields)


def expire(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    session = require(box, "checkout.session", ref)
    if session["status"] != "open":
        raise ApiError(f"Only an open session can be expired; the status of this one is {session['status']}.")
    return expanded(box, close(box, session), params)


def close(box: Sandbox, session: Obj) -> Obj:
    """Expires an open session; an attempt at payment that never got through is canceled with it."""
    intent = box.store.get(session["payment_intent"] or "")
    if intent and intent["status"] != "succeeded":
        box.store.save({**intent, "status": "canceled", "canceled_at": now(), "next_action": None})
    session |= {"status": "expired", "url": None}
    box.store.save(session)
    box.emit("checkout.session.expired", session)
    return session
