"""What a withdrawal, or a corrected outcome, means for the money (D4, D25): shown before, proposed after."""

from __future__ import annotations

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.jobs import kick
from payments.models import Allocation, Payment
from payments.refund_rules import Decision, owed_for
from payments.services import fees, refunds
from requests_app.enums import VisitOutcome
from requests_app.models import MSARequest


def _paid_parts(msa_request: MSARequest) -> list[Allocation]:
    """The payments' parts that settled this request's fees, but for money that a bank took back."""
    return list(
        Allocation.objects.filter(fee__round__msa_request=msa_request, state=Allocation.State.SETTLED)
        .exclude(payment__dispute=Payment.Dispute.LOST)
        .select_related("payment", "fee__round__msa_request")
        .prefetch_related("fee__round__reasons")
        .order_by("fee__round__number")
    )


def preview_refund(msa_request: MSARequest) -> list[Decision]:
    """What would come back if the request were withdrawn now; empty where nothing was paid."""
    return msa_request.case.judged(_preview_refund)


def _preview_refund(msa_request: MSARequest) -> list[Decision]:
    return [owed_for(part) for part in _paid_parts(msa_request)]


def after_withdrawal(msa_request: MSARequest, *, by: User | None) -> None:
    """Open fees are canceled, open checkouts closed after the commit, the refund of D4 proposed.

    Runs in the withdrawal's transaction, under the request's lock.
    """
    stop_open_payments(msa_request, rule="D4", by=by)
    for part in _paid_parts(msa_request):
        _propose(part, by=by)


def return_unused(msa_request: MSARequest) -> None:
    """The last visit's outcome was corrected (D25): what was asked or paid for a visit after it isn't owed (D4).

    Runs in the correction's transaction, under the request's lock. Visits that took place keep their fee.
    """
    stop_open_payments(msa_request, rule="D25", by=None)
    for part in _paid_parts(msa_request):
        if part.fee.round.outcome == VisitOutcome.CANCELED:
            _propose(part, by=None)


def _propose(part: Allocation, *, by: User | None) -> None:
    decision = owed_for(part)
    if decision.reason is not None:
        part.payment = lock(part.payment)
        refunds.propose(part, amount_cents=decision.refund_cents, reason=decision.reason, by=by)


def stop_open_payments(msa_request: MSARequest, *, rule: str, by: User | None) -> None:
    """Nothing is owed for closed visits from now on; a checkout for one is closed after the commit."""
    for payment in fees.cancel_open_fees(msa_request, rule=rule, by=by):
        kick("payments.end_checkout", payment.pk)
