"""What the provider says about a payment becomes what we know (F2, D15).

Webhook, return page, sweeper and staff all come through here. Whoever asks triggers; what counts
is the object as the provider has it now, so the order of events does not matter (fault 2).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from msa_portal.db import lock
from msa_portal.errors import Refused
from payments import notices, provider
from payments.models import Fee, Payment, Refund
from payments.services import refunds
from requests_app import settlement
from requests_app.enums import EventKind, Settlement
from requests_app.models import MSARequest

# How long the answers stand still for a bank debit under way.
DEBIT_TAKES = timedelta(days=10)


def request_of(payment: Payment) -> MSARequest:
    return fee_of(payment).round.request


def fee_of(payment: Payment) -> Fee:
    """A payment covers one fee so far; its allocation says which."""
    return payment.fees.select_related("round__request").get()


def settle_from_provider(payment: Payment) -> Payment:
    """Ask the provider about the payment and let our rows follow; any number of times, from anywhere.

    Raises `ProviderUnavailable`. The request is locked before the payment, as everywhere.
    """
    if payment.session_id is None:
        return payment
    seen = provider.fetch_session(payment.session_id)
    with transaction.atomic(durable=True):
        request = lock(request_of(payment))
        fresh = lock(payment)
        _follow(fresh, request, seen)
    return fresh


def _follow(payment: Payment, request: MSARequest, seen: provider.Session) -> None:
    if seen.intent_id and payment.intent_id is None:
        payment.intent_id = seen.intent_id
    if payment.state not in Payment.RECEIVED:
        _follow_checkout(payment, request, seen)
    payment.save()
    if payment.state in Payment.RECEIVED:
        refunds.follow(payment, request, seen.refunds)
        _follow_dispute(payment, seen.dispute)


def _follow_checkout(payment: Payment, request: MSARequest, seen: provider.Session) -> None:
    if seen.is_paid:
        _receive(payment, request, seen)
    elif seen.is_pending:
        if payment.state != Payment.State.PENDING:
            payment.state = Payment.State.PENDING
            settlement.extend_freeze(request, until=timezone.now() + DEBIT_TAKES)
    elif seen.status == "open":
        payment.state = Payment.State.OPEN
    else:
        _close(payment, request, Payment.State.EXPIRED if seen.status == "expired" else Payment.State.FAILED)


def _close(payment: Payment, request: MSARequest, state: Payment.State) -> None:
    """No money came and none will: the answers may change again, and a retry is offered (fault 13)."""
    if payment.state == state:
        return
    payment.state = state
    payment.save(update_fields=["state", "updated_at"])
    thaw_if_idle(request)


def thaw_if_idle(request: MSARequest) -> None:
    """End the freeze unless another payment is under way. The caller holds the request's lock."""
    if not Payment.objects.filter(fees__round__request=request, state__in=Payment.LIVE).exists():
        settlement.thaw(request)


def _receive(payment: Payment, request: MSARequest, seen: provider.Session) -> None:
    """Money is here: settle its fee, or keep it apart with the reason and have it go back."""
    payment.paid_at = timezone.now()
    fee = lock(fee_of(payment))
    wrong = _mismatch(payment, request, seen)
    if wrong:
        _hold(payment, request, fee, wrong, seen)
    else:
        _settle(payment, request, fee, seen)


def _mismatch(payment: Payment, request: MSARequest, seen: provider.Session) -> str:
    """What of the money is not as we asked for it; empty where all is well (fault 5)."""
    received = seen.amount_cents if seen.received_cents is None else seen.received_cents
    right = {
        "amount": seen.amount_cents == received == payment.amount_cents,
        "currency": seen.currency == payment.currency,
        "livemode": seen.livemode == provider.expects_live_money(),
        "reference": seen.reference == request.reference and seen.key == str(payment.key),
    }
    return next((name for name, holds in right.items() if not holds), "")


def _settle(payment: Payment, request: MSARequest, fee: Fee, seen: provider.Session) -> None:
    if fee.state == Fee.State.CANCELED:
        _hold(payment, request, fee, "cannot_submit", seen)
        return
    try:
        with transaction.atomic():
            settled = settlement.settle(fee.round, how=Settlement.PAID, by=payment.payer)
    except Refused:
        _hold(payment, request, fee, "cannot_submit", seen)
        return
    if not settled:
        _set_apart_duplicate(payment, request, fee)
        return
    payment.state = Payment.State.PAID
    fee.state, fee.settled_at = Fee.State.SETTLED, payment.paid_at
    fee.save(update_fields=["state", "settled_at", "updated_at"])
    payment.save()
    notices.receipt(payment)
    _after_commit(payment)


def _after_commit(payment: Payment) -> None:
    """The receipt is rendered, and a second tab's checkout is closed before it is paid too (fault 6)."""
    from payments import tasks

    transaction.on_commit(partial(tasks.kick, tasks.render_receipt, payment.pk))
    others = Payment.objects.filter(fees=fee_of(payment), state__in=Payment.LIVE).exclude(pk=payment.pk)
    for other in others:
        transaction.on_commit(partial(tasks.kick, tasks.end_checkout, other.pk))


def _hold(payment: Payment, request: MSARequest, fee: Fee, reason: str, seen: provider.Session) -> None:
    """Keep the money apart, tell customer and staff, propose that it goes back (D15, fault 5).

    Money in another currency or of another mode cannot be sent back by our figures: staff see to it.
    """
    payment.state, payment.held_reason = Payment.State.HELD, reason
    payment.save()
    settlement.note(request, EventKind.PAYMENT_HELD, by=None, codes={"payment": payment.pk, "reason": reason})
    received = seen.amount_cents if seen.received_cents is None else seen.received_cents
    if reason not in {"currency", "livemode"} and received:
        refunds.propose(
            payment,
            fee=fee,
            amount_cents=min(received, payment.amount_cents),
            reason=Refund.Reason.CANNOT_SUBMIT,
            by=None,
        )
    thaw_if_idle(request)
    notices.payment_held(payment)


def _set_apart_duplicate(payment: Payment, request: MSARequest, fee: Fee) -> None:
    """The visit is settled by other means: this money goes back by itself and un-pays nothing (fault 6)."""
    payment.state = Payment.State.DUPLICATE
    payment.save()
    refunds.refund_duplicate(payment, fee=fee)
    thaw_if_idle(request)


def _follow_dispute(payment: Payment, dispute: str) -> None:
    """Open or lost, it blocks the order and every refund; won, it blocks nothing any more (fault 12)."""
    if payment.dispute == dispute or not dispute:
        return
    payment.dispute = dispute
    payment.disputed = dispute != Payment.Dispute.WON
    payment.save(update_fields=["dispute", "disputed", "updated_at"])
    if payment.state == Payment.State.PAID:
        outcome = "" if dispute == Payment.Dispute.OPEN else dispute
        settlement.set_disputed(fee_of(payment).round, disputed=payment.disputed, outcome=outcome)
