"""What is owed for a visit: raised, quoted for two weeks (D9), canceled. `waivers` gives it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import locked
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
