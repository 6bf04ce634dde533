"""What is still missing on the form, and what the eligibility rules say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from requests_app import eligibility, program
from requests_app.application import steps
from requests_app.models import MSARequest


@dataclass(frozen=True)
class Gap:
    """A field that applies and has no value, and the step it stands on."""

    field: str
    step: str
    message: Any


def gaps(msa_request: MSARequest) -> list[Gap]:
    """Every field that applies to this request and is not filled in, in the form's order."""
    return [
        Gap(field=name, step=step.slug, message=_("Fill this in: %(label)s.") % {"label": steps.label(name)})
        for step in steps.STEPS
        for name in step.required_fields(msa_request)
        if _is_missing(name, getattr(msa_request, name))
    ]


def _is_missing(name: str, value: Any) -> bool:
    """A statement that was not made counts as missing; a question answered with no does not."""
    return value is None or value == "" or (name in steps.STATEMENTS and not value)


def verdict(
    msa_request: MSARequest,
    *,
    on: date,
    panels: eligibility.Panels | None = None,
    documents: tuple[str, ...] | None = None,
) -> eligibility.Verdict:
    """The eligibility rules over the request's facts, judged on that day (E6).

    Who judges a request with another device hands in the `panels` and the missing `documents`.
    """
    panels = program.of(msa_request).panels if panels is None else panels
    return eligibility.judge(eligibility.facts_of(msa_request, on=on, panels=panels, documents=documents), on=on)


@dataclass(frozen=True)
class Form:
    """What the form lacks, and what the rules say of it on the day that counts."""

    on: date
    gaps: list[Gap]
    verdict: eligibility.Verdict


def form_of(msa_request: MSARequest) -> Form:
    """Judged today, or on the day on which the fee form was opened (E6, C6)."""
    return msa_request.case.judged(_form_of)


def _form_of(msa_request: MSARequest) -> Form:
    on = msa_request.judged_on or local_day(timezone.now())
    return Form(on, gaps(msa_request), verdict(msa_request, on=on))


def check_form_complete(msa_request: MSARequest) -> None:
    """Every field that applies is filled in, and the site can be served (F2, E)."""
    check_complete(form_of(msa_request))


def check_complete(form: Form) -> None:
    if form.gaps:
        raise Refused(
            _("The request form is not complete. Fill in the fields that are named there."), code="incomplete"
        )
    if form.verdict.outcome == "not_eligible":
        raise Refused(
            _("Something on the form rules this site or device out. The review step says what, and what you can do."),
            code="not_eligible",
        )
