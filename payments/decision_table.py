"""What every visit costs and what comes back, for every standing of a request, as data.

Each row asks the very functions that the services ask (`fee_rules`, `refund_rules`). Which rows there are
follows from the transitions of the lifecycle and its sets of statuses, so what cannot occur has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product

from django.db import models
from django.utils.translation import gettext_lazy as _

from payments import refund_rules
from payments.models import FeeSchedule
from payments.refund_rules import PaidVisit
from requests_app import enums, events, fee_rules
from requests_app.enums import EventKind, RequestType, Responsible, Status
from requests_app.fee_rules import FeeDecision, Reason
from requests_app.models import OutcomeReason, ProgramSettings


class Standing(models.TextChoices):
    """How it stands with the visit that the row is about."""

    NONE_YET = "none_yet", _("No visit yet")
    PLANNED = "planned", _("A visit is ordered")
    MOVED = "moved", _("The visit was moved: nobody went to the site")
    ON_SITE = "on_site", _("The meter technician is at the site")
    FAILED = "failed", _("The last visit failed")
    DONE = "done", _("The work is done")
    ENDED = "ended", _("Withdrawn")


class Side(models.TextChoices):
    """Whose responsibility the reasons of a failed visit were."""

    NOBODY = "nobody", _("Nobody")
    CUSTOMER = "customer", _("The customer")
    UTILITY = "utility", _("The utility")
    BOTH = "both", _("Both")


@dataclass(frozen=True)
class Facts:
    """Where a request is. `reasons` are those of the visit that failed before; empty where none did."""

    status: Status
    standing: Standing
    reasons: tuple[Reason, ...] = ()

    @property
    def side(self) -> Side:
        if self.standing == Standing.MOVED:
            return Side.NOBODY
        sides = {reason.responsible for reason in self.reasons}
        return Side.BOTH if len(sides) > 1 else Side(next(iter(sides), Side.NOBODY))

    @property
    def failed(self) -> tuple[Reason, ...]:
        """The reasons of a visit that failed; those of one that was moved count for nothing (D13)."""
        return self.reasons if fee_rules.failed(self.reasons) else ()


@dataclass(frozen=True)
class Row:
    """One standing, what is to be paid in it, and what would come back if it were withdrawn now.

    Amounts are cents by request type, for the types that can stand there: `fee_cents` None where no
    fee is due, `refund_cents` None where the request cannot be withdrawn now.
    """

    facts: Facts
    fee: FeeDecision
    withdrawable: bool
    refunds: tuple[refund_rules.Decision, ...]
    fee_cents: Mapping[RequestType, int | None]
    refund_cents: Mapping[RequestType, int | None]

    @property
    def rules_beside(self) -> tuple[str, ...]:
        return refund_rules.rules_beside(self.facts.status) if self.withdrawable else ()


def decide(facts: Facts, *, charged: bool, prices: Mapping[RequestType, int | None]) -> Row:
    """The row for those facts. `prices` are what a visit costs, None where no fee is set for the type (D16)."""
    fee = _fee(facts, charged=charged)
    withdrawable = facts.status in enums.WITHDRAWABLE and facts.standing != Standing.ON_SITE
    types = [request_type for request_type in RequestType if _possible(facts, request_type)]
    owed = {type_: tuple(_refunds(facts, prices.get(type_), charged=charged)) for type_ in types}
    example = next((owed[type_] for type_ in types if prices.get(type_)), ()) if withdrawable else ()
    return Row(
        facts,
        fee,
        withdrawable,
        example,
        {type_: prices.get(type_) if fee.due else None for type_ in types},
        {type_: sum(one.refund_cents for one in owed[type_]) if withdrawable else None for type_ in types},
    )


def _fee(facts: Facts, *, charged: bool) -> FeeDecision:
    if facts.standing == Standing.MOVED:
        return FeeDecision(False, "D13", fee_rules.Because.MOVED)
    return fee_rules.fee_now(facts.status, facts.failed, charged=charged)


def paid_visits(facts: Facts, cents: int, *, charged: bool) -> list[PaidVisit]:
    """The visits whose fee is paid by then, where nothing was waived: what D4 is asked about."""
    if facts.status == Status.UNSUBMITTED:
        return []
    responsible = frozenset(reason.responsible for reason in facts.failed)
    done = facts.standing == Standing.DONE
    first = PaidVisit(1, cents, took_place=bool(responsible) or done, succeeded=done, responsible=responsible)
    second_paid = (
        facts.failed
        and facts.status != Status.SITE_VISIT_UNSUCCESSFUL
        and fee_rules.next_visit(facts.failed, charged=charged).due
    )
    return [first, PaidVisit(2, cents, took_place=False)] if second_paid else [first]


def _refunds(facts: Facts, cents: int | None, *, charged: bool) -> list[refund_rules.Decision]:
    return refund_rules.refund_owed(paid_visits(facts, cents, charged=charged)) if cents else []


def _possible(facts: Facts, request_type: RequestType) -> bool:
    """Another device can be asked for only where the request puts one in (D5)."""
    return not facts.failed or request_type in enums.PLACES_DEVICE or facts.status not in _after_modification_only()


# --- Which standings there are ------------------------------------------------------------
def standings(reasons: Iterable[Reason]) -> Iterator[Facts]:
    """Every standing that can occur, in the order of the statuses; a failed visit by each reason and by mixed ones."""
    known = list(reasons)
    after_failure = _reachable(Status.SITE_VISIT_UNSUCCESSFUL) | {Status.SITE_VISIT_UNSUCCESSFUL}
    for status in Status:
        yield from (Facts(status, standing) for standing in _before_failure(status))
        if status == Status.SERVICE_ORDER_ISSUED:
            yield from (Facts(status, Standing.MOVED, (reason,)) for reason in known if not fee_rules.failed([reason]))
        if status in after_failure - enums.FINAL:
            yield from (
                Facts(status, standing, failed)
                for failed, standing in product(_failures(known), _after_failure(status))
            )


def _before_failure(status: Status) -> tuple[Standing, ...]:
    """Without a failed visit behind it; none where only a failed visit leads there."""
    if status == Status.SERVICE_ORDER_ISSUED:
        return (Standing.PLANNED, Standing.ON_SITE)
    if status == Status.INSTALLATION_COMPLETE:
        return (Standing.DONE,)
    if status == Status.WITHDRAWN:
        return (Standing.ENDED,)
    without_failure = _reachable(Status.UNSUBMITTED, without={EventKind.FAIL, EventKind.CORRECT_TO_FAILED})
    return (Standing.NONE_YET,) if status in without_failure else ()


def _after_failure(status: Status) -> tuple[Standing, ...]:
    return (Standing.PLANNED, Standing.ON_SITE) if status == Status.SERVICE_ORDER_ISSUED else (Standing.FAILED,)


def _failures(reasons: list[Reason]) -> list[tuple[Reason, ...]]:
    """Each reason that fails a visit, and one set in which both sides have a share."""
    single: list[tuple[Reason, ...]] = [(reason,) for reason in reasons if fee_rules.failed([reason])]
    one_of_each_side = tuple(
        next((reason for reason, *_more in single if reason.responsible == side), None) for side in Responsible
    )
    mixed = tuple(reason for reason in one_of_each_side if reason)
    return [*single, mixed] if len(mixed) > 1 else list(single)


def _reachable(start: Status, *, without: Iterable[EventKind] = ()) -> frozenset[Status]:
    """The statuses that the lifecycle's transitions lead to, the first one with them."""
    moves = list(events.transitions(without=without))
    reached = {start}
    while more := {target for source, _event, target in moves if source in reached} - reached:
        reached |= more
    return frozenset(reached)


