"""What comes back after a withdrawal (D4), as a pure function of the visits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from payments.models import Refund
from requests_app.enums import Responsible, VisitOutcome
from requests_app.models import VisitRound


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


def refund_owed(visits: Iterable[PaidVisit]) -> list[Decision]:
    """D4 for each paid visit of a request that is withdrawn now."""
    return [_decide(visit) for visit in visits]


def _decide(visit: PaidVisit) -> Decision:
    reason = _reason(visit)
    return Decision(visit.number, visit.paid_cents, visit.paid_cents if reason else 0, reason, "D4")


def _reason(visit: PaidVisit) -> Refund.Reason | None:
    if not visit.took_place:
        first = visit.number == 1
        return Refund.Reason.WITHDRAWN_BEFORE_VISIT if first else Refund.Reason.NO_SECOND_VISIT
    if not visit.succeeded and visit.responsible == {Responsible.UTILITY}:
        return Refund.Reason.UTILITY_RESPONSIBLE
    return None


def as_paid_visit(visit: VisitRound, paid_cents: int) -> PaidVisit:
    """A visit took place when a technician said how it went; one that was called off did not."""
    return PaidVisit(
        number=visit.number,
        paid_cents=paid_cents,
        took_place=visit.outcome in {VisitOutcome.COMPLETE, VisitOutcome.UNSUCCESSFUL},
        succeeded=visit.outcome == VisitOutcome.COMPLETE,
        responsible=frozenset(reason.responsible for reason in visit.reasons.all()),
    )
