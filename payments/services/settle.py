"""What the provider says about a payment becomes what we know (F2, D15).

Webhook, return page, sweeper, comparison and staff all come through here. Whoever asks triggers; what
counts is the object as the provider has it now, so the order of events does not matter (fault 2).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.jobs import kick
from payments import notices, provider
from payments.models import FOREIGN, Allocation, Fee, HeldReason, Payment
from payments.refund_rules import owed_for
from payments.services import disputes, ledger, refunds
from requests_app import history
from requests_app.enums import EventKind, Settlement
from requests_app.lifecycle import settlement
from requests_app.models import MSARequest

# How long the answers stand still for a bank debit under way.
DEBIT_TAKES = timedelta(days=10)
# A payment of which one part settled its fee is paid, whatever became of the others.
_STATE_OF_PAYMENT = {
    Allocation.State.SETTLED: Payment.State.PAID,
    Allocation.State.HELD: Payment.State.HELD,
    Allocation.State.DUPLICATE: Payment.State.DUPLICATE,
}


def requests_of(payment: Payment) -> list[MSARequest]:
    """The requests whose fees it covers, in the order in which they are locked."""
    return list(MSARequest.objects.filter(rounds__fees__allocations__payment=payment).distinct().order_by("pk"))


def reference_of(payment: Payment) -> str:
    """What the provider shows beside the payment: the request's reference, or a word for several."""
    requests = requests_of(payment)
    return str(requests[0].reference) if len(requests) == 1 else f"{len(requests)} requests, P{payment.pk}"


def lock_with_requests(payment: Payment) -> Payment:
    """The payment's row, read again. Its requests are locked before it, as everywhere."""
    for msa_request in requests_of(payment):
        lock(msa_request)
    return lock(payment)


def settle_from_provider(payment: Payment) -> Payment:
    """Ask the provider about the payment and let our rows follow; any number of times, from anywhere.

    Raises `ProviderUnavailable`.
    """
    if payment.session_id is None:
        return payment
    seen = provider.fetch_session(payment.session_id)
    with transaction.atomic(durable=True):
        fresh = lock_with_requests(payment)
        _follow(fresh, seen)
    return fresh


def _follow(payment: Payment, seen: provider.Session) -> None:
    if seen.intent_id and payment.intent_id is None:
        payment.intent_id = seen.intent_id
    if payment.state not in Payment.RECEIVED:
        _follow_checkout(payment, seen)
    payment.save()
    if payment.state in Payment.RECEIVED and payment.held_reason not in FOREIGN:
        refunds.follow(payment, seen.refunds)
        disputes.follow(payment, seen.disputes)


def _follow_checkout(payment: Payment, seen: provider.Session) -> None:
    """Forward only: a picture that was taken earlier and is written later takes nothing back."""
    if seen.is_paid:
        _receive(payment, seen)
    elif seen.is_pending:
        if payment.state not in {Payment.State.PENDING, Payment.State.FAILED}:
            payment.state = Payment.State.PENDING
            for msa_request in requests_of(payment):
                settlement.debit_started(msa_request, until=timezone.now() + DEBIT_TAKES)
    elif seen.status == "open":
        if payment.state == Payment.State.CREATED:
            payment.state = Payment.State.OPEN
    else:
        close(payment, Payment.State.EXPIRED if seen.status == "expired" else Payment.State.FAILED)


def close(payment: Payment, state: Payment.State) -> None:
    """No money came and none will: the answers may change again, and a retry is offered (fault 13).

    The caller holds the locks on the requests and the payment.
    """
    was_debit = payment.state == Payment.State.PENDING
    if payment.state != state:
        payment.state = state
        payment.save(update_fields=["state", "updated_at"])
    still_owed = set(payment.fees.filter(state=Fee.State.OPEN).values_list("round__msa_request", flat=True))
    for msa_request in requests_of(payment):
        thaw_if_idle(msa_request)
        if was_debit and msa_request.pk in still_owed:
            settlement.debit_failed(msa_request)
    if was_debit:
        notices.payment_failed(payment)


def thaw_if_idle(msa_request: MSARequest) -> None:
    """End the freeze unless another payment is under way. The caller holds the request's lock."""
    if not Payment.objects.filter(fees__round__msa_request=msa_request, state__in=Payment.LIVE).exists():
        settlement.thaw(msa_request)


