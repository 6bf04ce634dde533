"""When a visit costs a fee (F1, F3, D3, D13), and when that fee comes back (D4): pure functions of facts.

The services call these, and the table of decisions at /fees/ calls the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from requests_app.enums import Responsible, Status, VisitOutcome


@dataclass(frozen=True)
class Reason:
    """Why a visit did not succeed, as far as money goes."""

    code: str
    responsible: str
    at_site: bool = True


class Because(models.TextChoices):
    """Why a fee is due, or is not."""

    FIRST_VISIT = "first_visit", _("Each site visit has its fee. Your request is submitted when it is paid.")
    CUSTOMER = "customer", _("At least one reason of the failed visit was on the customer's side.")
    UTILITY = "utility", _("Every reason of the failed visit was on the utility's side.")
    NOT_CHARGED = "not_charged", _("The program charges no second fee at present, whoever was responsible.")
    MOVED = "moved", _("Nobody was at the site. The visit is moved to another day, and its fee stays good for it.")
    SETTLED = "settled", _("The fee for this visit is settled already.")
    NONE_SET = "none_set", _("No fee is set for this type of request.")
    CLOSED = "closed", _("The request is closed, so no visit follows.")


@dataclass(frozen=True)
class FeeDecision:
    """Whether the next visit costs a fee, by which rule; `codes` are the reasons that made it so."""

    due: bool
    rule: str
    because: Because
    codes: tuple[str, ...] = ()

    @property
    def why(self) -> str | Promise:
        return self.because.label

    @property
    def outcome(self) -> str | Promise:
        """What the decision does to the visit after a failed one."""
        return _("The next visit costs the site visit fee again.") if self.due else _("The next visit costs nothing.")


def first_visit() -> FeeDecision:
    return FeeDecision(True, "F1", Because.FIRST_VISIT)


def next_visit(reasons: Iterable[Reason], *, charged: bool) -> FeeDecision:
    """D3: due when at least one reason of the failed visit is the customer's responsibility.

    `charged` is the program setting that lets D3 apply at all.
    """
    theirs = tuple(sorted(reason.code for reason in reasons if reason.responsible == Responsible.CUSTOMER))
    if not theirs:
        return FeeDecision(False, "F3", Because.UTILITY)
    if not charged:
        return FeeDecision(False, "F3", Because.NOT_CHARGED)
    return FeeDecision(True, "D3", Because.CUSTOMER, theirs)


def none_set() -> FeeDecision:
    """D16: what would be due is not, since no amount is set for the type of request."""
    return FeeDecision(False, "D16", Because.NONE_SET)


def failed(reasons: Iterable[Reason]) -> bool:
    """D13: without anybody at the site the visit did not fail; it is moved and costs nothing more."""
    return any(reason.at_site for reason in reasons)


def fee_now(status: str, reasons: Iterable[Reason], *, charged: bool) -> FeeDecision:
    """What is to be paid now. `reasons` are those of the last visit that failed; empty where none did."""
    settled = list(reasons)
    match status:
        case Status.UNSUBMITTED:
            return first_visit()
        case Status.SITE_VISIT_UNSUCCESSFUL:
            return next_visit(settled, charged=charged)
        case Status.INSTALLATION_COMPLETE | Status.WITHDRAWN:
            return FeeDecision(False, "S", Because.CLOSED)
    visit = next_visit(settled, charged=charged) if settled else first_visit()
    return FeeDecision(False, "F3" if settled else "F2", Because.SETTLED) if visit.due else visit


def comes_back(outcome: str, responsible: Iterable[str]) -> bool:
    """D4, for one visit whose fee was paid, once the request is withdrawn.

    `outcome` is empty while the visit is open. All of the fee comes back where nobody did the visit,
    or where it failed and every reason was the utility's.
    """
    if outcome not in {VisitOutcome.COMPLETE, VisitOutcome.UNSUCCESSFUL}:
        return True
    return outcome == VisitOutcome.UNSUCCESSFUL and set(responsible) == {Responsible.UTILITY}