def _after_modification_only() -> frozenset[Status]:
    """Where a failed visit can lie behind only if another device was asked for."""
    with_it = _reachable(Status.SITE_VISIT_UNSUCCESSFUL)
    return with_it - _reachable(Status.SITE_VISIT_UNSUCCESSFUL, without={EventKind.MODIFY})


# --- As it is today -----------------------------------------------------------------------
@dataclass(frozen=True)
class Table:
    """The decisions on a day, with the schedules and reasons that they rest on."""

    on: date
    quote_days: int
    in_force: Mapping[RequestType, FeeSchedule | None]
    announced: list[FeeSchedule]
    reasons: list[OutcomeReason]
    rows: list[Row]


def table(on: date) -> Table:
    """The whole table on that day. As many queries, however many reasons and rows there are."""
    settings = ProgramSettings.current()
    in_force = {request_type: FeeSchedule.objects.in_force(request_type, on) for request_type in RequestType}
    prices = {request_type: schedule.amount_cents if schedule else None for request_type, schedule in in_force.items()}
    reasons = list(OutcomeReason.objects.filter(is_active=True))
    charged = settings.second_fee_when_customer_responsible
    facts = standings([reason.as_fact for reason in reasons])
    return Table(
        on=on,
        quote_days=settings.quote_days,
        in_force=in_force,
        announced=list(FeeSchedule.objects.filter(effective_from__gt=on).order_by("effective_from", "request_type")),
        reasons=reasons,
        rows=[decide(fact, charged=charged, prices=prices) for fact in facts],
    )
