"""The `/v1/…` calls: key, parameters, idempotency, faults that a test asked for, then the work."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from payments.sandbox import balance, checkout, disputes, objects, refunds
from payments.sandbox import params as p
from payments.sandbox.context import API_VERSION, Origin, Sandbox, origin
from payments.sandbox.errors import ApiError, internal, unauthorized
from payments.sandbox.faults import Fault
from payments.sandbox.idempotency import Answer
from payments.sandbox.store import Obj, new_id

Work = Callable[..., Obj]


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: re.Pattern[str]
    check: p.Check
    work: Work


def _at(method: str, path: str, check: p.Check, work: Work) -> Endpoint:
    return Endpoint(method, re.compile(path.replace("<id>", r"(?P<ref>[A-Za-z0-9_]+)")), check, work)


ENDPOINTS = (
    _at("POST", "/v1/checkout/sessions", checkout.CREATE, checkout.create),
    _at("GET", "/v1/checkout/sessions", checkout.LIST, checkout.listing),
    _at("GET", "/v1/checkout/sessions/<id>", p.ONE, checkout.retrieve),
    _at("POST", "/v1/checkout/sessions/<id>/expire", p.ONE, checkout.expire),
    _at("GET", "/v1/payment_intents", objects.INTENTS, objects.intents),
    _at("GET", "/v1/payment_intents/<id>", p.ONE, objects.intent),
    _at("GET", "/v1/charges", objects.CHARGES, objects.charges),
    _at("GET", "/v1/charges/<id>", p.ONE, objects.charge),
    _at("POST", "/v1/refunds", refunds.CREATE, refunds.create),
    _at("GET", "/v1/refunds", refunds.LIST, refunds.listing),
    _at("GET", "/v1/refunds/<id>", p.ONE, refunds.retrieve),
    _at("GET", "/v1/disputes", disputes.LIST, disputes.listing),
    _at("GET", "/v1/disputes/<id>", p.ONE, disputes.retrieve),
    _at("GET", "/v1/balance_transactions", balance.LIST, balance.listing),
    _at("GET", "/v1/balance_transactions/<id>", p.ONE, balance.retrieve),
    _at("GET", "/v1/events", objects.EVENTS, objects.events),
    _at("GET", "/v1/events/<id>", p.ONE, objects.event),
)
MOST_KEY = 255


def respond(box: Sandbox, request: Request) -> Response:
    request_id = new_id("req_", 14)
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    token = origin.set(Origin(request_id, key))
    try:
        answer = _answer(box, request, key)
    except ApiError as error:
        answer = _refusal(error)
    finally:
        origin.reset(token)
    response = Response(answer.body, answer.status, content_type="application/json")
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = API_VERSION
    response.headers["Cache-Control"] = "no-store"
    if key:
        response.headers["Idempotency-Key"] = key
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _answer(box: Sandbox, request: Request, key: str | None) -> Answer:
    _authenticate(request)
    endpoint, refs = _match(request)
    fault = box.faults.take(request.method, request.path)
    if fault and fault.kind in ("timeout_before", "error_before"):
        return _fault(box, fault)
    sent = p.nest((request.form if request.method == "POST" else request.args).items(multi=True))
    params = endpoint.check(sent, "")

    def work() -> Answer:
        answer = _rendered(endpoint.work(box, params, **refs))
        return _fault(box, fault) if fault and fault.kind == "error_saved" else answer

    if key:
        if len(key) > MOST_KEY:
            raise ApiError(f"An idempotency key has at most {MOST_KEY} characters.")
        with box.idempotency.claim(key):
            if fault and fault.kind == "timeout_during":
                box.stopping.wait(fault.seconds)
            answer = box.idempotency.run(key, request.path, _fingerprint(sent), work, _refusal)
    else:
        with box.store.transaction():
            answer = work()
    if fault and fault.kind in ("timeout_after", "error_after"):
        return _fault(box, fault, answer)
    return answer


def _fault(box: Sandbox, fault: Fault, answer: Answer | None = None) -> Answer:
    """A timeout answers in the end, but far later than a client waits."""
    if fault.kind.startswith("timeout"):
        box.stopping.wait(fault.seconds)
    if fault.kind == "timeout_after" and answer:
        return answer
    return _refusal(internal("The sandbox was told to fail this call."))


def _authenticate(request: Request) -> None:
    key = _key(request)
    if key.startswith(("sk_live_", "rk_live_", "pk_live_")):
        raise unauthorized(
            "This is a live key, and this is a sandbox. Use a key that starts with sk_test_.",
            code="livemode_mismatch",
        )
    if not re.fullmatch(r"(sk|rk)_test_\w+", key):
        raise unauthorized("Invalid API key. Send 'Authorization: Bearer sk_test_…'; any such key will do here.")


def _key(request: Request) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    try:
        return base64.b64decode(value).decode().partition(":")[0] if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _match(request: Request) -> tuple[Endpoint, dict[str, Any]]:
    for endpoint in ENDPOINTS:
        match = endpoint.path.fullmatch(request.path)
        if match and endpoint.method == request.method:
            return endpoint, match.groupdict()
    raise ApiError(f"The sandbox has no {request.method} {request.path}.", status=404)


def _rendered(obj: Obj) -> Answer:
    return Answer(200, json.dumps(obj))


def _refusal(error: ApiError) -> Answer:
    return Answer(error.status, json.dumps(error.envelope(), indent=2))


def _fingerprint(sent: Obj) -> str:
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
