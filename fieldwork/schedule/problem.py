"""From rows to a `dispatch.Problem`, and from the board to a `dispatch.Plan`."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from fieldwork import dispatch
from fieldwork.dispatch.plan import Plan, Route, Unserved
from fieldwork.dispatch.problem import DayWindow, Fixed, Problem, Shift, Visit
from fieldwork.dispatch.travel import Place
from fieldwork.models import SiteVisit
from fieldwork.schedule import driving, facts
from fieldwork.schedule.facts import Facts, Slot
from fieldwork.schedule.shifts import USUAL_DAY, WINDOWS, Rota, WorkDay
from requests_app.program import Program

# Urgency of a visit that is due today; it grows with each business day after, and falls with each before.
DUE_TODAY, MOST_URGENT = 30, 60


@dataclass(frozen=True)
class Translated:
    """A problem, and what its numbers mean. `left_out`: visits that are not planned, by their id, with the reason's
    code: `disputed`, `held`, `no_position`, `nobody_works` (a commitment on a day on which its technician does not work)."""

    problem: Problem
    days: tuple[date, ...]
    rota: Rota
    visits: Mapping[int, SiteVisit]
    minutes: Mapping[int, int]
    left_out: Mapping[int, str] = field(default_factory=dict)

    def day(self, on: date) -> int:
        return self.days.index(on)

    @cached_property
    def shifts(self) -> dict[tuple[Hashable, date], Shift]:
        return {(shift.technician, self.days[shift.day]): shift for shift in self.problem.shifts}

    def shift(self, technician: int, on: date) -> Shift | None:
        return self.shifts.get((technician, on))

    def window(self, window: DayWindow) -> str:
        """Which half of the day that is."""
        return next(name for name, (_starts, ends) in WINDOWS.items() if window.starts < ends)

    def hash(self) -> str:
        """The same for the same problem: what a run was about."""
        travel = self.problem.travel
        said = repr((self.days, self.problem.places, self.problem.shifts, self.problem.visits)).encode()
        return hashlib.sha256(said + travel.seconds.tobytes() + travel.meters.tobytes()).hexdigest()


def build(from_on: date, until_on: date, visits: Iterable[SiteVisit] | None = None) -> Translated:
    """What is to be planned on the business days from the first to the last.

    `visits` None: all open ones that may be planned there. Those that stand fixed (staff's word, on the way, on site,
    today's, or held by a dispute of the fee) are commitments; the others may go into any half day from tomorrow on that
    suits the customer. The number of queries is fixed.
    """
    loaded = facts.load(from_on, until_on, visits)
    return _Planning(loaded).translate()


def standing(
    placed: Mapping[tuple[int, date], Iterable[tuple[SiteVisit, str]]], settings: Program | None = None
) -> Translated:
    """These technicians' days as they stand: each visit only in the half day that is named beside it.

    A technician who doesn't work then gets the usual day, so that there are times to show.
    """
    stands = {visit.pk: (lane[1], window) for lane, stops in placed.items() for visit, window in stops}
    rows = [visit for stops in placed.values() for visit, _window in stops]
    days = [on for _technician, on in placed]
    loaded = facts.load(min(days), max(days), rows, lanes=placed.keys(), settings=settings)
    return _Standing(loaded, stands, set(placed)).translate()


def board_plan(translated: Translated) -> Plan:
    """The board as a plan of this problem: the visits in the board's order, with new times."""
    by_lane: dict[tuple[int, date], list[SiteVisit]] = {}
    asked = {visit.id for visit in translated.problem.visits}
    for visit in translated.visits.values():
        slot = facts.board_slot(visit)
        if slot is not None and slot.on in translated.days and visit.pk in asked:
            by_lane.setdefault((slot.technician, slot.on), []).append(visit)
    routes: list[Route] = []
    for (technician, on), stops in by_lane.items():
        shift = translated.shift(technician, on)
        if shift is None:
            continue
        ordered = sorted(stops, key=lambda stop: stop.placement.position)
        route, _violations = dispatch.timeline(translated.problem, shift, [stop.pk for stop in ordered])
        if route is not None:
            routes.append(route)
    served = {stop.visit for route in routes for stop in route.stops}
    unserved = tuple(Unserved(pk, "full") for pk in asked if pk not in served)
    drive = sum(route.drive for route in routes)
    return Plan(tuple(routes), unserved, drive, "board", 0, 0, 0.0)


class _Translation:
    """Places first: where days begin and end, then a place for each site."""

    patience: float  # seconds for an answer of the road server

    def __init__(self, loaded: Facts) -> None:
        self.facts = loaded
        self.left_out: dict[int, str] = {}

    def translate(self) -> Translated:
        work = self.work_days()
        starts = self._starts(work)
        visits = [
            made for index, row in enumerate(self.facts.visits) if (made := self.visit(row, len(starts) + index))
        ]
        places = [*starts, *(self._site(row) for row in self.facts.visits)]
        number = {place: index for index, place in enumerate(starts)}
        problem = Problem(
            places=tuple(places),
            shifts=tuple(self._shift(day, number) for day in work),
            visits=tuple(visits),
            travel=driving.between(places, first_site=len(starts), patience=self.patience),
        )
        rows = {row.pk: row for row in self.facts.visits}
        return Translated(problem, self.facts.rota.days, self.facts.rota, rows, self.facts.minutes, self.left_out)

    def work_days(self) -> list[WorkDay]:
        return list(self.facts.rota.work.values())

    def visit(self, row: SiteVisit, place: int) -> Visit | None:
        raise NotImplementedError

    def day(self, on: date) -> int:
        return self.facts.rota.days.index(on)

    def window(self, on: date, window: str) -> DayWindow:
        return DayWindow(self.day(on), *WINDOWS[window])

    def made(self, row: SiteVisit, place: int, windows: Iterable[DayWindow], **more: Any) -> Visit:
        return Visit(
            id=row.pk,
            place=place,
            duration=self.facts.minutes[row.pk] * 60,
            windows=tuple(windows),
            skills=self.facts.needs.of(row),
            district=str(row.order.district_id or ""),
            **more,
        )

    def _starts(self, work: Iterable[WorkDay]) -> list[Place]:
        return list(dict.fromkeys(self._start(day) for day in work))

    def _start(self, work: WorkDay) -> Place:
        """Where nobody entered a start, the day begins in the middle of the sites."""
        start = work.technician.start
        return Place(*start) if start else self._middle()

    def _site(self, row: SiteVisit) -> Place:
        place = _position(row)
        return place or self._middle()

    def _middle(self) -> Place:
        known = [place for row in self.facts.visits if (place := _position(row))]
        if not known:
            return Place(0.0, 0.0)
        return Place(
            round(sum(place.latitude for place in known) / len(known), 6),
            round(sum(place.longitude for place in known) / len(known), 6),
        )

    def _shift(self, work: WorkDay, number: Mapping[Place, int]) -> Shift:
        place = number[self._start(work)]
        return Shift(
            technician=work.technician.pk,
            day=self.day(work.on),
            starts=work.starts,
            ends=work.ends,
            start_place=place,
            end_place=place,
            most_work=work.most_work,
            skills=frozenset(skill.code for skill in work.technician.skills.all()),
            districts=frozenset(str(district.pk) for district in work.technician.districts.all()),
        )


def _position(row: SiteVisit) -> Place | None:
    order = row.order
    if order.latitude is None or order.longitude is None:
        return None
    return Place(float(order.latitude), float(order.longitude))


class _Standing(_Translation):
    """Each visit in its present place, and nowhere else. Someone is waiting for the page, and lanes are locked."""

    patience = 2.0

    def __init__(self, loaded: Facts, stands: Mapping[int, tuple[date, str]], lanes: set[tuple[int, date]]) -> None:
        super().__init__(loaded)
        self.stands, self.lanes = stands, lanes

    def work_days(self) -> list[WorkDay]:
        rota = self.facts.rota
        return [
            rota.on(technician, on) or WorkDay(rota.technicians[technician], on, *USUAL_DAY)
            for technician, on in sorted(self.lanes)
        ]

    def visit(self, row: SiteVisit, place: int) -> Visit:
        return self.made(row, place, [self.window(*self.stands[row.pk])])


class _Planning(_Translation):
    """Each visit wherever it may go."""

    patience = 10.0

    def visit(self, row: SiteVisit, place: int) -> Visit | None:
        board, published = self._within(facts.board_slot(row)), self._within(facts.published_slot(row))
        stands = board or published
        committed = self._is_committed(row, stands)
        reason = self._why_left_out(row, stands if committed else None)
        if reason:
            self.left_out[row.pk] = reason
            return None
        told = self._fixed(published) if published and row.state == SiteVisit.State.SCHEDULED else None
        if committed and stands:
            window = self.window(stands.on, stands.window)
            return self.made(row, place, [window], required=True, fixed=self._fixed(stands), published=told)
        required = told is not None or row.order.due_on <= self.facts.rota.days[-1]
        return self.made(
            row,
            place,
            self._windows(row),
            required=required,
            urgency=self._urgency(row.order.due_on),
            overdue=row.order.due_on < self.facts.today,
            published=told,
        )

    def _within(self, slot: Slot | None) -> Slot | None:
        return slot if slot and slot.on in self.facts.rota.days else None

    def _is_committed(self, row: SiteVisit, stands: Slot | None) -> bool:
        if stands is None:
            return False
        begun = row.on_the_way_at is not None or row.state == SiteVisit.State.ON_SITE
        waits = row.order.round.disputed or row.pk in self.facts.held
        return row.is_fixed or begun or stands.on <= self.facts.today or waits

    def _why_left_out(self, row: SiteVisit, commitment: Slot | None) -> str:
        if commitment is not None:
            works = self.facts.rota.on(commitment.technician, commitment.on)
            return "" if works else "nobody_works"
        if row.order.round.disputed:
            return "disputed"
        if row.pk in self.facts.held:
            return "held"
        return "" if _position(row) else "no_position"

    def _fixed(self, slot: Slot) -> Fixed:
        return Fixed(slot.technician, self.day(slot.on), *WINDOWS[slot.window])

    def _windows(self, row: SiteVisit) -> list[DayWindow]:
        """The half days from tomorrow on that suit the customer."""
        days = [on for on in self.facts.rota.days if on > self.facts.today]
        return [self.window(on, window) for on in days for window in WINDOWS if facts.suits(row.order, on, window)]

    def _urgency(self, due_on: date) -> int:
        days, today = self.facts.rota.calendar, self.facts.today
        if due_on < today:
            return min(DUE_TODAY + days.between(due_on, today), MOST_URGENT)
        return max(DUE_TODAY - days.between(today, due_on), 1)
