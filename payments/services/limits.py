"""What one supervisor may give up alone, counted over everything of a payment (D4, D23)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, Sum

from msa_portal.approvals.models import Proposal
from payments.models import Fee, Payment, Refund
from requests_app.models import ProgramSettings

WAIVER, REFUND = "waiver", "refund"


def limit_cents() -> int:
    return ProgramSettings.current().refund_alone_up_to_cents


def waiver_target(fee_id: int) -> str:
    return f"fee:{fee_id}"


def refund_target(refund_id: int) -> str:
    return f"refund:{refund_id}"


def given_up_of(payment: Payment) -> int:
    """Cents of that payment, or of the fees it's for, that went back, are on their way or wait for a decision."""
    return _given_up([payment.pk], payment.allocations.values_list("fee_id", flat=True))


def given_up_for(fee: Fee) -> int:
    """The same for a fee and the payments that were made for it."""
    return _given_up(fee.allocations.values_list("payment_id", flat=True), [fee.pk])


def _given_up(payments: Iterable[int], fees: Iterable[int]) -> int:
    payment_ids, fee_ids = list(payments), list(fees)
    refunds = Refund.objects.filter(Q(payment__in=payment_ids) | Q(fee__in=fee_ids))
    counted = refunds.filter(state__in={Refund.State.PROPOSED, *Refund.PROMISED}).aggregate(sum=Sum("amount_cents"))
    waived = Fee.objects.filter(pk__in=fee_ids, state__in=[Fee.State.WAIVED, Fee.State.WRITTEN_OFF])
    waiting = Proposal.objects.filter(
        kind=WAIVER, state=Proposal.State.PROPOSED, target__in=[waiver_target(pk) for pk in fee_ids]
    )
    return (
        (counted["sum"] or 0)
        + (waived.aggregate(sum=Sum("amount_cents"))["sum"] or 0)
        + sum(int(proposal.payload["cents"]) for proposal in waiting)
    )
