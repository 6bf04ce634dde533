"""What is owed for a visit: raised, quoted for two weeks (D9), waived, canceled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock, locked
from msa_portal.errors import Refused
from payments import notices
from payments.models import Fee, FeeSchedule, Payment
from payments.services import ledger
from requests_app import history, permissions, program
from requests_app.enums import EventKind, Settlement
from requests_app.lifecycle import policies, settlement
from requests_app.models import MSARequest, VisitRound


@dataclass(frozen=True)
class Quote:
    """What would be paid now, and until which day that holds. `fee` is None until it is raised."""

    amount_cents: int
    holds_until: date
    fee: Fee | None


def standing_fee(visit: VisitRound) -> Fee | None:
    return Fee.objects.filter(round=visit).exclude(state=Fee.State.CANCELED).select_related("schedule").first()


def quote(msa_request: MSARequest, visit: VisitRound) -> Quote | None:
    """What the fee page shows; nothing is written. None where no fee is set for the type (D16)."""
    fee = standing_fee(visit)
    return quoted(msa_request, fee, is_being_paid=fee is not None and _is_being_paid(fee))


def quoted(msa_request: MSARequest, fee: Fee | None, *, is_being_paid: bool) -> Quote | None:
    """The same of a visit's standing fee that was loaded: for a list as for one request."""
    if fee is not None and not _lapsed(fee, msa_request, is_being_paid=is_being_paid):
        return Quote(fee.amount_cents, fee.quote_holds_until, fee)
    schedule = msa_request.case.once(_in_force).get(msa_request.request_type)
    if schedule is None:
        return None
    return Quote(schedule.amount_cents, _holds_until(msa_request), None)


def _in_force() -> dict[str, FeeSchedule]:
    """What is charged from today on, by type."""
    return FeeSchedule.objects.by_type(_today())


def amount_in_force(msa_request: MSARequest) -> int | None:
    """What a visit of that type costs from today on, in cents."""
    schedule = FeeSchedule.objects.in_force(msa_request.request_type, _today())
    return schedule.amount_cents if schedule else None


def _today() -> date:
    return local_day(timezone.now())


def _holds_until(msa_request: MSARequest) -> date:
    return _today() + timedelta(days=program.of(msa_request).figures.quote_days)


def _is_being_paid(fee: Fee) -> bool:
    return fee.state == Fee.State.OPEN and fee.payments.filter(state__in=Payment.LIVE).exists()


def _lapsed(fee: Fee, msa_request: MSARequest, *, is_being_paid: bool) -> bool:
    """An unpaid quote past its time, or one for another type of request. A payment under way keeps it."""
    if fee.state != Fee.State.OPEN or is_being_paid:
        return False
    return fee.quote_holds_until < _today() or fee.schedule.request_type != msa_request.request_type


def raise_fee(msa_request: MSARequest, *, by: User | None) -> Fee | None:
    """The fee of the open visit, raised if there is none, and quoted again if the quote lapsed (D9).

    None where nothing is due: no amount is set for the type (D16), or the visit is settled. Raises
    `Refused` where form or agreement is not complete (F2). Takes the request's lock.
    """
    with locked(msa_request) as fresh:
        visit = settlement.open_fee_form(fresh, by=by)
        if visit.settlement:
            return None
        fee = standing_fee(visit)
        if fee is not None and not _lapsed(fee, fresh, is_being_paid=_is_being_paid(fee)):
            return fee
        if fee is not None:
            _cancel(fee, rule="D9" if fee.schedule.request_type == fresh.request_type else "F1", by=by)
        return _raise(fresh, visit, by=by)


def _raise(msa_request: MSARequest, visit: VisitRound, *, by: User | None) -> Fee | None:
    schedule = FeeSchedule.objects.in_force(msa_request.request_type, _today())
    if schedule is None:
        return None
    fee = Fee.objects.create(
        round=visit,
        schedule=schedule,
        amount_cents=schedule.amount_cents,
        currency=schedule.currency,
        quoted_on=_today(),
        quote_holds_until=_holds_until(msa_request),
    )
    codes = {"round": visit.number, "fee": fee.pk, "cents": fee.amount_cents, "rule": visit.fee_reason}
    history.record_locked(msa_request, EventKind.FEE_RAISED, by=by, codes=codes)
    ledger.fee_raised(fee, by=by)
    notices.fee_due(fee)
    return fee


