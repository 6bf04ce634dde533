"""What a withdrawal means for the money (D4): shown before, proposed after."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from msa_portal.accounts.models import User
from msa_portal.db import lock
from payments.models import Fee, Payment
from payments.refund_rules import Decision, as_paid_visit, refund_owed
from payments.services import fees, refunds
from requests_app.models import MSARequest


def _paid_fees(request: MSARequest) -> list[Fee]:
    return list(
        Fee.objects.filter(round__request=request, state=Fee.State.SETTLED)
        .select_related("round")
        .prefetch_related("round__reasons")
        .order_by("round__number")
    )


def preview_refund(request: MSARequest) -> list[Decision]:
    """What would come back if the request were withdrawn now; empty where nothing was paid."""
    return refund_owed(as_paid_visit(fee.round, fee.amount_cents) for fee in _paid_fees(request))


def after_withdrawal(request: MSARequest, *, by: User | None) -> None:
    """Open fees are canceled, open checkouts closed after the commit, the refund of D4 proposed.

    Runs in the withdrawal's transaction, under the request's lock.
    """
    stop_open_payments(request)
    for fee in _paid_fees(request):
        (decision,) = refund_owed([as_paid_visit(fee.round, fee.amount_cents)])
        if decision.reason is not None:
            payment = lock(fee.payments.get(state=Payment.State.PAID))
            refunds.propose(payment, fee=fee, amount_cents=decision.refund_cents, reason=decision.reason, by=by)


def stop_open_payments(request: MSARequest) -> None:
    """Nothing is owed for closed visits any more; a checkout for one is closed after the commit."""
    from payments import tasks

    for payment in fees.cancel_open_fees(request):
        transaction.on_commit(partial(tasks.kick, tasks.end_checkout, payment.pk))
