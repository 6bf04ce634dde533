"""When an event may happen: each check raises with the reason; `reason_against` gives it as text.

A button that is not possible now shows that very reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.utils.translation import gettext_lazy as _

from msa_portal.errors import Refused
from requests_app import enums
from requests_app.agreements import versions
from requests_app.application import completeness
from requests_app.application.completeness import check_form_complete
from requests_app.enums import CheckAnswer, CheckCode
from requests_app.models import FollowUp, MSARequest, Screening, VisitRound
from requests_app.models.accounts import has_its_place
from requests_app.readiness import readiness


def failed_round(msa_request: MSARequest) -> VisitRound:
    """The last visit that did not succeed. Raises `Refused` where there is none."""
    visit_round = msa_request.case.failed_round
    if visit_round is None:
        raise Refused(_("No visit has failed on this request."), code="no_failed_visit")
    return visit_round


def reason_against(check: Callable[..., None], *args: Any, **kwargs: Any) -> str:
    """Why not, in words; empty where it is possible."""
    refused = refusal(check, *args, **kwargs)
    return str(refused) if refused else ""


def refusal(check: Callable[..., None], *args: Any, **kwargs: Any) -> Refused | None:
    """Why not; None where it is possible."""
    try:
        check(*args, **kwargs)
    except Refused as refused:
        return refused
    return None


def open_round(msa_request: MSARequest) -> VisitRound:
    """The visit that is being paid for, planned or made. Raises `Refused` where none is open."""
    visit_round = msa_request.case.open_round
    if visit_round is None:
        raise Refused(_("There is no site visit open on this request."), code="no_open_visit")
    return visit_round


def open_follow_up(msa_request: MSARequest) -> FollowUp | None:
    return msa_request.case.follow_up


def check_editable(msa_request: MSARequest) -> None:
    if msa_request.status not in enums.EDITABLE:
        raise Refused(
            _("This request is “%(status)s”, so its answers stand as they are.")
            % {"status": msa_request.get_status_display()},
            code="not_editable",
        )
    check_thawed(msa_request)


def check_thawed(msa_request: MSARequest) -> None:
    """No checkout is open (D15)."""
    if msa_request.is_frozen and msa_request.is_debit_under_way:
        raise Refused(
            _("Your bank payment is on its way, and until it arrives your answers can't change."), code="payment_open"
        )
    if msa_request.is_frozen:
        raise Refused(
            _("A payment is open, so the answers stand still. Finish the payment, or cancel it on the fee page."),
            code="payment_open",
        )


def check_agreement_executed(msa_request: MSARequest) -> None:
    if not versions.is_executed(msa_request):
        raise Refused(
            _("The agreement is not signed by everyone yet. Sign it, or remind the person who has not."),
            code="agreement_not_executed",
        )


def check_payable(msa_request: MSARequest) -> None:
    """The fee form is open: form complete, agreement executed (F2), or a follow-up waits (F3).

    What is to be put right is stated, whatever the visit.
    """
    if msa_request.status == enums.Status.UNSUBMITTED:
        check_agreed_and_stated(msa_request)
        return
    follow_up = open_follow_up(msa_request)
    if follow_up is None:
        raise Refused(_("Nothing is to be paid on this request now."), code="nothing_due")
    if follow_up.kind == enums.FollowUpKind.MODIFY:
        check_agreement_executed(msa_request)
    readiness.check_findings_stated(msa_request)


def check_agreed_and_stated(msa_request: MSARequest) -> None:
    """The form is complete, the agreement executed, and what is open is stated."""
    state = readiness.check(msa_request)
    completeness.check_complete(state.form)
    check_agreement_executed(msa_request)
    check_account_free(msa_request)
    readiness.check_findings_stated(msa_request, state)


def check_account_free(msa_request: MSARequest) -> None:
    """No other submitted, open request for the account excludes this one, or staff allowed it (D27).

    The words name no request: who may see the other one is shown it by `one_per_account.shown_to`. Asked only once
    the customer has signed, so that a number typed into a form tells nothing about the account.
    """
    if not has_its_place(msa_request) and msa_request.case.is_account_in_use:
        raise account_in_use()


def account_in_use() -> Refused:
    return Refused(
        _(
            "Before you pay, call the program. We have to look at something about this service account with you first."
            " Your answers and the signed agreement are kept."
        ),
        code="account_in_use",
    )


def check_submit(msa_request: MSARequest) -> None:
    check_form_complete(msa_request)
    check_agreement_executed(msa_request)
    check_settled(open_round(msa_request))


def check_settled(visit: VisitRound) -> None:
    if visit.disputed:
        raise Refused(_("The payment of this visit's fee is disputed."), code="fee_disputed")
    if not visit.settlement:
        raise Refused(_("The fee for this visit is not paid yet."), code="fee_not_settled")


def check_resubmit(msa_request: MSARequest) -> None:
    if any(correction.is_unanswered for correction in msa_request.case.corrections):
        raise Refused(_("Some corrections have no answer yet. Answer each one first."), code="corrections_open")
    check_form_complete(msa_request)
    readiness.check_findings_stated(msa_request)
    check_agreement_executed(msa_request)
    check_account_free(msa_request)


def open_screening(msa_request: MSARequest) -> Screening:
    screening = msa_request.case.open_screening
    if screening is None:
        raise Refused(_("This request is not being screened."), code="not_in_screening")
    return screening


def check_deem_valid(msa_request: MSARequest, *, accepted: Collection[int] = ()) -> None:
    """C1 to C7 are answered, none with no; what the portal knows itself is looked at again.

    `accepted` are items that a decision which still waits accepts.
    """
    answers = {answer.check_code: answer.answer for answer in open_screening(msa_request).answers.all()}
    missing = [code for code in CheckCode.values if code not in answers]
    if missing:
        raise Refused(
            _("These checks have no answer yet: %(checks)s.") % {"checks": ", ".join(missing)},
            code="checks_unanswered",
        )
    refused = [code for code in CheckCode.values if answers[code] == CheckAnswer.NO]
    if refused:
        raise Refused(
            _("These checks were answered with no: %(checks)s. Require corrections instead.")
            % {"checks": ", ".join(refused)},
            code="checks_failed",
        )
    if any(item.is_open and item.pk not in accepted for item in msa_request.case.corrections):
        raise Refused(
            _("A correction is still open. Accept each answer, or send the request back with a new note."),
            code="corrections_open",
        )
    check_agreement_executed(msa_request)
    check_settled(open_round(msa_request))


def check_withdraw(msa_request: MSARequest) -> None:
    if msa_request.status in enums.FINAL:
        raise Refused(
            _("This request is “%(status)s”, so there is nothing to withdraw.")
            % {"status": msa_request.get_status_display()},
            code="closed",
        )
    visit = msa_request.case.open_round
    if visit is not None and visit.on_site_at is not None:
        raise Refused(
            _("The meter technician is at the site now. Wait for the outcome of the visit."), code="visit_on_site"
        )


def check_follow_up_ready(follow_up: FollowUp) -> None:
    """Every reason cured; the agreement executed for a modification; the fee settled (F3)."""
    if follow_up.kind == enums.FollowUpKind.MODIFY:
        check_agreement_executed(follow_up.msa_request)
    check_settled(follow_up.round)
