"""Whether the name that a signer typed is the one expected: shown to staff, never in the way."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from msa_portal.accounts.models import User
from requests_app import agreements
from requests_app.enums import Party
from requests_app.models import MSARequest, Signature

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "md", "phd", "mr", "mrs", "ms", "dr"})


@dataclass(frozen=True)
class Difference:
    signature: Signature
    expected: str


def panel(request: MSARequest, _viewer: User) -> tuple[str, dict[str, Any]] | None:
    """On the screening page: signatures under another name than the account's."""
    found = differences(request)
    return ("requests_app/panels/signer_names.html", {"differences": found}) if found else None


def differences(request: MSARequest) -> list[Difference]:
    agreement = agreements.current(request)
    if agreement is None:
        return []
    rows = agreement.signatures.select_related("user").order_by("signed_at", "pk")
    expected = [(each, _expected(each, agreement.facts)) for each in rows]
    return [Difference(each, name) for each, name in expected if not is_same_name(each.name, name)]


def _expected(signature: Signature, facts: dict[str, Any]) -> str:
    """The customer's name on the service account; the agent's own account."""
    if signature.party == Party.CUSTOMER:
        return str(facts["customer_name"])
    return signature.user.name if signature.user else str(facts["agent"])


def is_same_name(typed: str, expected: str) -> bool:
    """In any order, without case, accents, titles and suffixes; an initial stands for its name."""
    one, other = _words(typed), _words(expected)
    if not one or not other:
        return one == other
    short, long = sorted((one, other), key=len)
    full = [word for word in short if len(word) > 1]
    return len(full) >= min(2, len(long)) and all(_has(word, long) for word in short)


def _has(word: str, words: list[str]) -> bool:
    return any(each == word or (1 in {len(each), len(word)} and each[0] == word[0]) for each in words)


def _words(name: str) -> list[str]:
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    kept = "".join(each if each.isalnum() else "" if each in "'’" else " " for each in plain.casefold())
    return [word for word in kept.split() if word not in _SUFFIXES]