def raise_when_ready(msa_request: MSARequest, *, by: User | None) -> None:
    """What may have completed the form, the agreement or a follow-up happened: raise the fee if so.

    A second visit for which no amount is set is settled as not due, so that the request moves on automatically.
    """
    if policies.reason_against(policies.check_payable, msa_request):
        return
    visit = policies.open_round(msa_request)
    if visit.settlement:
        return
    if raise_fee(msa_request, by=by) is None and visit.number > 1:
        settlement.settle(visit, how=Settlement.NOT_DUE, by=by)


def submit_without_fee(msa_request: MSARequest, *, by: User) -> None:
    """Nothing is due for this type (D16): settle the visit as such, which submits the request."""
    permissions.check_acts_for(by, msa_request)
    with transaction.atomic():
        if raise_fee(msa_request, by=by) is not None:
            raise Refused(_("A fee is due for this visit now. Pay it to go on."), code="fee_due")
        settlement.settle(policies.open_round(msa_request), how=Settlement.NOT_DUE, by=by)


def cancel_open_fees(msa_request: MSARequest, *, rule: str, by: User | None) -> list[Payment]:
    """Nothing is owed for closed visits from now on. Returns the payments that must be stopped at the provider.

    The caller holds the request's lock. `rule` is why nothing is owed.
    """
    closed = Fee.objects.filter(round__msa_request=msa_request, round__closed_at__isnull=False, state=Fee.State.OPEN)
    live = list(Payment.objects.filter(fees__in=closed, state__in=Payment.LIVE).distinct())
    for fee in closed.select_related("round__msa_request"):
        _cancel(fee, rule=rule, by=by)
    return live


def _cancel(fee: Fee, *, rule: str, by: User | None) -> None:
    fee.state = Fee.State.CANCELED
    fee.save(update_fields=["state", "updated_at"])
    ledger.fee_canceled(fee, rule=rule, by=by)


def waive(fee: Fee, *, by: User, reason: str) -> None:
    """A supervisor lets the visit go without its fee (S, D3); the request moves on automatically.

    Raises `Refused` where a payment is under way: it must end first, or it would be taken for nothing.
    """
    if not by.has_perm("payments.waive_fee"):
        raise Refused(_("Only a supervisor can waive a fee."), code="not_allowed")
    if not reason.strip():
        raise Refused(_("Say why the fee is waived."), code="no_reason", fields={"reason": _("Write the reason.")})
    with transaction.atomic():
        lock(fee.round.msa_request)
        fresh = lock(fee)
        if fresh.state != Fee.State.OPEN:
            raise Refused(
                _("This fee is “%(state)s” already.") % {"state": fresh.get_state_display()}, code="fee_not_open"
            )
        if fresh.payments.filter(state__in=Payment.LIVE).exists():
            raise Refused(
                _("The customer is paying this fee right now. Wait until that has ended, or is canceled."),
                code="payment_open",
            )
        fresh.state, fresh.waived_by, fresh.waiver_reason = Fee.State.WAIVED, by, reason.strip()
        fresh.settled_at = timezone.now()
        fresh.save(update_fields=["state", "waived_by", "waiver_reason", "settled_at", "updated_at"])
        ledger.fee_waived(fresh, by=by)
        settlement.settle(fresh.round, how=Settlement.WAIVED, by=by)
    fee.refresh_from_db()


def write_off(fee: Fee, *, by: User, reason: str) -> None:
    """A supervisor gives up what a lost dispute left unpaid; the dispute holds the visit no longer.

    Raises `Refused` unless the bank decided for the payer.
    """
    if not by.has_perm("payments.waive_fee"):
        raise Refused(_("Only a supervisor can write off a fee."), code="not_allowed")
    if not reason.strip():
        raise Refused(
            _("Say why the fee is written off."), code="no_reason", fields={"reason": _("Write the reason.")}
        )
    with transaction.atomic():
        lock(fee.round.msa_request)
        fresh = lock(fee)
        if not can_write_off(fresh):
            raise Refused(
                _("Only a fee whose payment was lost to the payer's bank is written off."), code="nothing_to_write_off"
            )
        fresh.state, fresh.waived_by, fresh.waiver_reason = Fee.State.WRITTEN_OFF, by, reason.strip()
        fresh.save(update_fields=["state", "waived_by", "waiver_reason", "updated_at"])
        cents = ledger.fee_written_off(fresh, by=by)
        history.record_locked(
            fresh.round.msa_request, EventKind.FEE_WRITTEN_OFF, by=by, codes={"fee": fresh.pk, "cents": cents}
        )
        settlement.set_disputed(fresh.round, disputed=False, outcome="written_off")
    fee.refresh_from_db()


def can_write_off(fee: Fee) -> bool:
    settled = fee.allocations.filter(state="settled", payment__dispute=Payment.Dispute.LOST)
    return fee.state == Fee.State.SETTLED and settled.exists()
