"""The one door of every change of status (program.md, S).

Each function locks the row, reads it again, checks who and when, makes the transition, records
the event and sends the signal, in one transaction. A caller whose picture was old gets `Stale`,
which says what happened meanwhile, and by whom. `by` None is a timer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import locked, take_over
from msa_portal.errors import Refused
from requests_app import deadlines, fee_rules, history, permissions
from requests_app.application import inapplicable_answers
from requests_app.enums import (
    FINAL,
    OWNER_HOLDS,
    CorrectionEnd,
    DeskNoteKind,
    EventKind,
    FollowUpKind,
    Status,
    VisitOutcome,
    WithdrawalReason,
)
from requests_app.history import stale
from requests_app.lifecycle import correction_items, policies
from requests_app.lifecycle.correction_items import RequiredCorrection
from requests_app.models import (
    Correction,
    DeskNote,
    FollowUp,
    MSARequest,
    OutcomeReason,
    Screening,
    SigningInvitation,
    VisitRound,
    Withdrawal,
)
from requests_app.models.accounts import has_its_place
from requests_app.models.request import ONE_FOR_EACH_ACCOUNT


def advance(msa_request: MSARequest, *, by: User) -> bool:
    """Move the status where the saved form has all that it needs; True where it moved."""
    follow_up = policies.open_follow_up(msa_request)
    if follow_up is None or policies.reason_against(policies.check_follow_up_ready, follow_up):
        return False
    move = {FollowUpKind.RESCHEDULE: reschedule, FollowUpKind.MODIFY: modify}
    move[FollowUpKind(follow_up.kind)](msa_request, by=by)
    return True


@dataclass
class _Transition:
    """What happens at the door: the fresh row, and codes for the event."""

    msa_request: MSARequest
    codes: dict[str, Any] = field(default_factory=dict)


@contextmanager
def _transition(
    msa_request: MSARequest, kind: EventKind, *, by: User | None, at: datetime | None = None
) -> Iterator[_Transition]:
    """Open the door for one event. The body checks when, writes its own rows, says the codes.

    `at` is when staff decided it. A timer waits while a decision of staff does.
    """
    with _account_held_once(), locked(msa_request) as fresh:
        permissions.check_may_cause(kind, by, fresh)
        make_transition: Callable[[], None] = getattr(fresh, kind.value)
        if not can_proceed(make_transition):
            raise stale(fresh, to=by)
        if by is None and fresh.case.waiting_decision is not None:
            raise Refused(_("A decision of program staff is about to be sent."), code="decision_waiting")
        move = _Transition(fresh)
        yield move
        before = fresh.status
        make_transition()
        fresh.owner_acts_by = _owner_deadline(fresh, at)
        changed = ["status", "owner_acts_by", "open_corrections", "updated_at"]
        if (held := _account_held_by(fresh)) != fresh.holds_account:
            fresh.holds_account = held
            changed.append("holds_account")
        history.record(fresh, kind, by=by, from_status=before, codes=move.codes, save=changed, at=at)
    take_over(msa_request, fresh)


def _account_held_by(msa_request: MSARequest) -> str | None:
    """The account of an open request is the one that it named when it was last submitted (D27)."""
    if msa_request.status in FINAL:
        return None
    is_submitted_now = msa_request.status == Status.REQUEST_SUBMITTED or msa_request.holds_account is None
    return (msa_request.account_key or None) if is_submitted_now else msa_request.holds_account


@contextmanager
def _account_held_once() -> Iterator[None]:
    """Two requests for an account that are submitted at once both find it free: the database refuses the second."""
    try:
        yield
    except IntegrityError as error:
        if ONE_FOR_EACH_ACCOUNT in str(error) or f"{MSARequest._meta.db_table}.holds_account" in str(error):
            raise policies.account_in_use() from error
        raise


def _owner_deadline(msa_request: MSARequest, at: datetime | None) -> Any:
    """The last day to act where the ball is with the owner (D8)."""
    if msa_request.status not in OWNER_HOLDS:
        return None
    return deadlines.new_deadline(msa_request, at)


def submit(msa_request: MSARequest, *, by: User) -> None:
    """The settlement of the fee submits, on behalf of the owner."""
    with _transition(msa_request, EventKind.SUBMIT, by=by) as move:
        inapplicable_answers.clear_inapplicable_answers(move.msa_request)
        policies.check_submit(move.msa_request)
        Screening.objects.create(msa_request=move.msa_request)


def require_corrections(
    msa_request: MSARequest, *, by: User, items: Sequence[RequiredCorrection], at: datetime | None = None
) -> None:
    """Send the request back with at least one coded correction, also late (D12).

    Items that staff kept open go back with it: then there need be no new ones. What the form says
    now is kept beside the decision, so that the next look shows what changed since.
    """
    with _transition(msa_request, EventKind.REQUIRE_CORRECTIONS, by=by, at=at) as move:
        fresh = move.msa_request
        kept_open = list(Correction.objects.filter(msa_request=fresh).unanswered().select_related("reason"))
        if not items and not kept_open:
            raise Refused(_("Choose at least one correction."), code="no_correction")
        screening = Screening.objects.filter(msa_request=fresh, decided_at__isnull=True).first()
        if screening is None:
            screening = Screening.objects.create(msa_request=fresh, taken_by=by, taken_at=at or timezone.now())
        correction_items.add(fresh, screening, items, by=by, at=at)
        screening.facts = correction_items.facts_in_words(fresh)
        screening.save(update_fields=["facts"])
        _decide(screening, "corrections", by, at)
        codes = [correction.reason.code for correction in kept_open] + [item.reason.code for item in items]
        move.codes = {"reasons": codes, "screening": screening.pk}


def resubmit(msa_request: MSARequest, *, by: User) -> None:
    """Every correction answered; the agreement executed anew where a covered fact changed."""
    with _transition(msa_request, EventKind.RESUBMIT, by=by) as move:
        inapplicable_answers.clear_inapplicable_answers(move.msa_request)
        policies.check_resubmit(move.msa_request)
        _judge_today_where_open(move.msa_request)
        Screening.objects.create(msa_request=move.msa_request)


def deem_valid(msa_request: MSARequest, *, by: User, at: datetime | None = None) -> None:
    """C1 to C7 answered, and every correction accepted."""
    with _transition(msa_request, EventKind.DEEM_VALID, by=by, at=at) as move:
        policies.check_deem_valid(move.msa_request)
        screening = policies.open_screening(move.msa_request)
        _decide(screening, "valid", by, at)
        move.codes = {"screening": screening.pk}


def issue_service_order(msa_request: MSARequest, *, by: User | None, at: datetime | None = None) -> None:
    """The fee of this visit is settled and not disputed. Field work makes the order and its visit."""
    with _transition(msa_request, EventKind.ISSUE_SERVICE_ORDER, by=by, at=at) as move:
        visit = policies.open_round(move.msa_request)
        policies.check_settled(visit)
        move.codes = {"round": visit.number}


def complete(msa_request: MSARequest, *, by: User) -> None:
    """The technician says that it is done (V3)."""
    with _transition(msa_request, EventKind.COMPLETE, by=by) as move:
        visit = policies.open_round(move.msa_request)
        _close_round(visit, VisitOutcome.COMPLETE)
        move.codes = {"round": visit.number}


def fail(msa_request: MSARequest, *, by: User, reasons: Sequence[OutcomeReason]) -> None:
    """The technician was there and could not do it: at least one coded reason (V3, D13)."""
    with _transition(msa_request, EventKind.FAIL, by=by) as move:
        _check_reasons(reasons)
        visit = policies.open_round(move.msa_request)
        visit.reasons.set(reasons)
        _close_round(visit, VisitOutcome.UNSUCCESSFUL)
        move.codes = {"round": visit.number, "reasons": sorted(reason.code for reason in reasons)}


def correct_outcome(
    msa_request: MSARequest, visit: VisitRound, *, by: User, outcome: VisitOutcome, reasons: Sequence[OutcomeReason]
) -> None:
    """Dispatch lets another report of the last visit stand (D25): outcome, reasons, status and fee are what it says.

    What was saved for a next visit is called off before (`follow_ups.call_off`). Raises `Stale` where a later visit was
    ordered or made, or the request was withdrawn.
    """
    complete = outcome == VisitOutcome.COMPLETE
    with _transition(
        msa_request, EventKind.CORRECT_TO_COMPLETE if complete else EventKind.CORRECT_TO_FAILED, by=by
    ) as move:
        fresh = move.msa_request
        if not complete:
            _check_reasons(reasons)
        made = VisitRound.objects.filter(msa_request=fresh).exclude(outcome=VisitOutcome.CANCELED).order_by("number")
        if made.last() != visit:
            raise history.stale(fresh, to=by)
        if not has_its_place(fresh) and fresh.case.is_account_in_use:  # it was closed, and another one was submitted
            fresh.allowed_account = fresh.account_key
            fresh.save(update_fields=["allowed_account"])
        visit.reasons.set(reasons)
        visit.outcome = outcome
        visit.save(update_fields=["outcome", "updated_at"])
        move.codes = {"round": visit.number, "reasons": sorted(reason.code for reason in reasons)}


def _check_reasons(reasons: Sequence[OutcomeReason]) -> None:
    if not reasons:
        raise Refused(_("Choose at least one reason why the visit did not succeed."), code="no_reason")
    if not fee_rules.failed(reason.as_fact for reason in reasons):
        raise Refused(_("Nobody was at the site. Move the visit to another day instead."), code="not_at_site")


def reschedule(msa_request: MSARequest, *, by: User) -> None:
    """A saved reschedule is complete: all reasons cured, its fee settled (F3)."""
    with _transition(msa_request, EventKind.RESCHEDULE, by=by) as move:
        follow_up = _ready_follow_up(move.msa_request)
        move.codes = {"round": follow_up.round.number}


def modify(msa_request: MSARequest, *, by: User) -> None:
    """A saved modification is complete: back to screening with another device (D5)."""
    with _transition(msa_request, EventKind.MODIFY, by=by) as move:
        follow_up = _ready_follow_up(move.msa_request)
        inapplicable_answers.clear_inapplicable_answers(move.msa_request)
        _judge_today_where_open(move.msa_request)
        Screening.objects.create(msa_request=move.msa_request)
        move.codes = {
            "round": follow_up.round.number,
            "old_device": follow_up.old_device_id,
            "device": move.msa_request.device_id,
        }


def withdraw(
    msa_request: MSARequest,
    *,
    by: User | None,
    reason: WithdrawalReason,
    note: str = "",
    at: datetime | None = None,
) -> None:
    """Withdraw IR: final. The open visit is canceled; payments and field work follow by signal."""
    with _transition(msa_request, EventKind.WITHDRAW, by=by, at=at) as move:
        fresh = move.msa_request
        policies.check_withdraw(fresh)
        now = timezone.now()
        Withdrawal.objects.create(msa_request=fresh, reason=reason, note=note, by=by)
        visit = VisitRound.objects.filter(msa_request=fresh, closed_at__isnull=True).first()
        if visit is not None:
            _close_round(visit, VisitOutcome.CANCELED)
        FollowUp.objects.filter(msa_request=fresh, completed_at__isnull=True, canceled_at__isnull=True).update(
            canceled_at=now
        )
        for screening in Screening.objects.filter(msa_request=fresh, decided_at__isnull=True):
            _decide(screening, "closed", by, at)
            if screening.taken_by_id is not None and (by is None or screening.taken_by_id != by.pk):
                DeskNote.objects.create(
                    recipient_id=screening.taken_by_id, msa_request=fresh, kind=DeskNoteKind.CLOSED, by=by
                )
        correction_items.close(fresh, CorrectionEnd.WITHDRAWN, by=by)
        SigningInvitation.objects.filter(
            agreement__msa_request=fresh, used_at__isnull=True, voided_at__isnull=True
        ).update(voided_at=now)
        move.codes = {"reason": str(reason), "round": visit.number if visit else None}


def _judge_today_where_open(msa_request: MSARequest) -> None:
    """A device that was chosen anew is judged on the day it comes to screening (E6, D15)."""
    if msa_request.judged_on is None:
        msa_request.judged_on = local_day(timezone.now())
        msa_request.save(update_fields=["judged_on"])


def _ready_follow_up(msa_request: MSARequest) -> FollowUp:
    follow_up = policies.open_follow_up(msa_request)
    if follow_up is None:
        raise Refused(_("Nothing was saved that could be completed."), code="no_follow_up")
    policies.check_follow_up_ready(follow_up)
    follow_up.completed_at = timezone.now()
    follow_up.save(update_fields=["completed_at"])
    return follow_up


def _close_round(visit: VisitRound, outcome: VisitOutcome) -> None:
    visit.outcome = outcome
    visit.closed_at = timezone.now()
    visit.save(update_fields=["outcome", "closed_at", "updated_at"])


def _decide(screening: Screening, decision: str, by: User | None, at: datetime | None) -> None:
    screening.decision = decision
    screening.decided_by = by
    screening.decided_at = at or timezone.now()
    screening.save(update_fields=["decision", "decided_by", "decided_at"])
