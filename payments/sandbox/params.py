"""Form-encoded parameters as Stripe nests them (`a[b][0][c]=…`), and the checks that a call declares.

A check takes a value and its bracketed name, and returns the typed value or raises ParamError.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from payments.sandbox.errors import ParamError

Check = Callable[[Any, str], Any]

KEY = re.compile(r"[^\[\]]+(\[[^\[\]]*\])*")
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for key, value in pairs:
        if not KEY.fullmatch(key):
            raise ParamError(f"Invalid parameter name: {key}", param=key)
        *path, last = [step.rstrip("]") for step in key.split("[")]
        here = root
        for step in path:
            here = here.setdefault(_index(here, step), {})
            if not isinstance(here, dict):
                raise ParamError(f"Invalid hash: {key}", param=key)
        here[_index(here, last)] = value
    return root


def _index(here: dict[str, Any], step: str) -> str:
    return step or str(len(here))


def text(most: int = 5000) -> Check:
    def check(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise ParamError("Invalid string", param=name)
        if not value.strip():
            raise ParamError(
                f"'{name}' was empty; leave it out instead",
                code="parameter_invalid_empty",
                param=name,
            )
        if len(value) > most:
            raise ParamError(f"'{name}' is over {most} characters long", param=name)
        return value

    return check


def integer(low: int, high: int) -> Check:
    def check(value: Any, name: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ParamError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
        number = int(value)
        if not low <= number <= high:
            raise ParamError(
                f"'{name}' must be from {low} to {high}",
                code="parameter_invalid_integer",
                param=name,
            )
        return number

    return check


def boolean(value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise ParamError(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def choice(*allowed: str) -> Check:
    def check(value: Any, name: str) -> str:
        if value not in allowed:
            raise ParamError(f"Invalid {name}: must be one of {', '.join(allowed)}", param=name)
        return str(value)

    return check


def url(value: Any, name: str) -> str:
    address = str(text()(value, name))
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\"'<>;,\\]", parts.netloc):
        raise ParamError(f"Not a valid URL: {name}", code="url_invalid", param=name)
    return address


def email(value: Any, name: str) -> str:
    address = str(text(800)(value, name))
    if not EMAIL.fullmatch(address):
        raise ParamError(f"Invalid email address: {address}", code="email_invalid", param=name)
    return address


def metadata(value: Any, name: str) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500; an empty value means no such key."""
    if value == "":
        return {}
    if not isinstance(value, dict) or len(value) > 50:
        raise ParamError(f"'{name}' must be a hash of at most 50 keys", param=name)
    for key, item in value.items():
        if not isinstance(item, str) or len(item) > 500 or len(key) > 40:
            raise ParamError("Invalid metadata key or value", param=f"{name}[{key}]")
    return {key: item for key, item in value.items() if item}


def list_of(item: Check, most: int = 100) -> Check:
    def check(value: Any, name: str) -> list[Any]:
        if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
            raise ParamError("Invalid array", param=name)
        if len(value) > most:
            raise ParamError(f"'{name}' takes at most {most} items", param=name)
        ordered = sorted(value.items(), key=lambda pair: int(pair[0]))
        return [item(entry, f"{name}[{index}]") for index, entry in ordered]

    return check


def hash_of(*required: str, **checks: Check) -> Check:
    """A hash of these parameters, the named ones required. An unknown one is refused."""

    def check(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ParamError("Invalid object", param=name)
        full = {key: f"{name}[{key}]" if name else key for key in (*value, *required)}
        for key in value:
            if key not in checks:
                raise ParamError(
                    f"Received unknown parameter: {full[key]}",
                    code="parameter_unknown",
                    param=full[key],
                )
        for key in required:
            if key not in value:
                raise ParamError(
                    f"Missing required param: {full[key]}",
                    code="parameter_missing",
                    param=full[key],
                )
        return {key: checks[key](entry, full[key]) for key, entry in value.items()}

    return check


TIMESTAMP = integer(0, 10**11)
EXPAND = list_of(text(200), 20)


def created(value: Any, name: str) -> dict[str, int]:
    """A moment, or a hash of gt, gte, lt, lte; always returned as the hash."""
    if isinstance(value, str):
        moment = TIMESTAMP(value, name)
        return {"gte": moment, "lte": moment}
    result: dict[str, int] = hash_of(gt=TIMESTAMP, gte=TIMESTAMP, lt=TIMESTAMP, lte=TIMESTAMP)(value, name)
    return result


def listing(**filters: Check) -> Check:
    """What every list call takes, and its own filters."""
    return hash_of(
        limit=integer(1, 100),
        starting_after=text(),
        ending_before=text(),
        created=created,
        expand=EXPAND,
        **filters,
    )


ONE = hash_of(expand=EXPAND)
