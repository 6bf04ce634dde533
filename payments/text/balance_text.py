"""The words of the page on a request's money: why a fee is due, what became of a payment, how far a refund is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.business_days.calendar import local_day
from payments.models import Allocation, Dispute, Fee, Payment, Refund


class Mark(models.TextChoices):
    """How far a step is; shown as a word beside it, so that color never speaks alone."""

    DONE = "done", gettext_lazy("Done")
    NEXT = "next", gettext_lazy("Still to come")
    BAD = "bad", gettext_lazy("Not done")


@dataclass(frozen=True)
class Step:
    """One point on the way of a refund or a dispute; `on` is None where no day is known yet."""

    title: str
    on: date | None = None
    text: str = ""
    mark: Mark = Mark.DONE


# --- Fees ---------------------------------------------------------------------------------
def fee(row: Fee, *, lapsed: bool, lost: bool) -> tuple[str, str, date | None]:
    """How that fee stands, the rule, and since or until which day."""
    if row.state == Fee.State.OPEN:
        if lapsed:
            return (
                _("Due. The amount is not held any more; the fee page says what counts now. Held until:"),
                "D9",
                (row.quote_holds_until),
            )
        return _("Due. This amount holds until:"), "D9", row.quote_holds_until
    if row.state == Fee.State.CANCELED:
        return _("Canceled: nothing is owed for this quote. Quoted:"), "D9", row.quoted_on
    if row.state == Fee.State.SETTLED and lost:
        return _("Your bank took the payment back, so this fee is unpaid again. First paid:"), "C7", _day(row)
    words = {
        Fee.State.SETTLED: (_("Paid:"), "F2" if row.round.number == 1 else "F3"),
        Fee.State.WAIVED: (_("Waived: you do not have to pay it. Since:"), "D3"),
        Fee.State.WRITTEN_OFF: (
            _("Your bank took the payment back, and we do not ask for it again. First paid:"),
            "D3",
        ),
    }
    text, rule = words[Fee.State(row.state)]
    return text, rule, _day(row)


def _day(row: Fee) -> date | None:
    return local_day(row.settled_at) if row.settled_at else None


# --- Payments -----------------------------------------------------------------------------
def part(row: Allocation) -> tuple[str, str]:
    """What a payment did, and the tone of that."""
    if row.payment.state == Payment.State.PENDING:
        text = _("It is on its way from your bank. That usually takes up to four business days; we write to you.")
        return text, "wait"
    if row.state == Allocation.State.SETTLED:
        return _("It paid the fee of this visit."), "good"
    if row.state == Allocation.State.DUPLICATE:
        return _("This visit was paid already, so this second payment goes back. The first one counts."), "act"
    why = row.get_held_reason_display()
    return _("It arrived, but could not be used. %(why)s Your money is safe.") % {"why": why}, "act"


def dispute(row: Dispute) -> list[Step]:
    opened = Step(
        _("Your bank opened a dispute"),
        local_day(row.opened_at),
        _("Until it is decided, your bank decides about the money, and the visit waits."),
    )
    if row.closed_at is None:
        return [opened, Step(_("Your bank decides"), mark=Mark.NEXT)]
    if row.state == Payment.Dispute.WON:
        return [opened, Step(_("Decided: the payment stands"), local_day(row.closed_at))]
    return [opened, Step(_("Decided: your bank gave you the money back"), local_day(row.closed_at))]


# --- Refunds ------------------------------------------------------------------------------
def steps(refund: Refund, expected: Callable[[Refund], date]) -> list[Step]:
    """The way of one refund from its cause to its end. `expected` says when a bank usually shows it (D7)."""
    way = [_begun(refund), _decided(refund, expected), _sent(refund), _ended(refund), _shown(refund, expected)]
    return [step for step in way if step is not None]


def _begun(refund: Refund) -> Step:
    titles = {
        Refund.Reason.REQUESTED: _("A refund was asked for"),
        Refund.Reason.DUPLICATE: _("A second payment was found"),
        Refund.Reason.AT_PROVIDER: _("The program sent it by way of the payment provider"),
    }
    why = "" if refund.reason in titles else _("Why: %(reason)s.") % {"reason": refund.get_reason_display()}
    title = titles.get(Refund.Reason(refund.reason), _("The program proposed it"))
    return Step(title, local_day(refund.created_at), why)


def _decided(refund: Refund, expected: Callable[[Refund], date]) -> Step | None:
    if refund.state == Refund.State.PROPOSED:
        text = _("We write to you. If it is approved today, your bank usually shows it by %(day)s.")
        return Step(_("A supervisor decides"), None, text % {"day": formats.day(expected(refund))}, Mark.NEXT)
    if refund.reason == Refund.Reason.AT_PROVIDER or refund.decided_at is None:
        return None
    on = local_day(refund.decided_at)
    if refund.state == Refund.State.DECLINED:
        return Step(_("A supervisor declined it"), on, _("The reason: %(note)s") % {"note": refund.note}, Mark.BAD)
    if refund.decided_by_id is None:
        return Step(_("Approved"), on, _("A second payment goes back without anybody's approval."))
    return Step(_("A supervisor approved it"), on)


def _sent(refund: Refund) -> Step | None:
    if refund.sent_at is not None:
        return Step(_("Sent to the card or bank account that paid"), local_day(refund.sent_at))
    if refund.state == Refund.State.APPROVED:
        return Step(_("It is being sent to the card or bank account that paid"), mark=Mark.NEXT)
    return None


def _ended(refund: Refund) -> Step | None:
    on = local_day(refund.finished_at) if refund.finished_at else None
    if refund.state == Refund.State.SUCCEEDED:
        return Step(_("Accepted for payment to you"), on)
    if refund.state != Refund.State.FAILED:
        return None
    if refund.last_error == "refunded_at_provider":
        text = _("The money went back another way meanwhile. You find that refund here too.")
        return Step(_("Not needed any more"), on, text, Mark.BAD)
    title = _("Your bank sent it back") if refund.sent_at else _("It could not be sent")
    text = _("The money is with us again, and is not lost. A supervisor was told, and sees to it.")
    return Step(title, on, text, Mark.BAD)


def _shown(refund: Refund, expected: Callable[[Refund], date]) -> Step | None:
    if refund.state not in {Refund.State.APPROVED, *Refund.GONE}:
        return None
    on = expected(refund)
    text = _("If it is not on your statement by then, ask your bank.")
    passed = on < local_day(timezone.now())
    return Step(_("Usually shown on your statement by"), on, text, Mark.DONE if passed else Mark.NEXT)
