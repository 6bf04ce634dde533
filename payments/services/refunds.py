"""Money that goes back (D4): proposed, approved by a second person, sent once, followed to its end.

`Payment.refunded_cents` runs with what is promised or gone, under a check constraint, so that
never more goes back than came (faults 7 and 8).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from payments import notices, provider
from payments.models import Fee, Payment, Refund
from payments.money import cents
from requests_app import settlement
from requests_app.enums import EventKind
from requests_app.models import MSARequest

logger = logging.getLogger(__name__)

State = Refund.State
# Where the provider's word may move a refund. What has ended badly stays so.
_MOVES = {
    State.APPROVED: {State.SENT, State.SUCCEEDED, State.FAILED},
    State.SENT: {State.SUCCEEDED, State.FAILED},
    State.SUCCEEDED: {State.FAILED},
}
_PROVIDER_STATES = {"succeeded": State.SUCCEEDED, "failed": State.FAILED, "canceled": State.FAILED}


def remaining_cents(payment: Payment) -> int:
    """What of the money is still here and not promised."""
    return payment.amount_cents - payment.refunded_cents


def propose(
    payment: Payment, *, fee: Fee | None, amount_cents: int, reason: Refund.Reason, by: User | None, note: str = ""
) -> Refund | None:
    """Ask a supervisor to send money back. None where nothing is left, or it is asked for already.

    The caller holds the locks on request and payment.
    """
    amount = min(cents(amount_cents), remaining_cents(payment))
    live = payment.refunds.filter(fee=fee).exclude(state__in=[State.DECLINED, State.FAILED])
    if not amount or live.exists():
        return None
    refund = Refund.objects.create(
        payment=payment, fee=fee, amount_cents=amount, reason=reason, proposed_by=by, note=note
    )
    _note(refund, EventKind.REFUND_PROPOSED, by=by)
    return refund


def propose_by_staff(payment: Payment, *, by: User, amount_cents: int, note: str) -> Refund:
    """Goodwill, or a refund that failed and is to be tried again: a supervisor other than `by` approves."""
    if not by.has_perm("payments.propose_refund"):
        raise Refused(_("Only program staff can propose a refund."), code="not_allowed")
    with transaction.atomic():
        lock(_request_of(payment))
        fresh = lock(payment)
        if fresh.state not in Payment.RECEIVED:
            raise Refused(_("No money has come of this payment."), code="not_received")
        if amount_cents > remaining_cents(fresh):
            raise Refused(_too_much(fresh), code="too_much", fields={"amount": _too_much(fresh)})
        refund = propose(
            fresh, fee=_fee_of(fresh), amount_cents=amount_cents, reason=Refund.Reason.GOODWILL, by=by, note=note
        )
        if refund is None:
            raise Refused(_("A refund of this payment is under way already."), code="refund_open")
    return refund


def _too_much(payment: Payment) -> str:
    return _("Of this payment %(left)s can still be refunded.") % {"left": formats.usd(remaining_cents(payment))}


def refund_duplicate(payment: Payment, *, fee: Fee) -> None:
    """A second payment of one fee goes back without anybody's approval (fault 6)."""
    refund = propose(payment, fee=fee, amount_cents=payment.amount_cents, reason=Refund.Reason.DUPLICATE, by=None)
    if refund is not None:
        _promise(refund, payment, by=None)


def approve(refund: Refund, *, by: User, expected_cents: int) -> None:
    """A supervisor, not the one who proposed it, lets the money go; a task sends it.

    `expected_cents` is what was refundable when the page was drawn: had anything moved since, the
    decision would rest on an old picture (faults 7 and 8).
    """
    with transaction.atomic():
        fresh, payment = _decidable(refund, by=by)
        if fresh.proposed_by_id == by.pk:
            raise Refused(_("You proposed this refund, so another supervisor has to approve it."), code="own_proposal")
        if payment.disputed:
            raise Refused(
                _("The payer's bank disputes this payment, so it cannot be refunded."), code="payment_disputed"
            )
        if remaining_cents(payment) != expected_cents:
            raise Stale(
                _("Meanwhile money of this payment went back. %(left)s Look at it again before you decide.")
                % {"left": _too_much(payment)},
                code="stale",
            )
        if fresh.amount_cents > remaining_cents(payment):
            raise Refused(_too_much(payment), code="too_much")
        _promise(fresh, payment, by=by)
    refund.refresh_from_db()


def decline(refund: Refund, *, by: User, note: str) -> None:
    """A supervisor says no, with a reason."""
    if not note.strip():
        raise Refused(_("Say why the refund is declined."), code="no_reason", fields={"note": _("Write the reason.")})
    with transaction.atomic():
        fresh, _payment = _decidable(refund, by=by)
        fresh.state, fresh.note = State.DECLINED, note.strip()
        fresh.decided_by, fresh.decided_at = by, timezone.now()
        fresh.finished_at = fresh.decided_at
        fresh.save()
        _note(fresh, EventKind.REFUND_DECLINED, by=by)
    refund.refresh_from_db()


