"""What the board shows: technicians' days with their stops, and what waits at the side.

The number of queries does not grow with the number of technicians and visits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fieldwork.board import tokens
from fieldwork.board.span import Span
from fieldwork.board.tokens import Key, Tokens
from fieldwork.models import Placement, SiteVisit, Technician
from fieldwork.planning import words
from fieldwork.planning.publication import Difference, Kind, difference
from fieldwork.schedule import facts, shifts, technician_days
from fieldwork.schedule.shifts import Rota, WorkDay
from fieldwork.schedule.technician_days import Break
from msa_portal import formats

# As many colors and dashes as routes are told apart by; the technician's initials tell them apart always.
COLORS = 12
# More blocks at the side are no help to anybody: the planner is.
SIDE_SHOWN = 300
SATURDAY = 5


@dataclass(frozen=True)
class Block:
    """A visit where it stands, at the side where `placed` is None. `breaks` are sentences."""

    visit: SiteVisit
    today: date
    breaks: tuple[str, ...] = ()

    @cached_property
    def placed(self) -> Placement | None:
        return facts.placement_of(self.visit)

    @cached_property
    def difference(self) -> Difference | None:
        return difference(self.visit) if self.visit.is_movable else None

    @property
    def is_movable(self) -> bool:
        return self.visit.is_movable

    @property
    def kind(self) -> str:
        """For the style: what customers know of it."""
        if not self.visit.is_movable:
            return self.visit.state
        if self.difference is None:
            return "told" if self.placed else "waiting"
        return str(self.difference.kind)

    @property
    def state(self) -> str:
        """In words, how it is with the visit."""
        if self.visit.state == SiteVisit.State.SCHEDULED and self.visit.on_the_way_at:
            return _("Technician on the way")
        if not self.visit.is_movable:
            return self.visit.get_state_display()
        untold = {
            Kind.NEW: _("New, not told yet"),
            Kind.MOVED: _("Moved, not told yet"),
            Kind.TECHNICIAN: _("Other technician, not published yet"),
            Kind.REMOVED: _("Taken off, not told yet"),
        }
        if self.difference:
            return untold[self.difference.kind]
        return _("Customer told") if self.placed else _("To be planned")

    @property
    def stands(self) -> str:
        """Its lane and the version of it, as a page sends it back."""
        lane = self.placed.lane if self.placed else None
        return f"{tokens.name((lane.technician_id, lane.on))}:{lane.version}" if lane else ""

    @property
    def is_overdue(self) -> bool:
        return self.visit.order.due_on < self.today

    @property
    def arrives_at(self) -> datetime | None:
        return self.placed.arrives_at if self.placed else None


@dataclass(frozen=True)
class Cell:
    """One technician's day. `breaks`: what the day as a whole breaks."""

    technician: Technician
    on: date
    version: int
    token: str
    work: WorkDay | None
    stops: tuple[Block, ...]
    breaks: tuple[str, ...]
    is_past: bool

    @property
    def name(self) -> str:
        return tokens.name((self.technician.pk, self.on))

    @property
    def halves(self) -> list[tuple[str, str, list[Block]]]:
        """Morning and afternoon: the window, what it is called, its stops in their order."""
        names = {SiteVisit.Window.MORNING: _("Morning"), SiteVisit.Window.AFTERNOON: _("Afternoon")}
        return [
            (w.value, said, [b for b in self.stops if b.placed and b.placed.window == w]) for w, said in names.items()
        ]

    @property
    def hours(self) -> str:
        if self.work is None:
            return _("Off")
        starts, ends = (shifts.moment(self.on, seconds) for seconds in (self.work.starts, self.work.ends))
        return _("%(starts)s to %(ends)s") % {"starts": formats.time_of_day(starts), "ends": formats.time_of_day(ends)}

    @property
    def sum(self) -> str:
        """ "4 stops, 3 h 20 min, of it 40 min driving": without the way back."""
        placed = [block.placed for block in self.stops if block.placed]
        if not placed:
            return ""
        drive = round(sum(block.drive_seconds for block in placed) / 60)
        stops = ngettext("%(count)s stop", "%(count)s stops", len(placed)) % {"count": len(placed)}
        return _("%(stops)s, %(all)s, of it %(drive)s driving") % {
            "stops": stops,
            "all": duration(sum(block.minutes for block in placed) + drive),
            "drive": duration(drive),
        }


@dataclass(frozen=True)
class Row:
    technician: Technician
    color: int
    cells: tuple[Cell, ...]

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in str(self.technician).split()[:2]).upper()


@dataclass(frozen=True)
class Board:
    span: Span
    days: tuple[date, ...]
    rows: tuple[Row, ...]
    technicians: tuple[Technician, ...]
    tokens: Tokens


