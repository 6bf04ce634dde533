"""Which half days a customer can move their visit to, worked out from the board as it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from fieldwork.day_changes import capacity
from fieldwork.dispatch import insertions
from fieldwork.dispatch.plan import Plan
from fieldwork.dispatch.problem import Problem, Visit
from fieldwork.models import Placement, SiteVisit
from fieldwork.schedule import problem, technician_days
from fieldwork.schedule.problem import Translated
from fieldwork.schedule.shifts import WINDOWS
from msa_portal.business_days import calendar
from msa_portal.business_days.calendar import local_day
from requests_app.models import ProgramSettings

MOST = 6
_AHEAD = 10  # business days


@dataclass(frozen=True)
class Offer:
    """A half day that has room, and where in whose day; `extra_drive` in seconds."""

    on: date
    window: str
    technician: int
    position: int | None  # from 1; None: the last one of its half
    extra_drive: int

    @property
    def words(self) -> str:
        return str(SiteVisit.Window(self.window).label)


def find(visit: SiteVisit) -> list[Offer]:
    """At most six half days, those with the least driving, in the order of their days. The number of queries is fixed."""
    best: dict[tuple[date, str], Offer] = {}
    for offer in _cheapest_first(visit):
        best.setdefault((offer.on, offer.window), offer)
    chosen = list(best.values())[:MOST]
    return sorted(chosen, key=lambda offer: (offer.on, technician_days.ORDER[offer.window]))


def hold(visit: SiteVisit, on: date, window: str) -> Offer | None:
    """That half day while nobody else can take it; None where it has no room (any more).

    The days of everybody who has room then are locked until the transaction ends, and looked at again: of two who
    take the last place, the second finds it gone. The caller holds request and visit.
    """
    wanted = [offer for offer in _cheapest_first(visit) if (offer.on, offer.window) == (on, window)]
    if not wanted:
        return None
    keys = {(offer.technician, on) for offer in wanted}
    placed = Placement.objects.filter(visit=visit).select_related("lane").first()
    if placed is not None:
        keys.add((placed.lane.technician_id, placed.lane.on))
    technician_days.lock_lanes(keys)
    again = (offer for offer in _cheapest_first(visit) if (offer.on, offer.window) == (on, window))
    return next((offer for offer in again if (offer.technician, on) in keys), None)


def _cheapest_first(visit: SiteVisit) -> Iterator[Offer]:
    """Every place, none for a visit that staff keep where it is. Not the half day that it has.

    A day is looked at stop by stop where all its sites are known; where one is not, minutes are counted instead.
    """
    if visit.is_fixed or visit.scheduled_on is None:
        return
    first, last = _days(visit)
    translated = problem.build(min(first, visit.scheduled_on), max(last, visit.scheduled_on))
    plan = _without(problem.board_plan(translated), visit.pk)
    counted = set(translated.rota.work)
    if translated.left_out.get(visit.pk) != "no_position":
        counted = _not_in(plan, translated, visit.pk)
    yield from _among(_inserted(visit, translated, plan, counted), visit, first, last)
    if translated.left_out.get(visit.pk) != "disputed" and counted:
        yield from _among(_counted(visit, translated, counted), visit, first, last)


def _among(offers: Iterable[Offer], visit: SiteVisit, first: date, last: date) -> Iterator[Offer]:
    here = (visit.scheduled_on, visit.window)
    return (offer for offer in offers if first <= offer.on <= last and (offer.on, offer.window) != here)


def _inserted(visit: SiteVisit, translated: Translated, plan: Plan, but: set[tuple[int, date]]) -> Iterator[Offer]:
    """Mornings and afternoons are asked for apart: the engine answers with the earlier half where both would do."""
    offers: list[Offer] = []
    for window in WINDOWS:
        free = _freed(translated, visit.pk, window)
        for place in insertions(free, plan, visit.pk) if free else []:
            key = (int(str(place.technician)), translated.days[place.day])
            if key not in but:
                offers.append(Offer(key[1], window, key[0], place.position + 1, place.extra_drive))
    yield from sorted(offers, key=lambda offer: (offer.extra_drive, offer.on, technician_days.ORDER[offer.window]))


def _counted(visit: SiteVisit, translated: Translated, keys: set[tuple[int, date]]) -> Iterator[Offer]:
    """Half days with room by their minutes; the visit would be the last one of its half."""
    for technician, on, window in capacity.free(visit, translated, keys):
        yield Offer(on, window, technician, None, capacity.DRIVE * 60)


def _days(visit: SiteVisit) -> tuple[date, date]:
    """From as many business days ahead as a change needs, for two weeks, within the order's time where that is left."""
    days, today = calendar.load(), local_day(timezone.now())
    first = days.add(today, ProgramSettings.current().day_change_notice_days)
    last = days.add(first, _AHEAD)
    return first, min(last, visit.order.due_on) if visit.order.due_on >= first else last


def _freed(translated: Translated, pk: int, window: str) -> Problem | None:
    """The problem in which this visit may go into that half of any day that it may go to; None where it is not planned."""
    asked = translated.problem
    if pk not in {visit.id for visit in asked.visits}:
        return None

    def free(asked: Visit) -> Visit:
        halves = tuple(half for half in asked.windows if translated.window(half) == window)
        return dataclasses.replace(asked, published=None, fixed=None, windows=halves)

    visits = tuple(free(visit) if visit.id == pk else visit for visit in asked.visits)
    return dataclasses.replace(asked, visits=visits)


def _without(plan: Plan, pk: int) -> Plan:
    """The day that it leaves goes on without it; when its other stops begin does not matter here."""
    routes = (
        dataclasses.replace(route, stops=tuple(stop for stop in route.stops if stop.visit != pk))
        for route in plan.routes
    )
    return dataclasses.replace(plan, routes=tuple(route for route in routes if route.stops))


def _not_in(plan: Plan, translated: Translated, pk: int) -> set[tuple[int, date]]:
    """Days that hold a stop which the plan does not know (a place without times, a site without a position): in the
    plan they look emptier than they are."""
    known = {stop.visit for route in plan.routes for stop in route.stops} | {pk}
    placed = Placement.objects.filter(lane__on__in=translated.days, visit__state__in=SiteVisit.OPEN_STATES)
    rows = placed.values_list("visit", "lane__technician", "lane__on")
    return {(technician, on) for visit, technician, on in rows if visit not in known}
