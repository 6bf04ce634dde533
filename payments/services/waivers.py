"""Letting a visit go without its fee, or giving up what a bank took back: one supervisor up to the limit, two above."""

from __future__ import annotations

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
from msa_portal.errors import Refused
from payments.models import Fee, Payment
from payments.services import ledger, limits
from requests_app import history
from requests_app.enums import EventKind, Settlement
from requests_app.lifecycle import settlement

WAIVE, WRITE_OFF = "waive", "write_off"
_PERMISSION = "payments.waive_fee"


def waive(fee: Fee, *, by: User, reason: str) -> Proposal | None:
    """Let the visit go without its fee (S, D3); the request moves on automatically.

    Above the limit it's proposed to another supervisor, and the proposal returned (D23). Raises `Refused` where a
    payment is under way: it must end first, or it would be taken for nothing.
    """
    if not reason.strip():
        raise Refused(_("Say why the fee is waived."), code="no_reason", fields={"reason": _("Write the reason.")})
    return _give_up(fee, WAIVE, by=by, reason=reason.strip())


def write_off(fee: Fee, *, by: User, reason: str) -> Proposal | None:
    """Give up what a lost dispute left unpaid; the dispute holds the visit no longer. Two people, as `waive`.

    Raises `Refused` unless the bank decided for the payer.
    """
    if not reason.strip():
        raise Refused(
            _("Say why the fee is written off."), code="no_reason", fields={"reason": _("Write the reason.")}
        )
    return _give_up(fee, WRITE_OFF, by=by, reason=reason.strip())


def can_write_off(fee: Fee) -> bool:
    settled = fee.allocations.filter(state="settled", payment__dispute=Payment.Dispute.LOST)
    return fee.state == Fee.State.SETTLED and settled.exists()


def may_alone(fee: Fee) -> bool:
    """Whether this and all that was given up or waits for the same payments stays within the limit."""
    return limits.given_up_for(fee) + fee.amount_cents <= limits.limit_cents()


def waiting_for(fee: Fee) -> Proposal | None:
    return approvals.open_proposal(limits.WAIVER, limits.waiver_target(fee.pk))


def _give_up(fee: Fee, how: str, *, by: User, reason: str) -> Proposal | None:
    if not by.has_perm(_PERMISSION):
        raise Refused(_("Only a supervisor can waive a fee."), code="not_allowed")
    with transaction.atomic():
        fresh = _locked(fee.pk)
        _check_possible(fresh, how)
        proposal = None
        if may_alone(fresh):
            _do(fresh, how, by=by, reason=reason)
        else:
            proposal = _propose(fresh, how, by=by, reason=reason)
    fee.refresh_from_db()
    return proposal


def _propose(fee: Fee, how: str, *, by: User, reason: str) -> Proposal:
    words = {"amount": formats.usd(fee.amount_cents), "reference": fee.round.msa_request, "visit": fee.round.number}
    subject = _("Waive %(amount)s for %(reference)s, visit %(visit)s")
    if how == WRITE_OFF:
        subject = _("Write off %(amount)s for %(reference)s, visit %(visit)s")
    return approvals.propose(
        limits.WAIVER,
        limits.waiver_target(fee.pk),
        subject=subject % words,
        payload={"fee": fee.pk, "how": how, "cents": fee.amount_cents},
        by=by,
        reason=reason,
    )


def _locked(fee_id: int) -> Fee:
    """With the request and every payment that was made for it, in the order in which refunds lock them."""
    fee = Fee.objects.select_related("round__msa_request").get(pk=fee_id)
    lock(fee.round.msa_request)
    for payment in Payment.objects.filter(fees=fee).order_by("pk"):
        lock(payment)
    return lock(fee)


def _check_possible(fee: Fee, how: str) -> None:
    if how == WRITE_OFF:
        if not can_write_off(fee):
            raise Refused(
                _("Only a fee whose payment was lost to the payer's bank is written off."), code="nothing_to_write_off"
            )
        return
    if fee.state != Fee.State.OPEN:
        raise Refused(_("This fee is “%(state)s” already.") % {"state": fee.get_state_display()}, code="fee_not_open")
    if fee.payments.filter(state__in=Payment.LIVE).exists():
        raise Refused(
            _("The customer is paying this fee right now. Wait until that has ended, or is canceled."),
            code="payment_open",
        )


def _do(fee: Fee, how: str, *, by: User, reason: str) -> None:
    fee.waived_by, fee.waiver_reason = by, reason
    if how == WAIVE:
        fee.state, fee.settled_at = Fee.State.WAIVED, timezone.now()
        fee.save(update_fields=["state", "waived_by", "waiver_reason", "settled_at", "updated_at"])
        ledger.fee_waived(fee, by=by)
        settlement.settle(fee.round, how=Settlement.WAIVED, by=by)
        return
    fee.state = Fee.State.WRITTEN_OFF
    fee.save(update_fields=["state", "waived_by", "waiver_reason", "updated_at"])
    cents = ledger.fee_written_off(fee, by=by)
    history.record_locked(
        fee.round.msa_request, EventKind.FEE_WRITTEN_OFF, by=by, codes={"fee": fee.pk, "cents": cents}
    )
    settlement.set_disputed(fee.round, disputed=False, outcome="written_off")


def _hold(proposal: Proposal) -> None:
    _locked(proposal.payload["fee"])


def _check(proposal: Proposal) -> None:
    fee = Fee.objects.get(pk=proposal.payload["fee"])
    _check_possible(fee, proposal.payload["how"])
    if fee.amount_cents != proposal.payload["cents"]:
        raise Refused(_("The fee changed since. Decline this, and propose it again."), code="stale")


def _apply(proposal: Proposal) -> None:
    by = proposal.decided_by
    if by is None:
        raise Refused(_("Another supervisor has to approve this."), code="not_allowed")
    _do(_locked(proposal.payload["fee"]), proposal.payload["how"], by=by, reason=proposal.reason)


def _facts(proposal: Proposal) -> list[tuple[Any, Any]]:
    fee = Fee.objects.select_related("round__msa_request").get(pk=proposal.payload["fee"])
    return [
        (_("Request"), fee.round.msa_request),
        (_("Visit"), fee.round.number),
        (_("Amount"), formats.usd(fee.amount_cents)),
        (_("Given up or waiting, with this one"), formats.usd(limits.given_up_for(fee))),
    ]


def register() -> None:
    approvals.register(
        Kind(
            name=limits.WAIVER,
            title=gettext_lazy("Waiving or writing off a fee"),
            permission=_PERMISSION,
            apply=_apply,
            hold=_hold,
            check=_check,
            facts=_facts,
        )
    )
