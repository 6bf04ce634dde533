"""The dispatcher's board: the one place that changes what stands on it.

Placing a visit tells nobody and leaves what is published as it is; `publish` tells. A rule may be broken by hand, and is
shown: only what cannot be (a visit that began, a day that is past or closed, a disputed fee) is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from fieldwork.models import Lane, Placement, SiteVisit, Technician
from fieldwork.planning import words
from fieldwork.planning.costs import Cost, preview
from fieldwork.planning.guards import Seen, check_may, check_movable, check_seen
from fieldwork.planning.publication import Difference, Published, differences, publish
from fieldwork.schedule import technician_days
from fieldwork.schedule.technician_days import Key
from fieldwork.visits import orders
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale

__all__ = [
    "Change",
    "Cost",
    "Difference",
    "Published",
    "Seen",
    "differences",
    "fix",
    "place",
    "preview",
    "publish",
    "unplace",
]


@dataclass(frozen=True)
class Change:
    """The lanes as they are now, and what they break, in sentences."""

    lanes: tuple[Seen, ...]
    breaks: tuple[str, ...]


def place(
    visit: SiteVisit,
    *,
    technician: Technician,
    on: date,
    window: str,
    position: int | None,
    seen: Sequence[Seen],
    by: User,
) -> Change:
    """Put the visit there as the `position`-th stop of that day, from 1; None: the last one of its window.

    Raises `Stale` where that lane, or the one that the visit leaves, is not as the dispatcher saw it, with who changed it
    and when; `Refused` where the visit cannot stand there.
    """
    check_may(by)
    with transaction.atomic():
        fresh = lock(visit)
        check_movable(fresh)
        orders.check_slot(fresh, technician=technician, on=on, window=window)
        target = (technician.pk, on)
        held = technician_days.lock_lanes({target, *_lane_of(fresh)})
        check_seen(held.values(), seen)
        technician_days.put(fresh, held[target], window, position, by=by)
        return _changed(held.values(), by=by)


def unplace(visit: SiteVisit, *, seen: Sequence[Seen], by: User) -> Change:
    """Take the visit off the board, to those that wait at the side. Raises as `place`."""
    check_may(by)
    with transaction.atomic():
        fresh = lock(visit)
        check_movable(fresh)
        held = technician_days.lock_lanes(_lane_of(fresh))
        if not held:
            raise Stale(_("This visit is not on the board any more."), code="stale")
        check_seen(held.values(), seen)
        Placement.objects.filter(visit=fresh).delete()
        return _changed(held.values(), by=by)


def fix(visit: SiteVisit, fixed: bool, *, by: User) -> None:
    """A commitment: the planner leaves the visit where it stands. Raises `Refused` where it stands nowhere."""
    check_may(by)
    with transaction.atomic():
        fresh = lock(visit)
        check_movable(fresh)
        held = technician_days.lock_lanes(_lane_of(fresh))
        if fixed and not held:
            raise Refused(_("Place the visit first: a commitment has a technician and a day."), code="not_placed")
        fresh.is_fixed = fixed
        fresh.save(update_fields=["is_fixed", "updated_at"])
        technician_days.touch(held.values(), by=by)
    visit.is_fixed = fixed


def _lane_of(visit: SiteVisit) -> set[Key]:
    placed = Placement.objects.filter(visit=visit).values_list("lane__technician", "lane__on").first()
    return {placed} if placed else set()


def _changed(held: Iterable[Lane], *, by: User) -> Change:
    rows = list(held)
    technician_days.touch(rows, by=by)
    broken = technician_days.retime(rows)
    breaks = words.breaks(broken)
    return Change(tuple(Seen(row.technician_id, row.on, row.version) for row in rows), breaks)
