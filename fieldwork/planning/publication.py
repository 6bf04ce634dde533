"""From the board to what customers know: what publishing would tell, and the publishing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from fieldwork.models import Lane, Placement, SiteVisit
from fieldwork.planning.guards import Seen, changed_meanwhile, check_may, check_seen
from fieldwork.schedule import facts
from fieldwork.schedule.facts import Slot
from fieldwork.visits import orders
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale

log = structlog.get_logger(__name__)


class Kind(StrEnum):
    """What publishing a visit tells: customers hear of all but a change of technician."""

    NEW = "new"
    MOVED = "moved"
    TECHNICIAN = "technician"
    REMOVED = "removed"


@dataclass(frozen=True)
class Difference:
    """`was` is what customer and technician know, `now` what the board says; None: not planned."""

    visit: SiteVisit
    kind: Kind
    was: Slot | None
    now: Slot | None

    @property
    def on(self) -> date:
        """The day that it is about: the new one, or the one that the visit is taken off."""
        return next(slot.on for slot in (self.now, self.was) if slot)


@dataclass
class Published:
    """How many of each kind; `failed`: the visits that were not published, each with why; they stay as they were told."""

    new: int = 0
    moved: int = 0
    technician: int = 0
    removed: int = 0
    failed: list[tuple[SiteVisit, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.new + self.moved + self.technician + self.removed


def differences(from_on: date, until_on: date) -> list[Difference]:
    """What differs between the board and what is published on these days, by visit. Three queries."""
    on_board = Q(placement__lane__on__range=(from_on, until_on))
    published = Q(state=SiteVisit.State.SCHEDULED, scheduled_on__range=(from_on, until_on))
    open_states = [SiteVisit.State.UNSCHEDULED, SiteVisit.State.SCHEDULED]
    rows = facts.with_relations(SiteVisit.objects.filter(on_board | published, state__in=open_states))
    differing = (difference(row) for row in rows.order_by("pk"))
    return [change for change in differing if change]


def difference(visit: SiteVisit) -> Difference | None:
    was, now = facts.published_slot(visit), facts.board_slot(visit)
    if was == now:
        return None
    if was is None:
        return Difference(visit, Kind.NEW, was, now)
    if now is None:
        return Difference(visit, Kind.REMOVED, was, now)
    same = (was.on, was.window) == (now.on, now.window)
    return Difference(visit, Kind.TECHNICIAN if same else Kind.MOVED, was, now)


def publish(from_on: date, until_on: date, *, by: User, seen: Sequence[Seen] = ()) -> Published:
    """Tell what differs. Each visit in a transaction of its own, which changes it and queues its notices together: one
    that fails is told to nobody and holds no other up. Publishing again tells nobody twice.

    `seen`: the lanes as the dispatcher saw them. Where one is not so any more, nothing is published and `Stale` says who
    changed it; where it changes in the middle, its visits fail with that sentence.
    """
    check_may(by)
    _check_lanes(from_on, until_on, seen)
    report = Published()
    for change in differences(from_on, until_on):
        try:
            kind = _publish(change.visit.pk, seen, by=by)
        except Refused as refusal:
            report.failed.append((change.visit, str(refusal)))
        except DatabaseError as error:
            log.warning("visit_not_published", visit=change.visit.pk, error=type(error).__name__)
            report.failed.append((change.visit, _("The database did not take it. Publish again.")))
        else:
            if kind is not None:
                setattr(report, kind, getattr(report, kind) + 1)
    orders.follow_board(_lanes(from_on, until_on).values_list("pk", flat=True))
    return report


def _check_lanes(from_on: date, until_on: date, seen: Sequence[Seen]) -> None:
    if seen:
        check_seen(_lanes(from_on, until_on).select_related("technician__user", "changed_by"), seen)


def _lanes(from_on: date, until_on: date) -> QuerySet[Lane]:
    return Lane.objects.filter(on__range=(from_on, until_on))


def _publish(pk: int, seen: Iterable[Seen], *, by: User) -> Kind | None:
    """What was told; None where somebody else published it before, or it is as it was told."""
    with transaction.atomic():
        row = SiteVisit.objects.select_related("order__round__msa_request").get(pk=pk)
        lock(row.order.round.msa_request)
        lock(row)
        fresh = facts.with_relations(SiteVisit.objects.filter(pk=pk)).get()
        change = difference(fresh)
        if change is None:
            return None
        placed = facts.placement_of(fresh)
        if placed is None:
            orders.unschedule(fresh, by=by, why=orders.Why.REPLANNED)
            return change.kind
        _check_version(placed, seen)
        orders.schedule(
            fresh,
            by=by,
            technician=placed.lane.technician,
            on=placed.lane.on,
            window=placed.window,
            position=placed.position,
            arrives_at=placed.arrives_at,
            minutes=placed.minutes,
            drive_seconds=placed.drive_seconds,
            drive_meters=placed.drive_meters,
        )
        return change.kind


def _check_version(placed: Placement, seen: Iterable[Seen]) -> None:
    """The lane is as the dispatcher saw it when they pressed the button. It is locked until this visit is told."""
    lane = lock(placed.lane)
    versions = {(lane.technician, lane.on): lane.version for lane in seen}
    if versions and versions.get((lane.technician_id, lane.on), lane.version) != lane.version:
        raise Stale(changed_meanwhile(lane), code="stale")
