"""What comes back, as pure functions of facts: after a withdrawal (D4, F4, D14), and of money that
cannot be used (F1, D15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.models import FOREIGN, Allocation, HeldReason, Refund
from requests_app import fee_rules
from requests_app.enums import Responsible, Status, VisitOutcome
from requests_app.models import VisitRound


class Because(models.TextChoices):
    """Why a fee comes back, or stays."""

    BEFORE_VISIT = "before_visit", _("The visit did not take place, so all of its fee comes back.")
    UTILITY = "utility", _("The visit failed, and every reason was on the utility's side, so its fee comes back.")
    CUSTOMER = (
        "customer",
        _("The visit took place and failed, and at least one reason was on the customer's side, so its fee stays."),
    )
    NO_REASON = "no_reason", _("The visit took place and failed, and no reason is on record, so its fee stays.")
    SUCCEEDED = "succeeded", _("The visit took place and the work was done, so its fee stays.")
    PAID_TWICE = "paid_twice", _("The fee was settled already, so a second payment goes back by itself.")
    CANNOT_SUBMIT = (
        "cannot_submit",
        _("The payment came when it could not be used any more. It is held, and its refund is proposed."),
    )
    MISMATCH = (
        "mismatch",
        _("The payment is not the one that was asked for. It is held, and its refund is proposed."),
    )
    BY_HAND = (
        "by_hand",
        _("The payment came in another currency or mode, so staff send it back by hand at the payment provider."),
    )


@dataclass(frozen=True)
class PaidVisit:
    """A visit whose fee was paid, and what became of it."""

    number: int
    paid_cents: int
    took_place: bool
    succeeded: bool = False
    responsible: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decision:
    """What comes back for one visit's fee; `reason` is None where nothing does."""

    number: int
    paid_cents: int
    refund_cents: int
    reason: Refund.Reason | None
    rule: str
    because: Because
    needs_approval: bool = True

    @property
    def why(self) -> str | Promise:
        return self.because.label


def refund_owed(visits: Iterable[PaidVisit]) -> list[Decision]:
    """D4 for each paid visit of a request that is withdrawn now."""
    return [_decide(visit) for visit in visits]


def _decide(visit: PaidVisit) -> Decision:
    because = _because(visit)
    reason = _reason(visit, because)
    return Decision(visit.number, visit.paid_cents, visit.paid_cents if reason else 0, reason, "D4", because)


def _because(visit: PaidVisit) -> Because:
    if fee_rules.comes_back(_outcome(visit), visit.responsible):
        return Because.UTILITY if visit.took_place else Because.BEFORE_VISIT
    if visit.succeeded:
        return Because.SUCCEEDED
    return Because.CUSTOMER if Responsible.CUSTOMER in visit.responsible else Because.NO_REASON


def _outcome(visit: PaidVisit) -> str:
    if not visit.took_place:
        return ""
    return VisitOutcome.COMPLETE if visit.succeeded else VisitOutcome.UNSUCCESSFUL


def _reason(visit: PaidVisit, because: Because) -> Refund.Reason | None:
    if because == Because.BEFORE_VISIT:
        first = visit.number == 1
        return Refund.Reason.WITHDRAWN_BEFORE_VISIT if first else Refund.Reason.NO_SECOND_VISIT
    return Refund.Reason.UTILITY_RESPONSIBLE if because == Because.UTILITY else None


def rules_beside(status: str) -> tuple[str, ...]:
    """The rules that promise the same as D4: a request that was found not valid gets its fee back (F4, D14)."""
    return ("F4", "D14") if status == Status.CORRECTIONS_REQUIRED else ()


def paid_twice(number: int, paid_cents: int) -> Decision:
    """One fee a visit (F1): a second payment goes back at once, and un-pays nothing."""
    return Decision(
        number, paid_cents, paid_cents, Refund.Reason.DUPLICATE, "F1", Because.PAID_TWICE, needs_approval=False
    )


def held(number: int, *, received_cents: int, held_reason: str) -> Decision:
    """D15: money that arrived and cannot be used goes back, all of it."""
    if held_reason in FOREIGN:
        return Decision(number, received_cents, 0, None, "D15", Because.BY_HAND)
    because = Because.CANNOT_SUBMIT if held_reason == HeldReason.CANNOT_SUBMIT else Because.MISMATCH
    reason = Refund.Reason.CANNOT_SUBMIT if received_cents else None
    return Decision(number, received_cents, received_cents, reason, "D15", because)


def owed_for(part: Allocation) -> Decision:
    """What comes back of a payment's part by the rules: as a second payment, as held money, or by D4.

    D4 speaks of a withdrawal; before one it says what a withdrawal now would give back.
    """
    visit = part.fee.round
    if part.state == Allocation.State.DUPLICATE:
        return paid_twice(visit.number, part.received_cents)
    if part.state == Allocation.State.HELD:
        return held(visit.number, received_cents=part.received_cents, held_reason=part.held_reason)
    return refund_owed([as_paid_visit(visit, part.remaining_cents)])[0]


def paid_apart() -> list[Decision]:
    """Each way in which money can arrive and not be used, for a payment of one cent: the shares, not amounts."""
    reasons = (HeldReason.CANNOT_SUBMIT, HeldReason.AMOUNT, HeldReason.CURRENCY)
    return [paid_twice(1, 1), *(held(1, received_cents=1, held_reason=reason) for reason in reasons)]


def as_paid_visit(visit: VisitRound, paid_cents: int) -> PaidVisit:
    """A visit took place when a technician said how it went; one that was called off did not."""
    return PaidVisit(
        number=visit.number,
        paid_cents=paid_cents,
        took_place=visit.outcome in {VisitOutcome.COMPLETE, VisitOutcome.UNSUCCESSFUL},
        succeeded=visit.outcome == VisitOutcome.COMPLETE,
        responsible=frozenset(reason.responsible for reason in visit.reasons.all()),
    )
