"""What a person can do on a request now: the one action, and the others with why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app import permissions
from requests_app.agreements import versions
from requests_app.application import steps
from requests_app.enums import FINAL, FollowUpKind, Party, RequestType, Status
from requests_app.lifecycle import policies
from requests_app.models import MSARequest
from requests_app.readiness import readiness


@dataclass(frozen=True)
class Step:
    """An action: its words, its address, and, where it is not possible now, why (`url` is empty then)."""

    label: str
    url: str = ""
    reason: str = ""


def next_step(msa_request: MSARequest, user: User) -> Step | None:
    """The one action that this person should take now; None where they wait for others."""
    if not permissions.acts_for(user, msa_request):
        return None
    if msa_request.status == Status.UNSUBMITTED:
        return _before_submission(msa_request, user)
    if msa_request.status == Status.CORRECTIONS_REQUIRED:
        return after_answers(msa_request, user)
    if msa_request.status == Status.SITE_VISIT_UNSUCCESSFUL:
        return _after_failure(msa_request, user)
    return None


def _to(name: str, msa_request: MSARequest, *more: Any) -> str:
    return reverse(name, args=[msa_request.reference, *more])


def _before_submission(msa_request: MSARequest, user: User) -> Step | None:
    state = readiness.check(msa_request)
    if state.missing:
        return Step(_("Continue the form"), _to("requests:form", msa_request, state.missing[0].step))
    if state.answer == readiness.Answer.CANNOT_SERVE:
        return Step(_("See what rules it out"), _to("requests:form", msa_request, steps.REVIEW.slug))
    agreement = msa_request.case.agreement
    if agreement is None:
        return Step(_("Review and go on to the agreement"), _to("requests:form", msa_request, steps.REVIEW.slug))
    if versions.is_executed(msa_request) and state.has_unstated:
        return Step(_("See what to put right first"), _to("requests:readiness", msa_request))
    return _sign_or_pay(msa_request, user)


def after_answers(msa_request: MSARequest, user: User) -> Step:
    """In corrections: the answers, then what else has changed with them, the signatures, and sending it back."""
    if any(correction.is_unanswered for correction in msa_request.case.corrections):
        return Step(_("Answer the corrections"), _to("requests:corrections", msa_request))
    state = readiness.check(msa_request)
    if state.missing:
        return Step(_("Complete the form"), f"{_to('requests:form', msa_request, steps.REVIEW.slug)}#readiness")
    if state.has_unstated:
        return Step(_("See what to fix first"), _to("requests:readiness", msa_request))
    if not versions.is_executed(msa_request):
        return _sign(msa_request, user)
    return Step(_("Send it back for screening"), f"{_to('requests:corrections', msa_request)}#send-back")


def _sign_or_pay(msa_request: MSARequest, user: User) -> Step | None:
    if versions.is_executed(msa_request):
        is_called_in = msa_request.request_type == RequestType.MAINTENANCE  # often without a fee (D16)
        return _pay(msa_request, user, _("Submit the request") if is_called_in else _("Pay the fee"))
    return _sign(msa_request, user)


def _sign(msa_request: MSARequest, user: User) -> Step:
    if msa_request.case.agreement is None:
        return Step(_("Go on to the agreement"), _to("requests:agreement", msa_request))
    mine = Party.CUSTOMER if msa_request.owner_id == user.pk else Party.AGENT
    if mine in msa_request.case.waited_for:
        return Step(_("Read and sign the agreement"), _to("requests:agreement", msa_request))
    return Step(_("See who has not signed yet"), _to("requests:agreement", msa_request))


def _after_failure(msa_request: MSARequest, user: User) -> Step | None:
    follow_up = policies.open_follow_up(msa_request)
    if follow_up is None:
        return Step(_("Choose how to go on"), f"{msa_request.get_absolute_url()}#actions")
    if follow_up.kind == FollowUpKind.MODIFY:
        return _sign_or_pay(msa_request, user)
    return _pay(msa_request, user, _("Pay the fee for the next visit"))


def _pay(msa_request: MSARequest, user: User, label: str) -> Step | None:
    """Nothing is to be done while the bank's payment is on its way."""
    if msa_request.is_debit_under_way:
        return None
    if msa_request.customer_pays and permissions.is_agent_of(user, msa_request):
        label = _("See the link to pay that your customer has")
    return Step(label, _to("payments:fee", msa_request))


def actions(msa_request: MSARequest, user: User) -> list[Step]:
    """Everything that can be done on a request, under its official name (R7), with why it cannot be now."""
    if not permissions.acts_for(user, msa_request):
        return []
    against = policies.reason_against
    saved = policies.open_follow_up(msa_request)
    take_back = [_step(_("Take the saved form back"), msa_request, "requests:reschedule", "")] if saved else []
    return [
        *take_back,
        _step(
            _("Change the answers"),
            msa_request,
            "requests:form",
            against(policies.check_editable, msa_request),
            "where",
        ),
        _step(
            _("Submit Meter Socket Adapter Fee"),
            msa_request,
            "payments:fee",
            against(policies.check_payable, msa_request),
        ),
        _step(_("Answer corrections"), msa_request, "requests:corrections", against(_check_corrections, msa_request)),
        _step(_("Reschedule MSA Site Visit"), msa_request, "requests:reschedule", against(_check_failed, msa_request)),
        _step(_("Modification Request"), msa_request, "requests:modify", against(_check_modifiable, msa_request)),
        _step(_("Withdraw IR"), msa_request, "requests:withdraw", against(_check_withdrawable, msa_request)),
    ]


def _step(label: str, msa_request: MSARequest, name: str, reason: str, *more: Any) -> Step:
    return Step(label, reason=reason) if reason else Step(label, _to(name, msa_request, *more))


def _check_corrections(msa_request: MSARequest) -> None:
    if msa_request.status != Status.CORRECTIONS_REQUIRED:
        raise Refused(_("Nothing is to be corrected now."), code="nothing_to_correct")


def _check_failed(msa_request: MSARequest) -> None:
    if msa_request.status != Status.SITE_VISIT_UNSUCCESSFUL:
        raise Refused(_("This is for after a visit that did not succeed."), code="no_failed_visit")
    if policies.open_follow_up(msa_request):
        raise Refused(
            _("A form for the next visit is saved already. Continue with it, or take it back first."),
            code="follow_up_open",
        )


def _check_modifiable(msa_request: MSARequest) -> None:
    _check_failed(msa_request)
    if not msa_request.places_device:
        raise Refused(_("This request puts no MSA in, so there is none to change."), code="no_device")


def _check_withdrawable(msa_request: MSARequest) -> None:
    if msa_request.status in FINAL:
        raise Refused(_("This request is closed."), code="closed")
    policies.check_withdraw(msa_request)
