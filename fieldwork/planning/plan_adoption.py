"""A plan comes onto the board: only where the board is still as it was when planning began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import Lane, Placement, PlanRun, SiteVisit
from fieldwork.planning.guards import changed_meanwhile, check_may
from fieldwork.schedule import facts, technician_days
from fieldwork.schedule.facts import Slot
from fieldwork.schedule.technician_days import Key
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused


@dataclass
class Taken:
    """`placed` visits stand now where the plan has them, `removed` went to the side; `left` says, a sentence for each
    lane, who changed it since planning began: those lanes stay as they are."""

    placed: int = 0
    removed: int = 0
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    slot: Slot
    position: int

    @property
    def lane(self) -> Key:
        return self.slot.technician, self.slot.on


def take(run: PlanRun, *, by: User) -> Taken:
    """Put the plan on the board, in one transaction. A visit moves only where both the lane that it leaves and the one
    that it comes to are as they were. Raises `Refused` for a run without a plan that was verified. Taking again is
    harmless: the lanes that it changed are left then."""
    check_may(by)
    with transaction.atomic():
        fresh = lock(run)
        check_offered(fresh)
        planned = _planned(fresh.result)
        visits = _lock_visits(fresh.result)
        stands = {pk: slot for pk, row in visits.items() if (slot := facts.board_slot(row))}
        held = technician_days.lock_lanes(
            {place.lane for place in planned.values()} | {_lane(slot) for slot in stands.values()}
        )
        changed = _changed_lanes(fresh.result, held)
        report = Taken(
            left=[changed_meanwhile(held[key]) for key in sorted(changed, key=lambda key: (key[1], key[0]))]
        )
        touched = _move(visits, planned, stands, held, changed, report, by=by, run=fresh)
        rows = [held[key] for key in touched]
        technician_days.touch(rows, by=by)
        technician_days.retime(rows)
        fresh.taken_at, fresh.taken_by = timezone.now(), by
        fresh.save(update_fields=["taken_at", "taken_by"])
    run.refresh_from_db()
    return report


def check_offered(run: PlanRun) -> None:
    """The plan is there, and the checker found nothing against it."""
    if run.state != PlanRun.State.DONE:
        raise Refused(
            _("There is no plan to take: the run is “%(state)s”.") % {"state": run.get_state_display()}, code="no_plan"
        )
    if run.findings:
        raise Refused(_("The checker found faults in this plan, so it is not offered. Plan again."), code="findings")


def _planned(result: Mapping[str, Any]) -> dict[int, _Place]:
    return {
        stop["visit"]: _Place(Slot(route["technician"], date.fromisoformat(route["on"]), stop["window"]), position)
        for route in result["routes"]
        for position, stop in enumerate(route["stops"], 1)
    }


def _lock_visits(result: Mapping[str, Any]) -> dict[int, SiteVisit]:
    """All that the plan was about and that can still move, locked in the order of their ids."""
    asked = [stop["visit"] for route in result["routes"] for stop in route["stops"]]
    asked += [unserved["visit"] for unserved in result["unserved"]]
    locked = SiteVisit.objects.select_for_update(of=("self",)).filter(pk__in=asked).order_by("pk")
    pks = [row.pk for row in locked if row.is_movable and not row.is_fixed]
    return {row.pk: row for row in facts.with_relations(SiteVisit.objects.filter(pk__in=pks))}


def _lane(slot: Slot) -> Key:
    return slot.technician, slot.on


def _changed_lanes(result: Mapping[str, Any], held: Mapping[Key, Lane]) -> set[Key]:
    """Those whose version is not what it was when planning began; one that was not there counts as 0."""
    versions = {(lane["technician"], date.fromisoformat(lane["on"])): lane["version"] for lane in result["lanes"]}
    return {key for key, lane in held.items() if lane.version != versions.get(key, 0)}


def _move(
    visits: Mapping[int, SiteVisit],
    planned: Mapping[int, _Place],
    stands: Mapping[int, Slot],
    held: Mapping[Key, Lane],
    changed: Iterable[Key],
    report: Taken,
    *,
    by: User,
    run: PlanRun,
) -> set[Key]:
    """Write the placements; the lanes whose content changed."""
    touched: set[Key] = set()
    coming: list[Placement] = []
    going: list[int] = []
    for pk in visits:
        place, stood = planned.get(pk), stands.get(pk)
        ends = {place.lane if place else None, _lane(stood) if stood else None} - {None}
        if not ends or ends & set(changed):
            continue
        touched |= {end for end in ends if end}
        going.append(pk)
        if place is not None:
            values = {"window": place.slot.window, "position": place.position, "minutes": 0}
            coming.append(Placement(visit_id=pk, lane=held[place.lane], run=run, placed_by=by, **values))
    Placement.objects.filter(visit__in=going).delete()
    Placement.objects.bulk_create(coming, batch_size=500)
    report.placed, report.removed = len(coming), len([pk for pk in going if pk not in planned])
    return touched
