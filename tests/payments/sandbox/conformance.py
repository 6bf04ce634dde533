"""Whether calls and answers are as the provider's published description has them. See description.json."""

from __future__ import annotations

import functools
import http.client
import json
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from payments.sandbox.params import nest

Json = dict[str, Any]
DESCRIPTION: Json = json.loads((Path(__file__).parent / "description.json").read_text())
DEFINITIONS: Json = DESCRIPTION["$defs"]


@dataclass(frozen=True)
class Call:
    """`answer` is the object's type; of a list, that of its items."""

    method: str
    path: str
    params: str
    answer: str

    def meets(self, method: str, path: str) -> bool:
        return method == self.method and re.fullmatch(self.path.replace("<id>", r"\w+"), path) is not None


def _reading(name: str, path: str, kind: str, params: str = "") -> dict[str, Call]:
    params = params or kind
    return {
        f"{name}.retrieve": Call("GET", f"{path}/<id>", f"{params}RetrieveParams", kind),
        f"{name}.list": Call("GET", path, f"{params}ListParams", kind),
    }


# By the official client's own names.
CALLS = {
    **_reading("checkout.sessions", "/v1/checkout/sessions", "Session", "Checkout.Session"),
    **_reading("payment_intents", "/v1/payment_intents", "PaymentIntent"),
    **_reading("charges", "/v1/charges", "Charge"),
    **_reading("refunds", "/v1/refunds", "Refund"),
    **_reading("disputes", "/v1/disputes", "Dispute"),
    **_reading("balance_transactions", "/v1/balance_transactions", "BalanceTransaction"),
    **_reading("events", "/v1/events", "Event"),
    "checkout.sessions.create": Call("POST", "/v1/checkout/sessions", "Checkout.SessionCreateParams", "Session"),
    "checkout.sessions.expire": Call(
        "POST", "/v1/checkout/sessions/<id>/expire", "Checkout.SessionExpireParams", "Session"
    ),
    "refunds.create": Call("POST", "/v1/refunds", "RefundCreateParams", "Refund"),
}


def _as_form(schema: Any) -> Any:
    """The same types as they are written in a form, where all is text."""
    if isinstance(schema, list):
        return [_as_form(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "integer":
        return {"type": "string", "pattern": "^-?[0-9]+$"}
    if schema.get("type") == "boolean":
        return {"enum": ["true", "false"]}
    return {key: _as_form(value) for key, value in schema.items()}


@functools.cache
def _validator(name: str, *, form: bool = False) -> Draft202012Validator:
    definitions = _as_form(DEFINITIONS) if form else DEFINITIONS
    root = {"$ref": f"#/$defs/{name}"}
    if name == "error":
        error = {"$ref": "#/$defs/PaymentIntent.LastPaymentError"}  # the description's one type of error
        root = {"type": "object", "properties": {"error": error}, "required": ["error"], "additionalProperties": False}
    return Draft202012Validator(root | {"$defs": definitions})


def parameters(name: str) -> set[str]:
    return set(DEFINITIONS[name]["properties"])


def _said(errors: Iterable[ValidationError]) -> list[str]:
    """Each with its place; of alternatives, why each of them does not fit."""
    said = []
    for error in errors:
        place = "/".join(map(str, error.absolute_path))
        said.append(f"{place}: {error.message[:300]}")
        said += [f"  {inner}" for inner in _said(error.context or ())]
    return said


def object_errors(kind: str, obj: Any) -> list[str]:
    if kind == "Event":
        return _event_errors(obj)
    return _said(_validator(kind).iter_errors(obj))


def _event_errors(event: Json) -> list[str]:
    """The event's own properties, and the object that an event of this type is about."""
    about = DESCRIPTION["events"].get(event.get("type"))
    if about is None:
        return [f"no event of type {event.get('type')} about one of our objects"]
    data = event["data"]
    outer = object_errors("EventBase", event | {"data": {"object": {}}})
    unknown = [f"data: unknown {name}" for name in set(data) - {"object", "previous_attributes"}]
    return outer + unknown + object_errors(about, data["object"])


def form_errors(params: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    return _said(_validator(params, form=True).iter_errors(_listed(nest(pairs))))


def _listed(value: Any) -> Any:
    """`a[0]`, `a[1]` are an array."""
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    return list(inner.values()) if inner and all(key.isdecimal() for key in inner) else inner


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    pairs: tuple[tuple[str, str], ...]
    status: int
    answer: Json

    @property
    def name(self) -> str:
        """The official client's name of the call; empty where we have none of that kind."""
        return next((name for name, call in CALLS.items() if call.meets(self.method, self.path)), "")

    def errors(self) -> list[str]:
        """A refused call may be malformed on purpose, so of it only the answer is looked at."""
        if self.status != 200:
            return _said(_validator("error").iter_errors(self.answer))
        if not self.name:
            return ["an unknown call"]
        call = CALLS[self.name]
        errors = form_errors(call.params, self.pairs)
        if not self.name.endswith(".list"):
            return errors + object_errors(call.answer, self.answer)
        if set(self.answer) != {"object", "url", "has_more", "data"} or self.answer["object"] != "list":
            errors.append(f"not a list: {sorted(self.answer)}")
        return errors + [error for item in self.answer["data"] for error in object_errors(call.answer, item)]


@contextmanager
def recording(target: str) -> Iterator[tuple[str, list[Exchange]]]:
    """An address that passes every call on to `target`, and what went through it so far."""
    exchanges: list[Exchange] = []
    host = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            onward = http.client.HTTPConnection(host, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            onward.request(self.command, self.path, body, headers | {"Host": host})
            answer = onward.getresponse()
            text = answer.read()
            onward.close()
            parts = urlsplit(self.path)
            form = body.decode() if self.command == "POST" else parts.query
            pairs = tuple(parse_qsl(form, keep_blank_values=True))
            exchanges.append(Exchange(self.command, parts.path, pairs, answer.status, json.loads(text)))
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "date", "server", "transfer-encoding"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *args: Any, **kwargs: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", exchanges
    finally:
        server.shutdown()
        server.server_close()


def all_errors(exchanges: Iterable[Exchange]) -> list[str]:
    return [
        f"{exchange.method} {exchange.path} {exchange.status}: {error}"
        for exchange in exchanges
        for error in exchange.errors()
    ]