def _decidable(refund: Refund, *, by: User) -> tuple[Refund, Payment]:
    if not by.has_perm("payments.approve_refund"):
        raise Refused(_("Only a supervisor can decide on a refund."), code="not_allowed")
    lock(_request_of(refund.payment))
    payment = lock(refund.payment)
    fresh = lock(refund)
    if fresh.state != State.PROPOSED:
        raise Stale(
            _("This refund is “%(state)s” already, by %(who)s on %(when)s.")
            % {
                "state": fresh.get_state_display(),
                "who": fresh.decided_by or _("the portal"),
                "when": formats.moment(fresh.decided_at) if fresh.decided_at else "–",
            },
            code="stale",
        )
    return fresh, payment


def _promise(refund: Refund, payment: Payment, *, by: User | None) -> None:
    """Count it before it is sent. The caller holds the payment's lock."""
    from payments import tasks

    refund.state, refund.decided_by, refund.decided_at = State.APPROVED, by, timezone.now()
    refund.save()
    payment.refunded_cents += refund.amount_cents
    payment.save(update_fields=["refunded_cents", "updated_at"])
    _note(refund, EventKind.REFUND_APPROVED, by=by)
    transaction.on_commit(partial(tasks.kick, tasks.send_refund, refund.pk))


def send(refund: Refund) -> None:
    """Carry an approved refund out at the provider. Safe to run twice, and at once: one key, one refund.

    Raises `ProviderUnavailable`, after which it waits for the sweeper.
    """
    if refund.state != State.APPROVED or refund.payment.intent_id is None:
        return
    try:
        made = provider.create_refund(refund.payment.intent_id, amount_cents=refund.amount_cents, key=str(refund.key))
    except provider.ProviderRefused as refusal:
        logger.error("refund %s was refused by the provider: %s", refund.pk, refusal.code)
        made = None
        error = refusal.code
    with transaction.atomic(durable=True):
        request = lock(_request_of(refund.payment))
        payment = lock(refund.payment)
        fresh = lock(refund)
        if made is None:
            _move(fresh, request, State.FAILED, error=error)
        else:
            fresh.provider_id = made.id
            _move(fresh, request, _state(made))
        _recount(payment)


def follow(payment: Payment, request: MSARequest, seen: Iterable[provider.ProviderRefund]) -> None:
    """Let our refunds follow the provider's, those made in its dashboard included (fault 8).

    The caller holds the locks on request and payment.
    """
    for theirs in seen:
        ours = _ours(payment, theirs) or _made_at_provider(payment, theirs)
        if ours.provider_id is None:
            ours.provider_id = theirs.id
        _move(ours, request, _state(theirs))
    _drop_what_no_longer_fits(payment, request)
    _recount(payment)


def _state(theirs: provider.ProviderRefund) -> Refund.State:
    return _PROVIDER_STATES.get(theirs.status, State.SENT)


def _ours(payment: Payment, theirs: provider.ProviderRefund) -> Refund | None:
    known = payment.refunds.select_for_update().filter(provider_id=theirs.id).first()
    if known is None and theirs.key:
        known = payment.refunds.select_for_update().filter(key=theirs.key).first()
    return known


def _made_at_provider(payment: Payment, theirs: provider.ProviderRefund) -> Refund:
    return Refund.objects.create(
        payment=payment,
        amount_cents=theirs.amount_cents,
        reason=Refund.Reason.GOODWILL,
        note=_("Made at the payment provider."),
        state=State.APPROVED,
        provider_id=theirs.id,
    )


def _move(refund: Refund, request: MSARequest, state: Refund.State, *, error: str = "") -> None:
    """One step of the refund's life, told once. A late picture of an earlier state changes nothing."""
    if state not in _MOVES.get(State(refund.state), set()):
        refund.save(update_fields=["provider_id", "updated_at"])
        return
    refund.state, refund.last_error = state, error
    if state != State.SENT:
        refund.finished_at = timezone.now()
    refund.save()
    if state == State.SUCCEEDED:
        _note(refund, EventKind.REFUND_PAID, by=None)
        notices.refund_paid(refund)
    elif state == State.FAILED:
        _note(refund, EventKind.REFUND_FAILED, by=None)
        notices.refund_failed(refund)


def _promised(payment: Payment) -> int:
    total = payment.refunds.filter(state__in=Refund.PROMISED).aggregate(total=Sum("amount_cents"))["total"]
    return int(total or 0)


def _drop_what_no_longer_fits(payment: Payment, request: MSARequest) -> None:
    """More went back at the provider than we knew of: promises of ours that are not sent yet give way."""
    unsent = payment.refunds.filter(state=State.APPROVED, provider_id__isnull=True).order_by("-pk")
    for refund in unsent:
        if _promised(payment) <= payment.amount_cents:
            return
        _move(refund, request, State.FAILED, error="refunded_at_provider")


def _recount(payment: Payment) -> None:
    """The running figure, from the rows: a failed refund gives its amount free again."""
    payment.refunded_cents = min(_promised(payment), payment.amount_cents)
    payment.save(update_fields=["refunded_cents", "updated_at"])


def _note(refund: Refund, kind: EventKind, *, by: User | None) -> None:
    codes = {"refund": refund.pk, "cents": refund.amount_cents, "reason": refund.reason}
    settlement.note(_request_of(refund.payment), kind, by=by, codes=codes)


def _fee_of(payment: Payment) -> Fee:
    return payment.fees.select_related("round__request").get()


def _request_of(payment: Payment) -> MSARequest:
    return _fee_of(payment).round.request
