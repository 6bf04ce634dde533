"""A payer's bank disputes a payment: our rows follow the provider's (fault 12).

Open or lost, a dispute blocks the service order and every refund; won, it no longer blocks anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from payments import notices, provider
from payments.models import Dispute, EntryKind, Payment
from payments.services import ledger
from requests_app.lifecycle import settlement

State = Payment.Dispute


def follow(payment: Payment, seen: Iterable[provider.ProviderDispute]) -> None:
    """The caller holds the locks on the requests and the payment."""
    for theirs in seen:
        ours = _row(payment, theirs)
        if _is_late(ours, theirs):
            continue
        _follow_money(ours, theirs)
        if ours.state != theirs.state:
            ours.state, ours.closed_at = theirs.state, None if theirs.state == State.OPEN else timezone.now()
        ours.save()
        _tell(payment, ours)


def _is_late(ours: Dispute, theirs: provider.ProviderDispute) -> bool:
    """A picture taken before the dispute ended, written after: what ended stays ended.

    An inquiry that ended may still become a dispute, which then takes money.
    """
    return ours.state != State.OPEN == theirs.state and (theirs.withdrawn_at is None or ours.withdrawn_at is not None)


def _row(payment: Payment, theirs: provider.ProviderDispute) -> Dispute:
    row, _made = Dispute.objects.get_or_create(
        provider_id=theirs.id,
        defaults={
            "payment": payment,
            "amount_cents": theirs.amount_cents,
            "state": State.OPEN,
            "opened_at": theirs.opened_at,
        },
    )
    return row


def _follow_money(ours: Dispute, theirs: provider.ProviderDispute) -> None:
    """An inquiry takes no money; a dispute takes it when it is opened."""
    if theirs.withdrawn_at and ours.withdrawn_at is None:
        ledger.dispute_moved(EntryKind.DISPUTE_OPENED, ours, moved_at=theirs.withdrawn_at)
        ours.withdrawn_at = theirs.withdrawn_at
    if theirs.reinstated_at and ours.reinstated_at is None:
        ledger.dispute_moved(EntryKind.DISPUTE_WON, ours, moved_at=theirs.reinstated_at)
        ours.reinstated_at = theirs.reinstated_at
    if theirs.state == State.LOST and ours.state != State.LOST and ours.withdrawn_at:
        ledger.dispute_moved(EntryKind.DISPUTE_LOST, ours)


def _tell(payment: Payment, dispute: Dispute) -> None:
    """The payment bears its gravest dispute; each visit that it settled is told once."""
    states = set(payment.disputes.values_list("state", flat=True))
    worst = next(state for state in (State.LOST, State.OPEN, State.WON) if state in states)
    if payment.dispute == worst:
        return
    payment.dispute, payment.disputed = worst, worst != State.WON
    payment.save(update_fields=["dispute", "disputed", "updated_at"])
    outcome = "" if worst == State.OPEN else str(worst)
    for allocation in payment.allocations.filter(state="settled").select_related("fee__round"):
        settlement.set_disputed(allocation.fee.round, disputed=payment.disputed, outcome=outcome)
        notices.payment_disputed(allocation, outcome=str(worst))
