"""The read-only calls: payment intents, charges, events."""

from typing import Any

from payments.sandbox import params as p
from payments.sandbox.context import Sandbox
from payments.sandbox.errors import ParamError
from payments.sandbox.reading import many, one
from payments.sandbox.store import Obj

INTENTS = p.listing()
CHARGES = p.listing(payment_intent=p.text())
EVENTS = p.listing(type=p.text(), types=p.list_of(p.text(), 20), delivery_success=p.boolean)


def intent(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "payment_intent", ref, params)


def intents(box: Sandbox, params: dict[str, Any]) -> Obj:
    return many(box, "payment_intent", "/v1/payment_intents", params)


def charge(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "charge", ref, params)


def charges(box: Sandbox, params: dict[str, Any]) -> Obj:
    fields = {"payment_intent": params["payment_intent"]} if "payment_intent" in params else {}
    return many(box, "charge", "/v1/charges", params, fields=fields)


def event(box: Sandbox, params: dict[str, Any], ref: str) -> Obj:
    return one(box, "event", ref, params)


def events(box: Sandbox, params: dict[str, Any]) -> Obj:
    if "type" in params and "types" in params:
        raise ParamError("Give 'type' or 'types', not both.", param="types")
    types = params.get("types") or ([params["type"]] if "type" in params else None)
    fields = {}
    if "delivery_success" in params:
        fields["pending_webhooks"] = 0 if params["delivery_success"] else 1
    return many(box, "event", "/v1/events", params, types=types, fields=fields)
