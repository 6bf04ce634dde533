"""All of a request's money as its customer reads it: what was paid, why, what comes back and when.

Balances are sums of the ledger; the words are made here. Seven queries, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from payments import notices
from payments.models import Account, Allocation, Dispute, EntryKind, Fee, LedgerEntry, Payment, Refund
from payments.services import refunds
from payments.text import balance_text
from payments.text.balance_text import Step
from requests_app import permissions
from requests_app.fee_rules import FeeDecision
from requests_app.follow_ups import follow_ups
from requests_app.models import MSARequest, VisitRound

_RECEIVED = frozenset({EntryKind.FEE_PAID, EntryKind.MONEY_HELD, EntryKind.PAID_TWICE})
_WENT_BACK = frozenset({EntryKind.REFUND_SENT, EntryKind.REFUND_RETURNED})


@dataclass(frozen=True)
class Balance:
    """Cents of one request, from its ledger. What a bank took in a dispute is no refund of ours."""

    paid_cents: int = 0
    back_cents: int = 0
    on_its_way_cents: int = 0
    taken_cents: int = 0
    due_cents: int = 0


@dataclass(frozen=True)
class RefundStory:
    refund: Refund
    steps: list[Step]
    note: str  # what the customer wrote who asked for it


@dataclass(frozen=True)
class PartStory:
    """What became of one payment's part for a fee. `obstacle` says why its refund cannot be asked for."""

    part: Allocation
    text: str
    tone: str
    disputes: list[Step]
    refunds: list[RefundStory]
    may_ask: bool
    obstacle: Refused | None


@dataclass(frozen=True)
class FeeStory:
    fee: Fee
    text: str
    rule: str
    on: date | None
    lapsed: bool
    parts: list[PartStory]


@dataclass(frozen=True)
class VisitStory:
    visit: VisitRound
    decision: FeeDecision
    fees: list[FeeStory] = field(default_factory=list)


@dataclass(frozen=True)
class Overview:
    balance: Balance
    visits: list[VisitStory]


def money_of(msa_request: MSARequest, viewer: User) -> Overview:
    """Nothing is written. Only who acts for the request is offered to ask for a refund."""
    stories = _refund_stories(msa_request)
    disputes = _disputes(msa_request)
    parts: dict[int, list[PartStory]] = defaultdict(list)
    for part in _parts(msa_request):
        place = (part.payment_id, part.fee_id)
        parts[part.fee_id].append(_part(part, stories[place], disputes[part.payment_id], msa_request, viewer))
    fees: dict[int, list[FeeStory]] = defaultdict(list)
    for fee in Fee.objects.filter(round__msa_request=msa_request).select_related("round").order_by("-pk"):
        fees[fee.round_id].append(_fee(fee, parts[fee.pk]))
    visits = [
        VisitStory(visit, follow_ups.decided_fee(visit), fees=fees[visit.pk])
        for visit in msa_request.rounds.order_by("number")
    ]
    return Overview(balance(msa_request), visits)


def balance(msa_request: MSARequest) -> Balance:
    paid = back = taken = due = promised = 0
    for row in LedgerEntry.objects.filter(msa_request=msa_request).balances_by("kind"):
        there = row[Account.PROVIDER]
        if row["kind"] in _RECEIVED:
            paid += there
        elif row["kind"] in _WENT_BACK:
            back -= there
        else:
            taken -= there
        due += row[Account.RECEIVABLE]
        promised -= row[Account.REFUNDS_DUE]
    return Balance(paid, back, promised, taken, due)


def _parts(msa_request: MSARequest) -> list[Allocation]:
    """Where money came, or is on its way from a bank. `several` says that the payment has other parts too."""
    shown = [Payment.State.PENDING, *Payment.RECEIVED]
    return list(
        Allocation.objects.filter(fee__round__msa_request=msa_request, payment__state__in=shown)
        .select_related("payment", "fee__round")
        .annotate(several=Count("payment__allocations"))
        .order_by("pk")
    )


def _refund_stories(msa_request: MSARequest) -> dict[tuple[int, int], list[RefundStory]]:
    by_fee: dict[tuple[int, int], list[RefundStory]] = defaultdict(list)
    expected: Callable[[Refund], date] | None = None
    for refund in Refund.objects.filter(fee__round__msa_request=msa_request).order_by("pk"):
        expected = expected or notices.arrivals()
        asked = refund.reason == Refund.Reason.REQUESTED and refund.state != Refund.State.DECLINED
        story = RefundStory(refund, balance_text.steps(refund, expected), refund.note if asked else "")
        by_fee[refund.payment_id, refund.fee_id].append(story)
    return by_fee


def _disputes(msa_request: MSARequest) -> dict[int, list[Step]]:
    by_payment: dict[int, list[Step]] = defaultdict(list)
    for dispute in Dispute.objects.filter(payment__fees__round__msa_request=msa_request).distinct().order_by("pk"):
        by_payment[dispute.payment_id] += balance_text.dispute(dispute)
    return by_payment


def _part(
    part: Allocation, stories: list[RefundStory], disputes: list[Step], msa_request: MSARequest, viewer: User
) -> PartStory:
    obstacle = None
    undecided = any(story.refund.state == Refund.State.PROPOSED for story in stories)
    try:
        refunds.check_can_ask(part, undecided=undecided)
    except Refused as refusal:
        obstacle = refusal
    text, tone = balance_text.part(part)
    may_ask = permissions.acts_for(viewer, msa_request)
    return PartStory(part, text, tone, disputes, stories, may_ask, obstacle)


def _fee(fee: Fee, parts: list[PartStory]) -> FeeStory:
    lapsed = fee.state == Fee.State.OPEN and fee.quote_holds_until < local_day(timezone.now())
    paid = [line.part for line in parts if line.part.state == Allocation.State.SETTLED]
    lost = any(part.payment.dispute == Payment.Dispute.LOST for part in paid)
    text, rule, on = balance_text.fee(fee, lapsed=lapsed, lost=lost)
    return FeeStory(fee, text, rule, on, lapsed, parts)
