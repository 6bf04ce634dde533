"""A technician's day on the board: locked, changed, and its times worked out anew.

Whoever needs a visit and lanes locks the request first, then the visit, then the lanes in the order of their ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from django.db.models import QuerySet
from django.utils import timezone

from fieldwork import dispatch
from fieldwork.dispatch.plan import Route
from fieldwork.models import Lane, Placement, PlanRun, SiteVisit
from fieldwork.schedule import facts, problem
from fieldwork.schedule.problem import Translated
from fieldwork.schedule.shifts import WINDOWS, moment
from msa_portal.accounts.models import User
from requests_app.program import Program

Key = tuple[int, date]
ORDER = {window: index for index, window in enumerate(WINDOWS)}
TIMES = ("position", "arrives_at", "minutes", "drive_seconds", "drive_meters")


def lock_lanes(keys: Iterable[Key]) -> dict[Key, Lane]:
    """Those lanes, made where they are missing, locked until the transaction ends."""
    wanted = set(keys)
    known = {(lane.technician_id, lane.on) for lane in _rows(wanted)}
    missing = [Lane(technician_id=technician, on=on) for technician, on in sorted(wanted - known)]
    if missing:
        Lane.objects.bulk_create(missing, ignore_conflicts=True)
    rows = _rows(wanted).select_for_update(of=("self",)).order_by("pk")
    return {(lane.technician_id, lane.on): lane for lane in rows if (lane.technician_id, lane.on) in wanted}


def _rows(keys: Iterable[Key]) -> QuerySet[Lane]:
    technicians, days = {key[0] for key in keys}, {key[1] for key in keys}
    return Lane.objects.filter(technician__in=technicians, on__in=days)


def touch(lanes: Iterable[Lane], *, by: User | None) -> None:
    """What stands in them changed: who saw them before has an old picture now."""
    rows, changed = list(lanes), ["version", "changed_at", "changed_by"]
    for lane in rows:
        lane.version += 1
        lane.changed_at, lane.changed_by = timezone.now(), by
    if len(rows) == 1:
        rows[0].save(update_fields=changed)
    else:
        Lane.objects.bulk_update(rows, changed)


def put(
    visit: SiteVisit,
    lane: Lane,
    window: str,
    position: int | None,
    *,
    by: User | None,
    run: PlanRun | None = None,
    is_new: bool = False,
) -> list[Placement]:
    """Into that lane as its `position`-th stop, from 1; None: as the last one of its window. Nothing is timed yet.

    `is_new`: under the visit's lock the caller saw that it stands nowhere. Returns all that stands in the lane then.
    """
    others = in_order(Placement.objects.filter(lane=lane).exclude(visit=visit).select_related("visit"))
    if position is None:
        position = 1 + sum(ORDER[other.window] <= ORDER[window] for other in others)
    for index, placement in enumerate(others, 1):
        placement.position = index if index < position else index + 1
    Placement.objects.bulk_update(others, ["position"])
    values = {"lane": lane, "window": window, "position": position, "minutes": 0, "run": run, "placed_by": by}
    if is_new:
        placed = Placement.objects.create(visit=visit, **values)
    else:
        placed, _created = Placement.objects.update_or_create(visit=visit, defaults=values)
    return [*others, placed]


def in_order(placements: Iterable[Placement]) -> list[Placement]:
    """As the day goes: the morning's stops before the afternoon's."""
    return sorted(placements, key=lambda placement: (ORDER[placement.window], placement.position, placement.pk))


def retime(lanes: Iterable[Lane]) -> dict[Key, Times]:
    """Work out order, arrivals and driving of all that stands in them, and what each lane breaks.

    The number of queries does not grow with the number of lanes and stops.
    """
    timed, _stops = retime_stops(lanes)
    return timed


def retime_stops(
    lanes: Iterable[Lane], settings: Program | None = None, placements: Iterable[Placement] | None = None
) -> tuple[dict[Key, Times], dict[int, Placement]]:
    """The same, with the stops as they stand then, by their visit's id.

    `settings`, and all `placements` in these lanes with their visits, where the caller has them.
    """
    rows = {lane.pk: lane for lane in lanes}
    stops: dict[Key, list[Placement]] = defaultdict(list)
    if placements is None:
        placements = Placement.objects.filter(lane__in=rows).select_related("visit")
    for placement in in_order(placements):
        lane = rows[placement.lane_id]
        stops[lane.technician_id, lane.on].append(placement)
    timed = timelines(
        {key: [(placement.visit, placement.window) for placement in placed] for key, placed in stops.items()}, settings
    )
    for key, placed in stops.items():
        _tell_times(key[1], placed, timed[key])
    all_stops = [placement for placed in stops.values() for placement in placed]
    if len(all_stops) == 1:
        all_stops[0].save(update_fields=TIMES)
    else:
        Placement.objects.bulk_update(all_stops, TIMES, batch_size=500)
    return timed, {placement.visit_id: placement for placement in all_stops}


@dataclass(frozen=True)
class Break:
    """A rule that a lane breaks: the engine's code, or `absent`, `unsuitable`, `after_due`; for one visit, or for the day."""

    code: str
    visit: int | None


@dataclass(frozen=True)
class Times:
    """A lane's day; `route` None where its times cannot be worked out. `minutes` at each visit, by its id."""

    route: Route | None
    breaks: tuple[Break, ...]
    minutes: Mapping[int, int]


def timelines(
    stops: Mapping[Key, Sequence[tuple[SiteVisit, str]]], settings: Program | None = None
) -> dict[Key, Times]:
    """Those lanes with those stops in that order, as times."""
    asked = {key: placed for key, placed in stops.items() if placed}
    if not asked:
        return {}
    translated = problem.standing(asked, settings)
    by_lane: dict[Key, Times] = {}
    for key, placed in asked.items():
        route, violations = dispatch.timeline(
            translated.problem, translated.shifts[key], [visit.pk for visit, _window in placed]
        )
        broken = [Break(violation.code, cast("int | None", violation.visit)) for violation in violations]
        by_lane[key] = Times(route, (*broken, *_against_wishes(translated, key, placed)), translated.minutes)
    return by_lane


def _against_wishes(translated: Translated, key: Key, placed: Iterable[tuple[SiteVisit, str]]) -> Iterator[Break]:
    """What the engine does not know of: days off, the customer's wishes, the due day."""
    if translated.rota.on(*key) is None:
        yield Break("absent", None)
    for visit, window in placed:
        order = translated.visits[visit.pk].order
        if not facts.suits(order, key[1], window):
            yield Break("unsuitable", visit.pk)
        if order.due_on < key[1]:
            yield Break("after_due", visit.pk)


def _tell_times(on: date, placed: Iterable[Placement], times: Times) -> None:
    by_visit = {stop.visit: stop for stop in times.route.stops} if times.route else {}
    for position, placement in enumerate(placed, 1):
        placement.position, placement.minutes = position, times.minutes[placement.visit_id]
        stop = by_visit.get(placement.visit_id)
        placement.arrives_at = moment(on, stop.begins) if stop else None
        placement.drive_seconds, placement.drive_meters = (stop.drive, stop.meters) if stop else (0, 0)


def take_off(visits: Iterable[SiteVisit], *, by: User | None) -> None:
    """Off the board, and the lanes that they leave timed anew. The caller holds the visits' locks."""
    placed = Placement.objects.filter(visit__in=list(visits))
    keys = set(placed.values_list("lane__technician", "lane__on"))
    if not keys:
        return
    held = lock_lanes(keys)
    placed.delete()
    touch(held.values(), by=by)
    retime(held.values())