def duration(minutes: int) -> str:
    """200 -> "3 h 20 min"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min") % {"minutes": rest}
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}


def read(span: Span, *, today: date) -> Board:
    """All lanes of these days: business days, and any other on which something stands."""
    marks = tokens.read(span.from_on, span.until_on, today=today)
    stops = _stops(span)
    rota = shifts.load(span.from_on, span.until_on, also={key[0] for key in stops}, days_too=[key[1] for key in stops])
    days = rota.days or ((span.on,) if span.view == "day" else ())
    people = sorted(rota.technicians.values(), key=lambda technician: (str(technician), technician.pk))
    shown = [person for person in people if span.technician in {None, person.pk}]
    keys = [(technician.pk, day) for technician in shown for day in days]
    cells = _cells(keys, stops, marks, rota, today=today)
    color = {technician.pk: index % COLORS for index, technician in enumerate(people)}
    rows = (
        Row(technician, color[technician.pk], tuple(cells[technician.pk, day] for day in days)) for technician in shown
    )
    return Board(span, days, tuple(rows), tuple(people), marks)


def some(keys: Collection[Key], span: Span, *, today: date, marks: Tokens | None = None) -> list[Cell]:
    """Those lanes alone, as they are now."""
    if not keys:
        return []
    marks = marks or tokens.read(span.from_on, span.until_on, today=today)
    stops = {key: visits for key, visits in _stops(span, keys).items() if key in set(keys)}
    people = {key[0] for key in keys}
    rota = shifts.load(span.from_on, span.until_on, also=people, days_too=[key[1] for key in keys])
    return list(_cells([key for key in keys if key[0] in rota.technicians], stops, marks, rota, today=today).values())


def side(span: Span, *, today: date) -> tuple[list[Block], int]:
    """What waits, the most urgent first, and how many more there are than are shown."""
    rows = tokens.waiting((span.from_on, span.until_on), today=today)
    visits = list(facts.with_relations(rows)[:SIDE_SHOWN])
    more = rows.count() - len(visits) if len(visits) == SIDE_SHOWN else 0
    return [Block(row, today, _wishes(row)) for row in visits], more


def _wishes(visit: SiteVisit) -> tuple[str, ...]:
    wish = facts.open_day_change(visit.order)
    return (_("The customer asked for another day."),) if wish else ()


def _stops(span: Span, keys: Collection[Key] = ()) -> dict[Key, list[SiteVisit]]:
    rows = SiteVisit.objects.filter(placement__lane__on__range=(span.from_on, span.until_on))
    if keys:
        days, people = {key[1] for key in keys}, {key[0] for key in keys}
        rows = rows.filter(placement__lane__on__in=days, placement__lane__technician__in=people)
    by_lane: dict[Key, list[SiteVisit]] = defaultdict(list)
    for row in facts.with_relations(rows):
        by_lane[row.placement.lane.technician_id, row.placement.lane.on].append(row)
    for stops in by_lane.values():
        stops.sort(key=lambda row: (technician_days.ORDER[row.placement.window], row.placement.position, row.pk))
    return by_lane


def _cells(
    keys: Iterable[Key], stops: Mapping[Key, Sequence[SiteVisit]], marks: Tokens, rota: Rota, *, today: date
) -> dict[Key, Cell]:
    broken = _broken({key: rows for key, rows in stops.items() if key[1] >= today}, rota.technicians)
    return {
        key: Cell(
            technician=rota.technicians[key[0]],
            on=key[1],
            version=marks.versions.get(key, 0),
            token=marks.of(key),
            work=rota.on(*key),
            stops=tuple(Block(row, today, broken[key].get(row.pk, ())) for row in stops.get(key, ())),
            breaks=broken[key].get(None, ()),
            is_past=key[1] < today,
        )
        for key in keys
    }


def _broken(
    stops: Mapping[Key, Sequence[SiteVisit]], people: Mapping[int, Technician]
) -> dict[Key, dict[int | None, tuple[str, ...]]]:
    """By lane and visit, what is broken there, in sentences; None: the day as a whole."""
    sentences: dict[Key, dict[int | None, tuple[str, ...]]] = defaultdict(dict)
    open_stops = {key: [(row, row.placement.window) for row in rows if row.is_movable] for key, rows in stops.items()}
    for key, times in technician_days.timelines(open_stops).items():
        rows = {row.pk: row for row in stops[key]}
        for fault in times.breaks:
            said = _sentence(fault, people[key[0]], key[1], rows)
            said_before = sentences[key].get(fault.visit, ())
            if said not in said_before:
                sentences[key][fault.visit] = (*said_before, said)
    return sentences


def _sentence(fault: Break, technician: Technician, on: date, rows: Mapping[int, SiteVisit]) -> str:
    visit = rows.get(fault.visit) if fault.visit is not None else None
    return words.sentence(fault.code, technician=str(technician), on=on, visit=str(visit.order) if visit else "")
