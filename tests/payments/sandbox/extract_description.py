"""`python extract_description.py PATH OUT`: the names and types of the provider's published description.

PATH is an unpacked copy of the provider's client for Node. Its declarations are generated from that
description and keep what matters here: each property's name and type, whether it may be null or left
out, the values of an enum, and what can be expanded. No text is taken. What belongs to payment methods
that we do not offer, and to objects that we never ask for, is left out, so that it counts as unknown.
OUT is JSON Schema, one definition for each type that our calls can reach.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

RESOURCES = ("BalanceTransactionSources", "BalanceTransactions", "Charges", "Checkout/Sessions", "Disputes", "Events")
RESOURCES += ("LineItems", "PaymentIntents", "Prices", "Refunds")
LISTED = ("BalanceTransaction", "Charge", "Dispute", "Event", "PaymentIntent", "Refund", "Session")
ROOTS = (
    *(name for name in LISTED if name != "Event"),
    *(f"{name}{act}Params" for name in LISTED if name != "Session" for act in ("Retrieve", "List")),
    *(f"Checkout.Session{act}Params" for act in ("Create", "Expire", "Retrieve", "List")),
    *("EventBase", "LineItem", "RefundCreateParams"),
)
METHODS = "PaymentIntent.AllowedPaymentMethodType"  # the enum of all payment methods
OURS = {"card", "us_bank_account"}
FRACTIONS = {"exchange_rate"}  # "number" does not tell a fraction from a whole number; all others are whole
TOKEN = re.compile(r"'[^']*'|[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*|[{}<>\[\]|&:;?=,]")
PLAIN: dict[str, Schema] = {
    "string": {"type": "string"},
    "number": {"type": "integer"},
    "Decimal": {"type": "string"},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
    "unknown": {},
    "Metadata": {"type": "object", "additionalProperties": {"type": "string"}},
    "MetadataParam": {"type": "object", "additionalProperties": {"type": "string"}},
}


class Declarations:
    """Every interface and type alias of the modules, by its full dotted name."""

    def __init__(self) -> None:
        self.types: dict[str, tuple[Schema, list[str]]] = {}

    def read(self, source: str) -> None:
        """Imports and classes declare no data, so they go first."""
        source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
        source = re.sub(r"^export declare class.*?^\}", "", source, flags=re.DOTALL | re.MULTILINE)
        source = re.sub(r"^(import|export \{)[^;]*;", "", source, flags=re.MULTILINE)
        self.tokens, self.at = TOKEN.findall(source), 0
        while self.at < len(self.tokens):
            self.declaration("")

    def take(self, *expected: str) -> str:
        token: str = self.tokens[self.at]
        if expected and token not in expected:
            raise SyntaxError(f"{token} where {expected} should be, after {self.tokens[self.at - 9 : self.at]}")
        self.at += 1
        return token

    def next_is(self, token: str) -> bool:
        if self.tokens[self.at] != token:
            return False
        self.at += 1
        return True

    def declaration(self, scope: str) -> None:
        word = self.take()
        while word in ("export", "declare"):
            word = self.take()
        name = scope + self.take()
        if word == "namespace":
            self.take("{")
            while not self.next_is("}"):
                self.declaration(f"{name}.")
        elif word == "interface":
            bases = [self.take()] if self.next_is("extends") else []
            while self.next_is(","):
                bases.append(self.take())
            self.types[name] = (self.members(), bases)
        elif name in ("Emptyable", "OtherString"):  # known by name
            while self.take() != ";":
                pass
        else:
            self.take("=")
            self.types[name] = (self.union(), [])
            self.take(";")

    def members(self) -> Schema:
        properties: dict[str, Schema] = {}
        required, rest = [], False
        self.take("{")
        while not self.next_is("}"):
            if self.next_is("["):
                while self.take() != "]":
                    pass
                self.take(":")
                rest = self.union()
            else:
                name = self.take().strip("'")
                if not self.next_is("?"):
                    required.append(name)
                self.take(":")
                properties[name] = self.union()
                if name in FRACTIONS:
                    properties[name] = json.loads(json.dumps(properties[name]).replace("integer", "number"))
            self.take(";")
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": rest}

    def union(self) -> Schema:
        parts = [self.single()]
        while self.next_is("|"):
            parts.append(self.single())
        return one_of(parts)

    def single(self) -> Schema:
        token = self.take()
        if token == "{":
            self.at -= 1
            return self.members()
        if token.startswith("'"):
            return {"enum": [token.strip("'")]}
        if self.next_is("<"):
            inner = self.union()
            self.take(">")
            return wrapped(token, inner)
        if self.next_is("&"):
            self.single()
        return PLAIN.get(token) or {"$ref": token}


def wrapped(name: str, inner: Schema) -> Schema:
    if name == "Array":
        return {"type": "array", "items": inner}
    if name == "Emptyable":
        return one_of([inner, {"enum": [""]}])
    if name == "ApiList":
        texts = {"object": {"enum": ["list"]}, "url": PLAIN["string"], "has_more": PLAIN["boolean"]}
        properties = {**texts, "data": {"type": "array", "items": inner}}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    return {}


def one_of(parts: list[Schema]) -> Schema:
    """An enum's values become one enum. That the client also takes any other string is not the description's."""
    values = [value for part in parts for value in part.get("enum", ())]
    others = [part for part in parts if "enum" not in part and part != {"$ref": "OtherString"}]
    if values:
        others.append({"enum": values})
    return others[0] if len(others) == 1 else {"anyOf": others}


class Extract:
    """Follows the roots' references and gives each type that they reach a definition."""

    def __init__(self, declarations: Declarations) -> None:
        self.all = declarations.types
        self.definitions: dict[str, Schema] = {}
        self.others = set(self.all[METHODS][0]["enum"]) - OURS

    def need(self, name: str) -> None:
        if name not in self.definitions:
            self.definitions[name] = {}
            body, bases = self.all[name]
            for base in bases:
                merged = self.all[self.full(base, name)][0]
                body = body | {"properties": merged["properties"] | body["properties"]}
            self.definitions[name] = self.resolved(body, name)

    def full(self, name: str, scope: str) -> str:
        """The innermost scope that declares it, as the language has it; empty where none of our modules does."""
        steps = scope.split(".")
        tries = [".".join([*steps[:length], name]) for length in range(len(steps), -1, -1)]
        return next((full for full in tries if full in self.all), "")

    def resolved(self, part: Any, scope: str) -> Any:
        if isinstance(part, list):
            return [self.resolved(item, scope) for item in part if not self.foreign(item, scope)]
        if not isinstance(part, dict):
            return part
        if isinstance(part.get("$ref"), str):
            full = self.full(part["$ref"], scope)
            if not full:
                return False
            self.need(full)
            return {"$ref": f"#/$defs/{full}"}
        if isinstance(part.get("properties"), dict):
            kept = {name: value for name, value in part["properties"].items() if name not in self.others}
            return part | {
                "properties": {name: self.resolved(value, scope) for name, value in kept.items()},
                "additionalProperties": self.resolved(part["additionalProperties"], scope),
            }
        return {
            key: value if key in ("enum", "required") else self.resolved(value, scope) for key, value in part.items()
        }

    def foreign(self, item: Any, scope: str) -> bool:
        return isinstance(item, dict) and isinstance(item.get("$ref"), str) and not self.full(item["$ref"], scope)


def events(declarations: Declarations) -> dict[str, str]:
    """Which object an event of each type is about, where it is one of ours."""
    result = {}
    for name, (body, bases) in declarations.types.items():
        if bases == ["EventBase"]:
            about = (
                declarations.types[f"{name}.Data"][0]["properties"]["object"].get("$ref", "").removeprefix("Checkout.")
            )
            if about in LISTED:
                result[body["properties"]["type"]["enum"][0]] = about
    return result


def main(path: Path, out: Path) -> None:
    declarations = Declarations()
    for name in ("shared", *(f"resources/{name}" for name in RESOURCES)):
        declarations.read((path / "cjs" / f"{name}.d.ts").read_text())
    extract = Extract(declarations)
    for root in ROOTS:
        extract.need(root)
    version = re.search(r"'([^']+)'", (path / "cjs" / "apiVersion.js").read_text().split("ApiVersion =", 1)[1])
    assert version
    result = {
        "api_version": version[1],
        "description_version": (path / "OPENAPI_VERSION").read_text().strip(),
        "events": events(declarations),
        "$defs": dict(sorted(extract.definitions.items())),
    }
    out.write_text(json.dumps(result, separators=(",", ":")).replace(',"$defs"', ',\n"$defs"') + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
