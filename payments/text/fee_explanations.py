"""What is shown before an act that costs or returns money: how much, why, by which rule, and what comes back when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from msa_portal import formats
from payments import refund_rules
from payments.models import Fee, Payment, Refund
from payments.refund_rules import Because, PaidVisit, owed_for, refund_owed
from payments.services import fees, refunds, withdrawal
from requests_app import fee_rules
from requests_app.enums import Responsible
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import policies
from requests_app.models import MSARequest, VisitRound


@dataclass(frozen=True)
class Shown:
    """One decision in words. `reasons` made it so; `back` says what comes back when; `after` what follows."""

    heading: str
    why: str
    rules: Sequence[str]
    reasons: Sequence[str] = ()
    back: Sequence[str] = ()
    after: str = ""
    costs: bool = False

    @property
    def sentence(self) -> str:
        return f"{self.heading}. {self.why}"


def approval() -> str:
    return _("A supervisor approves each refund. It goes to the card or account that paid.")


# --- What a visit costs -------------------------------------------------------------------
def fee_of_visit(visit: VisitRound, amount_cents: int) -> Shown:
    """Before the fee is paid. Why it is due is what was decided when the visit was asked for (D3)."""
    decision, titles = follow_ups.decided_fee(visit), []
    if visit.number == 1:
        heading = _("%(amount)s for one site visit")
    else:
        titles = _titles(policies.failed_round(visit.msa_request), decision)
        heading = _("A second fee is due: %(amount)s")
    return Shown(
        heading % {"amount": formats.usd(amount_cents)},
        str(decision.why),
        [decision.rule],
        titles,
        what_comes_back(visit.number, amount_cents),
        approval(),
        costs=True,
    )


def next_fee(msa_request: MSARequest) -> Shown:
    """Before a reschedule or a modification: what the next visit costs, after the one that failed (F3, D3)."""
    failed = policies.failed_round(msa_request)
    decision, amount = follow_ups.next_fee(failed), fees.amount_in_force(msa_request)
    number = msa_request.rounds.count() + 1
    if decision.due and amount is None:
        decision = fee_rules.none_set()
    if not decision.due or amount is None:
        return Shown(_("The next visit costs nothing"), str(decision.why), [decision.rule])
    return Shown(
        _("A second fee is due: %(amount)s") % {"amount": formats.usd(amount)},
        str(decision.why),
        [decision.rule],
        _titles(failed, decision),
        what_comes_back(number, amount),
        _("We plan the next visit once this fee is paid. %(approval)s") % {"approval": approval()},
        costs=True,
    )


def no_fee() -> Shown:
    """Nothing is set for the type of request (D16)."""
    decision = fee_rules.none_set()
    return Shown(_("No fee is due for this type of request"), str(decision.why), [decision.rule])


def _titles(visit: VisitRound, decision: fee_rules.FeeDecision) -> list[str]:
    return [reason.title for reason in visit.reasons.all() if reason.code in decision.codes]


def what_comes_back(number: int, cents: int) -> list[str]:
    """What D4 answers for that visit's fee, whatever becomes of the visit."""
    ends = [
        PaidVisit(number, cents, took_place=False),
        PaidVisit(number, cents, took_place=True, responsible=frozenset({Responsible.UTILITY})),
        PaidVisit(number, cents, took_place=True, responsible=frozenset({Responsible.CUSTOMER})),
        PaidVisit(number, cents, took_place=True, succeeded=True),
    ]
    return [_if(decision) for decision in refund_owed(ends)]


def _if(decision: refund_rules.Decision) -> str:
    when = {
        Because.BEFORE_VISIT: _("You withdraw before this visit takes place"),
        Because.UTILITY: _("You withdraw after a visit that failed only for reasons on the utility's side"),
        Because.CUSTOMER: _("You withdraw after a visit that failed for a reason on the customer's side"),
        Because.SUCCEEDED: _("The work is done"),
    }[decision.because]
    if decision.refund_cents:
        return _("%(when)s: %(amount)s comes back.") % {"when": when, "amount": formats.usd(decision.refund_cents)}
    return _("%(when)s: nothing comes back.") % {"when": when}


# --- What comes back ----------------------------------------------------------------------
def withdrawal_of(msa_request: MSARequest) -> list[Shown]:
    """Before a withdrawal: for each visit whose fee was paid, what D4 gives back now. Empty where nothing was paid."""
    beside = refund_rules.rules_beside(msa_request.status)
    return [returned(decision, beside) for decision in withdrawal.preview_refund(msa_request)]


def returned(decision: refund_rules.Decision, beside: Iterable[str] = ()) -> Shown:
    values = {"number": decision.number, "amount": formats.usd(decision.refund_cents or decision.paid_cents)}
    if not decision.refund_cents:
        heading = _("Visit %(number)s: the %(amount)s does not come back") % values
        return Shown(heading, str(decision.why), [decision.rule])
    heading = _("Visit %(number)s: %(amount)s comes back") % values
    return Shown(heading, str(decision.why), [decision.rule, *beside])


# --- On the staff desk --------------------------------------------------------------------
def waiver(fee: Fee) -> Shown:
    due = fee_of_visit(fee.round, fee.amount_cents)
    heading = _("%(amount)s for visit %(number)s is not asked for") % {
        "amount": formats.usd(fee.amount_cents),
        "number": fee.round.number,
    }
    after = _("A fee that is waived is never paid, so nothing of it can come back later.")
    why = _("Why it is due: %(why)s") % {"why": due.why}
    return Shown(heading, why, [*due.rules, "S"], due.reasons, after=after)


def proposal(payment: Payment) -> list[Shown]:
    """Before staff propose a refund: what the rules themselves give back of this payment."""
    return [returned(decision) for decision in decisions_on(payment)]


def approving(refund: Refund) -> list[Shown]:
    heading = _("%(amount)s goes back to the card or account that paid") % {"amount": formats.usd(refund.amount_cents)}
    left = refunds.part_of(refund).remaining_cents - refund.amount_cents
    after = _("Of this payment %(left)s stays after that.") % {"left": formats.usd(max(left, 0))}
    return [_asked_for(refund, heading, after)]


def declining(refund: Refund) -> list[Shown]:
    heading = _("Nothing goes back: the %(amount)s stays") % {"amount": formats.usd(refund.amount_cents)}
    return [_asked_for(refund, heading, "")]


def _asked_for(refund: Refund, heading: str, after: str) -> Shown:
    """Why the refund is proposed, and what the rules give back of what it is for."""
    decisions = decisions_on(refund.payment, only=refund.fee)
    back = [returned(decision).sentence for decision in decisions]
    rules = dict.fromkeys(decision.rule for decision in decisions)
    asked = _("Why it is proposed: %(reason)s.") % {"reason": refund.get_reason_display()}
    return Shown(heading, f"{asked} {refund.note}".strip(), list(rules), back=back, after=after)


def decisions_on(payment: Payment, *, only: Fee | None = None) -> list[refund_rules.Decision]:
    """What comes back of a payment by the rules, fee by fee."""
    parts = payment.allocations.select_related("fee__round").prefetch_related("fee__round__reasons").order_by("pk")
    return [owed_for(part) for part in parts if only is None or part.fee_id == only.pk]
