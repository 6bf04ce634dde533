"""The request's answers in words, for whoever reads them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from requests_app.application import steps
from requests_app.models import MSARequest


@dataclass(frozen=True)
class Answer:
    field: str
    label: str
    text: str  # empty where nothing was said


def answer_text(msa_request: MSARequest, name: str) -> str:
    """One answer as a person reads it; empty where there is none."""
    value = getattr(msa_request, name)
    if value is True:
        return _("Yes")
    if value is False:
        return "" if name in steps.STATEMENTS else _("No")
    if value is None or value == "":
        return ""
    if name.endswith("_amps"):
        return _("%(amps)s A") % {"amps": value}
    display = getattr(msa_request, f"get_{name}_display", None)
    return str(display() if display else value)


def answers_of(msa_request: MSARequest, step: steps.Step) -> list[Answer]:
    """What that step asks of this request, and what was said."""
    return [Answer(name, steps.label(name), answer_text(msa_request, name)) for name in step.shown_fields(msa_request)]
