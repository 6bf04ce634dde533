"""Which half days a customer can move their visit to, worked out from the board as it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from fieldwork.dispatch import insertions
from fieldwork.dispatch.plan import Plan
from fieldwork.dispatch.problem import Problem
from fieldwork.models import Placement, SiteVisit
from fieldwork.planning import lanes, problem
from fieldwork.planning.problem import Translated
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
    position: int  # from 1
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
    return sorted(chosen, key=lambda each: (each.on, lanes.ORDER[each.window]))


def hold(visit: SiteVisit, on: date, window: str) -> Offer | None:
    """That half day while nobody else can take it; None where it has no room (any more).

    The days of everybody who has room then are locked until the transaction ends, and looked at again: of two who
    take the last place, the second finds it gone. The caller holds request and visit.
    """
    wanted = [each for each in _cheapest_first(visit) if (each.on, each.window) == (on, window)]
    if not wanted:
        return None
    keys = {(each.technician, on) for each in wanted}
    placed = Placement.objects.filter(visit=visit).select_related("lane").first()
    if placed is not None:
        keys.add((placed.lane.technician_id, placed.lane.on))
    lanes.lock_lanes(keys)
    again = (each for each in _cheapest_first(visit) if (each.on, each.window) == (on, window))
    return next((each for each in again if (each.technician, on) in keys), None)


def _cheapest_first(visit: SiteVisit) -> Iterator[Offer]:
    """Every place, none for a visit that staff keep where it is. Not the half day that it has."""
    if visit.is_fixed or visit.scheduled_on is None:
        return
    first, last = _days(visit)
    translated = problem.build(min(first, visit.scheduled_on), max(last, visit.scheduled_on))
    free = _freed(translated.problem, visit.pk)
    if free is None:
        return
    plan = _without(problem.board_plan(translated), visit.pk)
    unknown = _not_in(plan, translated, visit.pk)
    for place in insertions(free, plan, visit.pk):
        on, window = translated.days[place.day], translated.window(place.window)
        here = (on, window) == (visit.scheduled_on, visit.window)
        if first <= on <= last and not here and (place.technician, on) not in unknown:
            yield Offer(on, window, int(str(place.technician)), place.position + 1, place.extra_drive)


def _days(visit: SiteVisit) -> tuple[date, date]:
    """From as many business days ahead as a change needs, for two weeks, within the order's time where that is left."""
    days, today = calendar.load(), local_day(timezone.now())
    first = days.add(today, ProgramSettings.current().day_change_notice_days)
    last = days.add(first, _AHEAD)
    return first, min(last, visit.order.due_on) if visit.order.due_on >= first else last


def _freed(asked: Problem, pk: int) -> Problem | None:
    """The problem in which this visit may go anywhere; None where it cannot be planned at all."""
    if pk not in {each.id for each in asked.visits}:
        return None
    visits = (
        dataclasses.replace(each, published=None, fixed=None) if each.id == pk else each for each in asked.visits
    )
    return dataclasses.replace(asked, visits=tuple(visits))


def _without(plan: Plan, pk: int) -> Plan:
    """The day that it leaves goes on without it; when its other stops begin does not matter here."""
    routes = (
        dataclasses.replace(route, stops=tuple(stop for stop in route.stops if stop.visit != pk))
        for route in plan.routes
    )
    return dataclasses.replace(plan, routes=tuple(route for route in routes if route.stops))


def _not_in(plan: Plan, translated: Translated, pk: int) -> set[tuple[int, date]]:
    """Days that hold a stop which the plan does not know (a place without times, a site without a position): they are
    never offered, since they are fuller than they look."""
    known = {stop.visit for route in plan.routes for stop in route.stops} | {pk}
    placed = Placement.objects.filter(lane__on__in=translated.days, visit__state__in=SiteVisit.OPEN_STATES)
    rows = placed.values_list("visit", "lane__technician", "lane__on")
    return {(technician, on) for visit, technician, on in rows if visit not in known}
