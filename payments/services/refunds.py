"""Money that goes back (D4, F4): proposed or asked for, then approved or declined.

The running figures `refunded_cents` of payment and allocation count what is promised or gone, under
check constraints, so that never more goes back than came (faults 7 and 8). What becomes of an
approved refund is in `refund_sync`.

Above the limit two supervisors let go what no rule owes (D23): the first one's approval is a proposal
to the second, as for waivers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from msa_portal.approvals.services import Kind
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from msa_portal.jobs import kick
from payments import notices, provider
from payments.models import Allocation, Payment, Refund
from payments.money import cents
from payments.services import ledger, limits, refund_sync
from payments.services.refund_sync import record_step, recount
from requests_app import permissions
from requests_app.enums import EventKind
from requests_app.models import MSARequest

State = Refund.State

_PERMISSION = "payments.approve_refund"
_BEYOND_THE_RULES = frozenset({Refund.Reason.REQUESTED, Refund.Reason.GOODWILL})


def part_of(refund: Refund) -> Allocation:
    """The part of the payment that the refund gives back."""
    return Allocation.objects.select_related("payment", "fee__round__msa_request").get(
        payment_id=refund.payment_id, fee_id=refund.fee_id
    )


def propose(
    part: Allocation, *, amount_cents: int, reason: Refund.Reason, by: User | None, note: str = ""
) -> Refund | None:
    """Ask a supervisor to send money back. None where nothing is left, or the bank took it already.

    One proposal of a part is undecided at a time: where a smaller one is, it grows to this one.
    The caller holds the locks on request and payment.
    """
    amount = min(cents(amount_cents), part.remaining_cents)
    if not amount or part.payment.dispute == Payment.Dispute.LOST:
        return None
    waiting = part.payment.refunds.filter(fee=part.fee, state=State.PROPOSED).first()
    if waiting is None:
        refund = Refund.objects.create(
            payment=part.payment, fee=part.fee, amount_cents=amount, reason=reason, proposed_by=by, note=note
        )
    elif waiting.amount_cents < amount:
        refund = waiting
        refund.amount_cents, refund.reason, refund.proposed_by, refund.note = amount, reason, by, note
        refund.save()
    else:
        return None
    asked = reason == Refund.Reason.REQUESTED
    record_step(refund, EventKind.REFUND_REQUESTED if asked else EventKind.REFUND_PROPOSED, by=by)
    return refund


def propose_by_staff(payment: Payment, *, by: User, amount_cents: int, note: str, fee_id: int | None = None) -> Refund:
    """Goodwill, or a refund that failed and is to be tried again: somebody else approves (`approve`).

    `fee_id` says for which fee of a payment that covers several.
    """
    if not by.has_perm("payments.propose_refund"):
        raise Refused(_("Only program staff can propose a refund."), code="not_allowed")
    with transaction.atomic():
        part = _locked_part(payment, fee_id)
        if part.state not in Allocation.RECEIVED:
            raise Refused(_("No money has come of this payment."), code="not_received")
        if amount_cents > part.remaining_cents:
            raise Refused(_too_much(part), code="too_much", fields={"amount": _too_much(part)})
        if _undecided(part):
            raise Refused(_("A refund of this payment waits for a decision already."), code="refund_open")
        refund = propose(part, amount_cents=amount_cents, reason=Refund.Reason.GOODWILL, by=by, note=note)
        if refund is None:
            raise Refused(_("The payer's bank took this money back, so none of it is here."), code="payment_disputed")
    return refund


def _locked_part(payment: Payment, fee_id: int | None) -> Allocation:
    """The part for that fee, or the only one; its request and payment are locked."""
    wanted = payment.allocations.select_related("fee__round__msa_request")
    parts = list(wanted.filter(fee_id=fee_id) if fee_id else wanted)
    if len(parts) != 1:
        raise Refused(_("Say for which request money goes back."), code="which_fee")
    lock(parts[0].fee.round.msa_request)
    lock(payment)
    return wanted.select_related("payment").get(pk=parts[0].pk)


def _undecided(part: Allocation) -> bool:
    return part.payment.refunds.filter(fee=part.fee, state=State.PROPOSED).exists()


def check_can_ask(part: Allocation, *, undecided: bool | None = None) -> None:
    """When a customer may ask for money back by themselves. Raises `Refused` with what to do instead.

    `undecided` says whether a proposal waits, where the caller knows: it saves the query.
    """
    if part.state not in Allocation.RECEIVED or not part.received_cents:
        raise Refused(_("This fee was not paid here, so there is nothing to refund."), code="not_received")
    if part.payment.dispute in {Payment.Dispute.OPEN, Payment.Dispute.LOST}:
        raise Refused(_("Your bank disputes this payment, so it decides about the money."), code="payment_disputed")
    if not part.remaining_cents:
        raise Refused(_("This payment was refunded in full."), code="nothing_left")
    if _undecided(part) if undecided is None else undecided:
        raise Refused(_("A refund is asked for already. We write to you when it is decided."), code="refund_open")
    visit = part.fee.round
    if part.state == Allocation.State.SETTLED and visit.closed_at is None:
        raise Refused(
            _("This fee pays for the visit that is still to come. Withdraw the request, and it comes back in full."),
            code="visit_open",
        )


def ask_for(part: Allocation, *, by: User, note: str) -> Refund:
    """The customer, the agent or the payer asks for what is left; a supervisor decides (F4)."""
    with transaction.atomic():
        msa_request = lock(part.fee.round.msa_request)
        if by != part.payment.payer:
            permissions.check_acts_for(by, msa_request)
        fresh = _locked_part(part.payment, part.fee_id)
        check_can_ask(fresh)
        if not note.strip():
            raise Refused(_("Say why."), code="no_reason", fields={"note": _("Write why you ask for it.")})
        refund = propose(
            fresh, amount_cents=fresh.remaining_cents, reason=Refund.Reason.REQUESTED, by=by, note=note.strip()
        )
    if refund is None:
        raise Refused(_("This payment was refunded in full."), code="nothing_left")
    return refund


def follow(payment: Payment, seen: Iterable[provider.ProviderRefund]) -> None:
    """Let our refunds follow the provider's; what is owed beyond its own is proposed again at what is left.

    The caller holds the locks on the requests and the payment.
    """
    dropped = refund_sync.follow(payment, seen)
    for refund in dropped:
        propose(part_of(refund), amount_cents=refund.amount_cents, reason=Refund.Reason(refund.reason), by=None)
    for refund in payment.refunds.filter(state=State.PROPOSED).select_related("payment", "fee__round__msa_request"):
        _fit(refund, part_of(refund).remaining_cents)


def _fit(refund: Refund, remaining_cents: int) -> None:
    """An undecided proposal shrinks to what is left; where nothing is, it is over."""
    if refund.amount_cents <= remaining_cents:
        return
    if remaining_cents:
        refund.amount_cents = remaining_cents
        refund.save(update_fields=["amount_cents", "updated_at"])
        record_step(refund, EventKind.REFUND_PROPOSED, by=None)
        return
    refund.state, refund.last_error, refund.finished_at = State.FAILED, "refunded_at_provider", timezone.now()
    refund.save(update_fields=["state", "last_error", "finished_at", "updated_at"])
    record_step(refund, EventKind.REFUND_FAILED, by=None)


def _too_much(part: Allocation) -> str:
    return _("Of this payment %(left)s can still be refunded.") % {"left": formats.usd(part.remaining_cents)}


def takes_two(refund: Refund) -> bool:
    """Whether two supervisors must agree: above the limit, of money that no rule owes.

    A rule gives the amount itself, so that one of them releases it. Who proposed it as a supervisor is the first.
    """
    return refund.reason in _BEYOND_THE_RULES and not _proposer_counts(refund) and _is_above_limit(refund)


def _proposer_counts(refund: Refund) -> bool:
    proposer = refund.proposed_by if refund.reason == Refund.Reason.GOODWILL else None
    return proposer is not None and proposer.is_active and proposer.has_perm(_PERMISSION)


def _is_above_limit(refund: Refund) -> bool:
    """The limit counts everything given up of the payment: refunds that went or wait, and waived fees, by anyone
    proposed them (D23). Under the payment's lock nobody adds to it in the meantime.
    """
    return limits.given_up_of(refund.payment) > limits.limit_cents()


def first_approval(refund: Refund) -> Proposal | None:
    """What the first supervisor approved, of this amount, and a second one decides on."""
    waiting = approvals.open_proposal(limits.REFUND, limits.refund_target(refund.pk))
    return waiting if waiting and waiting.payload["cents"] == refund.amount_cents else None


def check_may_approve(refund: Refund, *, by: User) -> None:
    """Above the limit in the program settings a supervisor other than the proposer decides, and where two must agree,
    another one than the first.
    """
    if not by.has_perm(_PERMISSION):
        raise Refused(_("Only a supervisor can decide on a refund."), code="not_allowed")
    words = {"limit": formats.usd(limits.limit_cents()), "total": formats.usd(limits.given_up_of(refund.payment))}
    if refund.proposed_by_id == by.pk and _is_above_limit(refund):
        raise Refused(
            _(
                "You proposed this refund. Refunds and waivers of this payment come to %(total)s. Above %(limit)s "
                "another supervisor has to approve."
            )
            % words,
            code="own_proposal",
        )
    first = first_approval(refund)
    if first and first.proposed_by_id == by.pk:
        raise Refused(
            _(
                "You approved this refund already. Refunds and waivers of this payment come to %(total)s. Above "
                "%(limit)s a second supervisor has to approve it too. No money has gone yet."
            )
            % words,
            code="own_proposal",
        )


def approve(refund: Refund, *, by: User, expected_cents: int, amount_cents: int | None = None) -> Proposal | None:
    """A supervisor lets the money go; a task sends it. Where two must agree the first one's approval is returned.

    `expected_cents` is what was refundable when the page was drawn, `amount_cents` what was proposed (without it, what
    `refund` says): had anything moved since, the decision would rest on an old picture (faults 7 and 8).
    """
    seen = refund.amount_cents if amount_cents is None else amount_cents
    proposal = None
    with transaction.atomic():
        fresh = _decidable(refund, by=by)
        check_may_approve(fresh, by=by)
        if fresh.amount_cents != seen:
            raise Stale(
                _("This refund is for %(amount)s now. Look at it again before you decide.")
                % {"amount": formats.usd(fresh.amount_cents)},
                code="stale",
            )
        _check_possible(fresh, expected_cents)
        first = first_approval(fresh)
        if first is not None:
            approvals.approve(first, by=by)
        else:
            _drop_first_approval(fresh, by=by, note=_("The amount has changed since."))
            proposal = _approve_first(fresh, by=by) if takes_two(fresh) else None
            if proposal is None:
                promise(fresh, by=by)
    refund.refresh_from_db()
    return proposal


def _approve_first(refund: Refund, *, by: User) -> Proposal:
    words = {
        "amount": formats.usd(refund.amount_cents),
        "reference": request_of(refund),
        "visit": refund.fee.round.number,
    }
    return approvals.propose(
        limits.REFUND,
        limits.refund_target(refund.pk),
        subject=_("Refund %(amount)s for %(reference)s, visit %(visit)s") % words,
        payload={"refund": refund.pk, "cents": refund.amount_cents},
        by=by,
        reason=refund.note,
    )


def _drop_first_approval(refund: Refund, *, by: User, note: str) -> None:
    waiting = approvals.open_proposal(limits.REFUND, limits.refund_target(refund.pk))
    if waiting is not None:
        approvals.decline(waiting, by=by, note=note)


def _check_possible(refund: Refund, expected_cents: int) -> None:
    part = part_of(refund)
    if part.payment.disputed:
        raise Refused(_("The payer's bank disputes this payment, so it cannot be refunded."), code="payment_disputed")
    if part.remaining_cents != cents(expected_cents):
        raise Stale(
            _("Meanwhile money of this payment went back. %(left)s Look at it again before you decide.")
            % {"left": _too_much(part)},
            code="stale",
        )
    if refund.amount_cents > part.remaining_cents:
        raise Refused(_too_much(part), code="too_much")


def decline(refund: Refund, *, by: User, note: str) -> None:
    """A supervisor says no, with a reason that the customer reads."""
    if not note.strip():
        raise Refused(_("Say why the refund is declined."), code="no_reason", fields={"note": _("Write the reason.")})
    with transaction.atomic():
        fresh = _decidable(refund, by=by)
        _drop_first_approval(fresh, by=by, note=note)
        fresh.state, fresh.note = State.DECLINED, note.strip()
        fresh.decided_by, fresh.decided_at = by, timezone.now()
        fresh.finished_at = fresh.decided_at
        fresh.save()
        record_step(fresh, EventKind.REFUND_DECLINED, by=by)
        notices.refund_declined(fresh)
    refund.refresh_from_db()


def request_of(refund: Refund) -> MSARequest:
    return refund.fee.round.msa_request


def _decidable(refund: Refund, *, by: User) -> Refund:
    if not by.has_perm(_PERMISSION):
        raise Refused(_("Only a supervisor can decide on a refund."), code="not_allowed")
    fresh = _locked(refund)
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
    return fresh


def _locked(refund: Refund) -> Refund:
    lock(request_of(refund))
    lock(refund.payment)
    return lock(refund)


def promise(refund: Refund, *, by: User | None) -> None:
    """Count it before it is sent. The caller holds the locks on request and payment."""
    refund.state, refund.decided_by, refund.decided_at = State.APPROVED, by, timezone.now()
    refund.save()
    ledger.refund_promised(refund, by=by)
    recount(refund.payment)
    record_step(refund, EventKind.REFUND_APPROVED, by=by)
    kick("payments.send_refund", refund.pk)


# --- The second supervisor ------------------------------------------------------------------------


def _refund_of(proposal: Proposal) -> Refund:
    return Refund.objects.select_related("payment", "fee__round__msa_request", "proposed_by").get(
        pk=proposal.payload["refund"]
    )


def _hold(proposal: Proposal) -> None:
    _locked(_refund_of(proposal))


def _check(proposal: Proposal) -> None:
    refund = _refund_of(proposal)
    if refund.state != State.PROPOSED or refund.amount_cents != proposal.payload["cents"]:
        raise Refused(_("The refund changed since. Decline this, and decide on the refund again."), code="stale")
    _check_possible(refund, part_of(refund).remaining_cents)


def _apply(proposal: Proposal) -> None:
    promise(_locked(_refund_of(proposal)), by=proposal.decided_by)


def _facts(proposal: Proposal) -> list[tuple[Any, Any]]:
    refund = _refund_of(proposal)
    return [
        (_("Request"), request_of(refund)),
        (_("Visit"), refund.fee.round.number),
        (_("Amount"), formats.usd(proposal.payload["cents"])),
        (_("Why"), refund.get_reason_display()),
        (_("Asked for by"), refund.proposed_by or _("the portal")),
        (_("Left of this payment for it"), formats.usd(part_of(refund).remaining_cents)),
        (_("Refunded, waived or waiting of this payment"), formats.usd(limits.given_up_of(refund.payment))),
    ]


def _asked_by(proposal: Proposal) -> int:
    """Nobody is the second person for what they asked for."""
    return _refund_of(proposal).proposed_by_id or 0


def register() -> None:
    approvals.register(
        Kind(
            name=limits.REFUND,
            title=gettext_lazy("A refund that no rule owes"),
            permission=_PERMISSION,
            apply=_apply,
            hold=_hold,
            check=_check,
            facts=_facts,
            beneficiary=_asked_by,
        )
    )
