"""The program's two clocks as pure functions over events: the visit (V2, D6) and the service order (V1).

Days are the utility's (D7). A day that begins a span does not count, the day that ends it does:
what was submitted on a Monday has used one business day when Tuesday is over. So a pause costs
the business days after the day on which it began, up to and with the day on which it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from msa_portal.business_days.calendar import BusinessCalendar, local_day
from requests_app import program
from requests_app.enums import Holder
from requests_app.events import ROWS, Clock, row_for
from requests_app.models import MSARequest, ProgramSettings
from requests_app.program import Program

# What starts the clock of V2, and starts it anew (D17).
STARTS = frozenset(kind for kind, row in ROWS.items() if row.visit_clock is Clock.STARTS)


class Event(Protocol):
    """As much of a `RequestEvent` as the clocks read."""

    kind: str
    holder: str
    at: datetime


@dataclass(frozen=True)
class Pause:
    """The ball was with `holder`; `until_on` None: it still is."""

    holder: Holder
    from_on: date
    until_on: date | None


@dataclass(frozen=True)
class VisitClock:
    """Where the 30 business days stand. `due_on` is None while the clock is paused, or has ended."""

    started_on: date
    used_days: int
    total_days: int
    due_on: date | None
    pauses: tuple[Pause, ...]
    ended_on: date | None = None

    @property
    def left_days(self) -> int:
        return max(self.total_days - self.used_days, 0)

    @property
    def paused_by(self) -> Holder | None:
        return self.pauses[-1].holder if self.pauses and self.pauses[-1].until_on is None else None

    def is_late(self, today: date) -> bool:
        return self.due_on is not None and self.due_on < today


@dataclass(frozen=True)
class _Span:
    holder: Holder
    from_on: date
    until_on: date | None


def visit_clock(events: Iterable[Event], calendar: BusinessCalendar, *, days: int, today: date) -> VisitClock | None:
    """The clock of the visit that is awaited, or was made last; None before the first submission.

    It runs while the utility has the ball and pauses while the customer or the agent has (D6).
    """
    since_start = _since_last_start(events)
    if not since_start:
        return None
    end = next((event for event in since_start if row_for(event.kind).visit_clock is Clock.ENDS), None)
    spans = list(_spans(since_start, ended=end))
    used = sum(
        calendar.between(span.from_on, span.until_on or today) for span in spans if span.holder == Holder.UTILITY
    )
    last = spans[-1]
    runs = end is None and last.holder == Holder.UTILITY
    closed = sum(calendar.between(s.from_on, s.until_on) for s in spans if s.holder == Holder.UTILITY and s.until_on)
    return VisitClock(
        started_on=local_day(since_start[0].at),
        used_days=used,
        total_days=days,
        due_on=calendar.add(last.from_on, max(days - closed, 0)) if runs else None,
        pauses=tuple(Pause(s.holder, s.from_on, s.until_on) for s in spans if s.holder != Holder.UTILITY),
        ended_on=local_day(end.at) if end else None,
    )


def service_order_window(
    events: Iterable[Event], calendar: BusinessCalendar, *, from_days: int, to_days: int
) -> tuple[date, date] | None:
    """Between which days the service order is usually issued (V1); None where none is awaited."""
    started_on = None
    for event in events:
        match row_for(event.kind).order_clock:
            case Clock.STARTS:
                started_on = local_day(event.at)
            case Clock.ENDS:
                started_on = None
    if started_on is None:
        return None
    return calendar.add(started_on, from_days), calendar.add(started_on, to_days)


def _since_last_start(events: Iterable[Event]) -> list[Event]:
    since_start: list[Event] = []
    for event in events:
        if event.kind in STARTS:
            since_start = [event]
        elif since_start:
            since_start.append(event)
    return since_start


def _spans(events: list[Event], *, ended: Event | None) -> Iterator[_Span]:
    """Who had the ball from which day until which; the last span is open unless the clock ended."""
    holder, from_on = Holder(events[0].holder), local_day(events[0].at)
    for event in events[1:]:
        if event is ended:
            yield _Span(holder, from_on, local_day(event.at))
            return
        if event.holder != holder:
            yield _Span(holder, from_on, local_day(event.at))
            holder, from_on = Holder(event.holder), local_day(event.at)
    yield _Span(holder, from_on, None)


@dataclass(frozen=True)
class Clocks:
    """The calendar, the figures and the day that all clocks of a page are read with: load once."""

    calendar: BusinessCalendar
    figures: ProgramSettings
    today: date

    @classmethod
    def load(cls, *, today: date) -> Clocks:
        return cls.read_with(program.load(), today=today)

    @classmethod
    def read_with(cls, settings: Program, *, today: date) -> Clocks:
        return cls(settings.calendar, settings.figures, today)

    def visit(self, msa_request: MSARequest) -> VisitClock | None:
        return visit_clock(msa_request.case.events, self.calendar, days=self.figures.visit_days, today=self.today)

    def service_order(self, msa_request: MSARequest) -> tuple[date, date] | None:
        return service_order_window(
            msa_request.case.events,
            self.calendar,
            from_days=self.figures.service_order_from_days,
            to_days=self.figures.service_order_to_days,
        )