def _receive(payment: Payment, seen: provider.Session) -> None:
    """Money is here: each part settles its fee, or lies apart with the reason and goes back."""
    payment.paid_at = timezone.now()
    wrong = _mismatch(payment, seen)
    payment.received_cents = 0 if wrong in FOREIGN else seen.money_cents
    payment.held_reason = wrong
    payment.state = Payment.State.HELD  # until the parts are known, so that they may lie apart
    payment.save()
    parts = list(payment.allocations.select_related("payment", "fee__round__msa_request", "fee__schedule"))
    shares = ledger.share(payment.received_cents, [part.amount_cents for part in parts])
    for part, cents in zip(parts, shares, strict=True):
        part.payment, part.received_cents = payment, cents
        if wrong:
            _hold(part, wrong)
        else:
            _settle(part)
        if cents:
            ledger.money_received(part, moved_at=seen.moved_at or payment.paid_at)
    _conclude(payment, parts)
    for part in parts:
        _release_held_money(part)


def _mismatch(payment: Payment, seen: provider.Session) -> str:
    """What of the money is not as we asked for it; empty where all is well (fault 5)."""
    right = {
        "currency": seen.currency == payment.currency,
        "livemode": seen.livemode == provider.expects_live_money(),
        "amount": seen.amount_cents == seen.money_cents == payment.amount_cents,
        "reference": seen.reference == reference_of(payment) and seen.key == str(payment.key),
    }
    return next((name for name, holds in right.items() if not holds), "")


def _settle(part: Allocation) -> None:
    fee = part.fee = lock(part.fee)
    if fee.state == Fee.State.CANCELED:
        _hold(part, HeldReason.CANNOT_SUBMIT)
        return
    try:
        with transaction.atomic():
            settled = settlement.settle(fee.round, how=Settlement.PAID, by=part.payment.payer)
    except Refused:
        _hold(part, HeldReason.CANNOT_SUBMIT)
        return
    if not settled:
        part.state = Allocation.State.DUPLICATE
        part.save()
        return
    part.state = Allocation.State.SETTLED
    part.save()
    fee.state, fee.settled_at = Fee.State.SETTLED, part.payment.paid_at
    fee.save(update_fields=["state", "settled_at", "updated_at"])


def _hold(part: Allocation, reason: str) -> None:
    """Keep the money apart, and put it on the record (D15, fault 5)."""
    part.state, part.held_reason = Allocation.State.HELD, reason
    part.save()
    codes = {"payment": part.payment_id, "reason": reason}
    history.record_locked(part.fee.round.msa_request, EventKind.PAYMENT_HELD, by=None, codes=codes)


def _conclude(payment: Payment, parts: list[Allocation]) -> None:
    """The payment's own state from its parts, the receipts, and the end of other checkouts (fault 6)."""
    states = {part.state for part in parts}
    best = next(state for state in _STATE_OF_PAYMENT if state in states)
    payment.state = _STATE_OF_PAYMENT[best]
    payment.held_reason = next((part.held_reason for part in parts if part.held_reason), "")
    payment.save()
    settled = [part for part in parts if part.state == Allocation.State.SETTLED]
    if settled:
        notices.receipts(payment, settled)
    for part in settled:
        kick("payments.render_receipt", part.pk)
    others = Payment.objects.filter(fees__in=[part.fee for part in settled], state__in=Payment.LIVE).distinct()
    for other in others.exclude(pk=payment.pk):
        kick("payments.end_checkout", other.pk)


def _release_held_money(part: Allocation) -> None:
    """What the rules give back of it is sent, or proposed where a supervisor looks first (F1, D15)."""
    if part.state not in Allocation.UNAPPLIED:
        return
    decision = owed_for(part)
    if decision.reason is not None:
        refund = refunds.propose(part, amount_cents=decision.refund_cents, reason=decision.reason, by=None)
        if refund is not None and not decision.needs_approval:
            refunds.promise(refund, by=None)
    if part.state == Allocation.State.HELD:
        notices.payment_held(part)
    thaw_if_idle(part.fee.round.msa_request)
