"""What becomes of a refund at the provider: sent once, followed to its end, made there by somebody.

Whoever calls holds the locks on the requests and the payment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.jobs import kick
from payments import notices, provider
from payments.models import Allocation, Fee, Payment, Refund
from payments.services import ledger
from requests_app import history
from requests_app.enums import EventKind

State = Refund.State
# Where the provider's word may move a refund. What has ended badly there stays so.
_MOVES = {
    State.APPROVED: {State.SENT, State.SUCCEEDED, State.FAILED},
    State.SENT: {State.SUCCEEDED, State.FAILED},
    State.SUCCEEDED: {State.FAILED},
}
_PROVIDER_STATES = {"succeeded": State.SUCCEEDED, "failed": State.FAILED, "canceled": State.FAILED}


def follow(payment: Payment, seen: Iterable[provider.ProviderRefund]) -> list[Refund]:
    """Let our refunds follow the provider's, those made in its dashboard included (fault 8).

    Ours come first: the others are laid onto what is left of each fee's part. Returns our promises that
    gave way to money which went back there without us.
    """
    unknown = []
    for theirs in seen:
        ours = _ours(payment, theirs)
        for refund in ours:
            move(refund, _state(theirs), theirs=theirs)
        if not ours:
            unknown.append(theirs)
    for theirs in unknown:
        for refund in _made_at_provider(payment, theirs):
            move(refund, _state(theirs), theirs=theirs)
    dropped = _drop_what_no_longer_fits(payment)
    recount(payment)
    return dropped


def _state(theirs: provider.ProviderRefund) -> Refund.State:
    return _PROVIDER_STATES.get(theirs.status, State.SENT)


def _ours(payment: Payment, theirs: provider.ProviderRefund) -> list[Refund]:
    rows = payment.refunds.select_for_update().select_related("payment", "fee__round__msa_request")
    known = list(rows.filter(provider_id=theirs.id))
    key = provider.as_key(theirs.key)
    if known or key is None:
        return known
    return [refund for refund in rows.filter(key=key, provider_id__isnull=True) if _fits(refund)]


def _fits(refund: Refund) -> bool:
    """Whether its fee has room for it. One that we gave up and that was made after all may find its place taken.

    Then it is laid onto what is left, as one that was made there.
    """
    if refund.state != State.FAILED:
        return True
    part = refund.payment.allocations.get(fee=refund.fee)
    return refund.amount_cents <= part.received_cents - _total(refund.payment, Refund.GONE, refund.fee)


def _made_at_provider(payment: Payment, theirs: provider.ProviderRefund) -> list[Refund]:
    """A row for each fee that bears a part of it, laid onto what is still here."""
    parts = list(payment.allocations.filter(state__in=Allocation.RECEIVED).select_related("fee__round__msa_request"))
    here = [part.received_cents - _total(payment, Refund.GONE, part.fee) for part in parts]
    made = []
    for part, cents in zip(parts, ledger.share(theirs.amount_cents, here), strict=True):
        if cents:
            made.append(_new_row(payment, part.fee, theirs, cents))
    return made


def _new_row(payment: Payment, fee: Fee, theirs: provider.ProviderRefund, cents: int) -> Refund:
    refund = Refund.objects.create(
        payment=payment,
        fee=fee,
        amount_cents=cents,
        reason=Refund.Reason.AT_PROVIDER,
        note=_("Made at the payment provider."),
        state=State.APPROVED,
        provider_id=theirs.id,
        decided_at=theirs.moved_at,
    )
    ledger.refund_promised(refund, by=None)
    return refund


def move(
    refund: Refund, state: Refund.State, *, theirs: provider.ProviderRefund | None = None, error: str = ""
) -> None:
    """One step of the refund's life, booked and told once. A late picture of an earlier state changes nothing.

    `theirs` is None where the provider never had it.
    """
    was, lost = State(refund.state), refund.state == State.FAILED and refund.provider_id is None
    if lost and theirs is not None:  # we gave it up, but it was made after all
        ledger.refund_promised(refund, by=None)
        was = State.APPROVED
    if state not in _MOVES.get(was, set()):
        return
    refund.state, refund.last_error = state, error
    if theirs is not None:
        refund.provider_id = theirs.id
        if refund.sent_at is None:
            refund.sent_at = theirs.moved_at
    if state != State.SENT:
        refund.finished_at = timezone.now()
    refund.save()
    _book(refund, state, was, theirs)
    _tell(refund, state)


def _book(refund: Refund, state: Refund.State, was: Refund.State, theirs: provider.ProviderRefund | None) -> None:
    if theirs is not None and was not in Refund.GONE:
        ledger.refund_sent(refund, moved_at=theirs.moved_at)
    if state != State.FAILED:
        return
    if theirs is not None:
        ledger.refund_returned(refund, moved_at=_returned_at(theirs))
    ledger.refund_released(refund)


def _returned_at(theirs: provider.ProviderRefund) -> datetime:
    return theirs.returned_at or timezone.now()


def _tell(refund: Refund, state: Refund.State) -> None:
    if state == State.SUCCEEDED:
        kick("payments.render_refund_note", refund.pk)
        record_step(refund, EventKind.REFUND_PAID, by=None)
        notices.refund_paid(refund)
    elif state == State.FAILED:
        record_step(refund, EventKind.REFUND_FAILED, by=None)
        notices.refund_failed(refund)


def _total(payment: Payment, states: Iterable[Refund.State], fee: Fee | None = None) -> int:
    rows = payment.refunds.filter(state__in=states)
    if fee is not None:
        rows = rows.filter(fee=fee)
    return int(rows.aggregate(total=Sum("amount_cents"))["total"] or 0)


def _drop_what_no_longer_fits(payment: Payment) -> list[Refund]:
    """More went back at the provider than we knew of: promises of ours that are not sent yet give way."""
    dropped = []
    unsent = payment.refunds.filter(state=State.APPROVED, provider_id__isnull=True)
    for refund in unsent.select_related("payment", "fee__round__msa_request").order_by("-pk"):
        part = payment.allocations.get(fee=refund.fee)
        if _total(payment, Refund.PROMISED, refund.fee) > part.received_cents:
            move(refund, State.FAILED, error="refunded_at_provider")
            dropped.append(refund)
    return dropped


def recount(payment: Payment) -> None:
    """The running figures, from the rows: a failed refund gives its amount free again."""
    for part in payment.allocations.all():
        promised = _total(payment, Refund.PROMISED, part.fee)
        if part.refunded_cents != promised:
            part.refunded_cents = promised
            part.save(update_fields=["refunded_cents"])
    payment.refunded_cents = _total(payment, Refund.PROMISED)
    payment.save(update_fields=["refunded_cents", "updated_at"])


def refundable_at_provider(refund: Refund) -> int:
    """What the provider should still have of the payment, by our books, before that refund is sent."""
    return refund.payment.received_cents - _total(refund.payment, Refund.GONE)


def record_step(refund: Refund, kind: EventKind, *, by: User | None) -> None:
    codes = {"refund": refund.pk, "cents": refund.amount_cents, "reason": refund.reason}
    history.record_locked(refund.fee.round.msa_request, kind, by=by, codes=codes)
