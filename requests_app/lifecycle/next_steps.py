"""What a person can do on a request now: the one action, and the others with why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from requests_app import eligibility, permissions
from requests_app.agreements import versions
from requests_app.application import completeness, steps
from requests_app.enums import FINAL, AgreementState, FollowUpKind, Party, Status
from requests_app.lifecycle import policies
from requests_app.models import Agreement, FollowUp, MSARequest
from requests_app.readiness import readiness


@dataclass(frozen=True)
class Step:
    """An action: its words, its address, and, where it is not possible now, why (`url` is empty then)."""

    label: str
    url: str = ""
    reason: str = ""


def next_step(request: MSARequest, user: User, *, panels: eligibility.Panels | None = None) -> Step | None:
    """The one action that this person should take now; None where they wait for others.

    Reads related rows through `all()`: a list that prefetches agreements with their signatures
    and follow-ups, and hands in the incompatible `panels`, costs no query a row.
    """
    if not permissions.acts_for(user, request):
        return None
    if request.status == Status.UNSUBMITTED:
        return _before_submission(request, user, local_day(timezone.now()), panels)
    if request.status == Status.CORRECTIONS_REQUIRED:
        return Step(_("Answer the corrections"), _to("requests:corrections", request))
    if request.status == Status.SITE_VISIT_UNSUCCESSFUL:
        return _after_failure(request, user)
    return None


def _to(name: str, request: MSARequest, *more: Any) -> str:
    return reverse(name, args=[request.reference, *more])


def _before_submission(request: MSARequest, user: User, today: date, panels: eligibility.Panels | None) -> Step:
    gaps = completeness.gaps(request)
    if gaps:
        return Step(_("Go on with the form"), _to("requests:form", request, gaps[0].step))
    # Documents never rule a device out, so a list does not look for them.
    verdict = completeness.verdict(request, on=request.judged_on or today, panels=panels, documents=())
    if verdict.outcome == "not_eligible":
        return Step(_("See what rules it out"), _to("requests:form", request, steps.REVIEW.slug))
    agreement = _current_agreement(request)
    if agreement is None:
        return Step(_("Review and go on to the agreement"), _to("requests:form", request, steps.REVIEW.slug))
    step = _sign_or_pay(request, user, agreement)
    if step.url == _to("payments:fee", request) and readiness.has_unstated_findings(request, verdict):
        return Step(_("See what to put right first"), _to("requests:readiness", request))
    return step


def _sign_or_pay(request: MSARequest, user: User, agreement: Agreement) -> Step:
    if agreement.state == AgreementState.EXECUTED and versions.matches(agreement, request):
        return Step(_("Pay the fee"), _to("payments:fee", request))
    mine = Party.CUSTOMER if request.owner_id == user.pk else Party.AGENT
    if mine in agreement.waited_for:
        return Step(_("Read and sign the agreement"), _to("requests:agreement", request))
    return Step(_("See who has not signed yet"), _to("requests:agreement", request))


def _current_agreement(request: MSARequest) -> Agreement | None:
    return next((each for each in request.agreements.all() if each.state != AgreementState.SUPERSEDED), None)


def _open_follow_up(request: MSARequest) -> FollowUp | None:
    return next((each for each in request.follow_ups.all() if not (each.completed_at or each.canceled_at)), None)


def _after_failure(request: MSARequest, user: User) -> Step:
    follow_up = _open_follow_up(request)
    if follow_up is None:
        return Step(_("Choose how to go on"), f"{request.get_absolute_url()}#actions")
    if follow_up.kind == FollowUpKind.MODIFY:
        agreement = _current_agreement(request)
        if agreement is None:
            return Step(_("Go on to the agreement"), _to("requests:agreement", request))
        return _sign_or_pay(request, user, agreement)
    return Step(_("Pay the fee for the next visit"), _to("payments:fee", request))


def actions(request: MSARequest, user: User) -> list[Step]:
    """Everything that can be done on a request, under its official name (R7), with why it cannot be now."""
    if not permissions.acts_for(user, request):
        return []
    against = policies.reason_against
    saved = _open_follow_up(request)
    take_back = [_step(_("Take the saved form back"), request, "requests:reschedule", "")] if saved else []
    return [
        *take_back,
        _step(_("Change the answers"), request, "requests:form", against(policies.check_editable, request), "where"),
        _step(_("Submit Meter Socket Adapter Fee"), request, "payments:fee", against(policies.check_payable, request)),
        _step(_("Answer corrections"), request, "requests:corrections", against(_check_corrections, request)),
        _step(_("Reschedule MSA Site Visit"), request, "requests:reschedule", against(_check_failed, request)),
        _step(_("Modification Request"), request, "requests:modify", against(_check_modifiable, request)),
        _step(_("Withdraw IR"), request, "requests:withdraw", against(_check_withdrawable, request)),
    ]


def _step(label: str, request: MSARequest, name: str, reason: str, *more: Any) -> Step:
    return Step(label, reason=reason) if reason else Step(label, _to(name, request, *more))


def _check_corrections(request: MSARequest) -> None:
    if request.status != Status.CORRECTIONS_REQUIRED:
        raise Refused(_("Nothing is to be corrected now."), code="nothing_to_correct")


def _check_failed(request: MSARequest) -> None:
    if request.status != Status.SITE_VISIT_UNSUCCESSFUL:
        raise Refused(_("This is for after a visit that did not succeed."), code="no_failed_visit")
    if _open_follow_up(request):
        raise Refused(
            _("A form for the next visit is saved already. Go on with it, or take it back first."),
            code="follow_up_open",
        )


def _check_modifiable(request: MSARequest) -> None:
    _check_failed(request)
    if not request.places_device:
        raise Refused(_("This request puts no MSA in, so there is none to change."), code="no_device")


def _check_withdrawable(request: MSARequest) -> None:
    if request.status in FINAL:
        raise Refused(_("This request is closed."), code="closed")
    policies.check_withdraw(request)
