"""Whether the name that a signer typed is the one expected: shown to staff, never in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from requests_app.enums import Party
from requests_app.models import MSARequest, Signature
from requests_app.utility_records.matching import Reason, match_name


@dataclass(frozen=True)
class Difference:
    signature: Signature
    expected: str


def differences(msa_request: MSARequest) -> list[Difference]:
    case = msa_request.case
    if case.agreement is None:
        return []
    signatures = sorted(case.signatures, key=lambda signature: (signature.signed_at, signature.pk))
    expected = [(signature, _expected(signature, case.agreement.facts)) for signature in signatures]
    return [Difference(signature, name) for signature, name in expected if not is_same_name(signature.name, name)]


def _expected(signature: Signature, facts: dict[str, Any]) -> str:
    """The customer's name on the service account; the agent's own account."""
    if signature.party == Party.CUSTOMER:
        return str(facts["customer_name"])
    return signature.user.name if signature.user else str(facts["agent"])


def is_same_name(typed: str, expected: str) -> bool:
    """As names are compared with the record; but a signer writes out their first name."""
    match = match_name(typed, expected)
    return match.agrees and Reason.FIRST_INITIAL not in match.reasons
