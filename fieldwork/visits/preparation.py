"""What must be ready when the meter technician comes, in the customer's words (E13, E14, E17)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from requests_app import eligibility
from requests_app.models import MSARequest
from requests_app.readiness import readiness


@dataclass(frozen=True)
class Preparation:
    """`ready`: what every such visit needs; `promised`: what was stated to be put right by the visit."""

    ready: tuple[str, ...]
    promised: tuple[str, ...]


def preparation_for(msa_request: MSARequest) -> Preparation:
    """One query, for the statement."""
    said = {
        "E17": _("Keep the way to the meter clear and safe: unlock gates and keep pets away from it."),
        "E13": _("Leave the MSA next to the meter, in a waterproof package that is easy to see."),
        "E14": _("The MSA must be clean, dry and undamaged."),
    }
    judged = {rule.number for rule in eligibility.rules_for(msa_request.request_type)}
    statement = readiness.statement_of(msa_request)
    return Preparation(
        tuple(words for number, words in said.items() if number in judged),
        tuple(finding["todo"] or finding["message"] for finding in statement.findings) if statement else (),
    )
