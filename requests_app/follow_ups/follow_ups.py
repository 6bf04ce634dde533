"""After a failed visit: a reschedule or a modification is saved, then completed (R7, F3, D3, D5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import fee_rules, history, permissions
from requests_app.agreements import versions
from requests_app.application import completeness
from requests_app.enums import EventKind, FollowUpKind, Settlement, VisitOutcome
from requests_app.fee_rules import FeeDecision
from requests_app.follow_ups import cures
from requests_app.lifecycle import policies
from requests_app.lifecycle.policies import failed_round
from requests_app.lifecycle.transitions import advance
from requests_app.models import FollowUp, MSARequest, Product, ProgramSettings, VisitRound


def next_fee(visit: VisitRound) -> FeeDecision:
    """Whether the visit after that failed one costs a fee, and why (D3)."""
    charged = ProgramSettings.current().second_fee_when_customer_responsible
    return fee_rules.next_visit((reason.as_fact for reason in visit.reasons.all()), charged=charged)


def decided_fee(visit: VisitRound) -> FeeDecision:
    """Whether that visit has a fee and why, as it was decided when the visit was asked for (F1, D3, D16)."""
    if visit.settlement == Settlement.NOT_DUE and visit.fee_due:
        return fee_rules.none_set()
    if visit.number == 1:
        return fee_rules.first_visit()
    # Between the two may lie visits that were called off: forms for a next visit that were taken back.
    before = VisitRound.objects.filter(msa_request=visit.msa_request_id, number__lt=visit.number)
    failed = before.filter(outcome=VisitOutcome.UNSUCCESSFUL).latest("number")
    return fee_rules.next_visit((reason.as_fact for reason in failed.reasons.all()), charged=visit.fee_due)


def second_fee_due(visit: VisitRound) -> bool:
    """D3: due when at least one reason of the failed visit is the customer's responsibility."""
    return next_fee(visit).due


def save_reschedule(msa_request: MSARequest, *, by: User, statements: Mapping[str, str] | None = None) -> FollowUp:
    """Save the Reschedule MSA Site Visit form: every reason of the failed visit is cured.

    `statements` are words, by reasons' codes, that are kept as cures in the same go. Without a fee
    due the status moves at once; with one it moves when the fee is settled.
    """
    with transaction.atomic():
        fresh = _locked_after_failure(msa_request, by)
        visit = failed_round(fresh)
        cures.state_in_words(fresh, visit, statements or {}, by=by)
        cures.check_all_cured(fresh, visit)
        follow_up = _save(fresh, FollowUpKind.RESCHEDULE, visit, by=by)
        advance(fresh, by=by)
    msa_request.refresh_from_db()
    follow_up.refresh_from_db()
    return follow_up


def save_modification(msa_request: MSARequest, *, by: User, device: Product) -> FollowUp:
    """Save the Modification Request form: another approved device, which the agreement must state.

    The status moves when the agreement is signed anew and the fee, where due, is settled.
    """
    with transaction.atomic():
        fresh = _locked_after_failure(msa_request, by)
        if not fresh.places_device:
            raise Refused(_("This request puts no MSA in, so there is none to change."), code="no_device")
        if device.pk == fresh.device_id:
            raise Refused(_("Choose a different MSA than before."), code="same_device", fields={"device": ""})
        if not device.is_approved_on(local_day(timezone.now())):
            raise Refused(
                _("This MSA is not approved today. Choose another."), code="not_approved", fields={"device": ""}
            )
        visit = failed_round(fresh)
        old_device = fresh.device
        fresh.device = device
        fresh.judged_on = None
        fresh.facts_changed(["device"])
        fresh.save(update_fields=["device", "judged_on", "version", "fact_writes", "updated_at"])
        completeness.check_form_complete(fresh)
        follow_up = _save(fresh, FollowUpKind.MODIFY, visit, by=by, old_device=old_device)
        cures.by_new_device(fresh, visit, device, by=by)
        versions.supersede_if_changed(fresh, by=by)
    msa_request.refresh_from_db()
    return follow_up


def cancel(msa_request: MSARequest, *, by: User) -> None:
    """Take a saved form back, as long as its fee is not settled; the device is the old one again."""
    with transaction.atomic():
        fresh = lock(msa_request)
        permissions.check_acts_for(by, fresh)
        follow_up = policies.open_follow_up(fresh)
        if follow_up is None:
            raise Refused(_("There is nothing to take back."), code="no_follow_up")
        if follow_up.round.settlement == Settlement.PAID:
            raise Refused(
                _("The fee for the next visit is paid already. Withdraw the request to get it back."), code="fee_paid"
            )
        policies.check_thawed(fresh)
        _take_back(fresh, follow_up, by=by)
    msa_request.refresh_from_db()


def call_off(msa_request: MSARequest, *, by: User) -> None:
    """The outcome of the last visit is corrected (D25): what was saved for a next one no longer counts, also if it's paid.

    The caller holds the request's lock, and then corrects the outcome, which sends a paid fee back.
    """
    follow_up = policies.open_follow_up(msa_request)
    if follow_up is not None:
        _take_back(msa_request, follow_up, by=by)
    for visit in VisitRound.objects.filter(msa_request=msa_request, closed_at__isnull=True):  # asked for, no order yet
        _close_unmade(visit)


def _take_back(msa_request: MSARequest, follow_up: FollowUp, *, by: User) -> None:
    follow_up.canceled_at = timezone.now()
    follow_up.save(update_fields=["canceled_at"])
    _close_unmade(follow_up.round)
    if follow_up.kind == FollowUpKind.MODIFY:
        cures.without_new_device(failed_round(msa_request))
        msa_request.device = follow_up.old_device
        msa_request.facts_changed(["device"])
        msa_request.save(update_fields=["device", "version", "fact_writes", "updated_at"])
        versions.supersede_if_changed(msa_request, by=by)
    history.record(msa_request, EventKind.FOLLOW_UP_CANCELED, by=by, codes={"kind": follow_up.kind})


def _close_unmade(visit: VisitRound) -> None:
    visit.outcome, visit.closed_at = VisitOutcome.CANCELED, timezone.now()
    visit.save(update_fields=["outcome", "closed_at", "updated_at"])


def _locked_after_failure(msa_request: MSARequest, by: User) -> MSARequest:
    fresh = lock(msa_request)
    cures.check_next_step_open(fresh, by=by)
    return fresh


def _save(
    msa_request: MSARequest,
    kind: FollowUpKind,
    failed: VisitRound,
    *,
    by: User,
    old_device: Product | None = None,
) -> FollowUp:
    fee = next_fee(failed)
    now = timezone.now()
    visit = VisitRound.objects.create(
        msa_request=msa_request,
        number=msa_request.rounds.count() + 1,
        fee_due=fee.due,
        fee_reason=fee.rule,
        settlement="" if fee.due else Settlement.NOT_DUE,
        settled_at=None if fee.due else now,
    )
    follow_up = FollowUp.objects.create(
        msa_request=msa_request, kind=kind, round=visit, old_device=old_device, created_by=by
    )
    history.record(
        msa_request,
        EventKind.FOLLOW_UP_SAVED,
        by=by,
        codes={"kind": kind.value, "round": visit.number, "fee_due": fee.due, "reasons": _codes(failed)},
    )
    return follow_up


def _codes(visit: VisitRound) -> list[str]:
    return sorted(visit.reasons.values_list("code", flat=True))
