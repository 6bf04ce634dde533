"""What a move on the board would cost and break, before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fieldwork.models import Placement, SiteVisit, Technician
from fieldwork.planning import words
from fieldwork.schedule import technician_days
from fieldwork.schedule.technician_days import Key, Times

Stops = list[tuple[SiteVisit, str]]


@dataclass(frozen=True)
class Cost:
    """Against the board as it is. `breaks`: what the move would break that is whole now, in sentences;
    `shifts_later`: whose arrival comes later, by how many minutes."""

    extra_drive_seconds: int
    extra_meters: int
    breaks: tuple[str, ...]
    shifts_later: list[tuple[SiteVisit, int]]


def preview(visit: SiteVisit, *, technician: Technician, on: date, window: str, position: int | None) -> Cost:
    """What `board.place` with the same words would do. Writes nothing, locks nothing."""
    target = (technician.pk, on)
    own = Placement.objects.filter(visit=visit).values_list("lane__technician", "lane__on").first()
    before = _stops({target} | ({own} if own else set()))
    after = {key: [stop for stop in stops if stop[0].pk != visit.pk] for key, stops in before.items()}
    after[target] = _inserted(after[target], (visit, window), position)
    was, would = technician_days.timelines(before), technician_days.timelines(after)
    broken = set(words.breaks(was))
    return Cost(
        extra_drive_seconds=_sum(would, "drive") - _sum(was, "drive"),
        extra_meters=_sum(would, "meters") - _sum(was, "meters"),
        breaks=tuple(sentence for sentence in words.breaks(would) if sentence not in broken),
        shifts_later=_later(before[target], was.get(target), would[target]),
    )


def _stops(keys: Iterable[Key]) -> dict[Key, Stops]:
    placements: dict[Key, list[Placement]] = {key: [] for key in keys}
    rows = Placement.objects.filter(
        lane__technician__in=[key[0] for key in placements], lane__on__in=[k[1] for k in placements]
    )
    for row in rows.select_related("visit", "lane"):
        key = (row.lane.technician_id, row.lane.on)
        if key in placements:
            placements[key].append(row)
    return {
        key: [(placement.visit, placement.window) for placement in technician_days.in_order(rows)]
        for key, rows in placements.items()
    }


def _inserted(stops: Stops, stop: tuple[SiteVisit, str], position: int | None) -> Stops:
    """As `technician_days.put` orders them: by half day, within it where the dispatcher said."""
    index = len(stops) if position is None else max(position - 1, 0)
    return sorted([*stops[:index], stop, *stops[index:]], key=lambda placed: technician_days.ORDER[placed[1]])


def _sum(times: Mapping[Key, Times], figure: str) -> int:
    return sum(getattr(time.route, figure) for time in times.values() if time.route)


def _later(stops: Sequence[tuple[SiteVisit, str]], was: Times | None, would: Times) -> list[tuple[SiteVisit, int]]:
    if was is None or was.route is None or would.route is None:
        return []
    begins = {stop.visit: stop.begins for stop in would.route.stops}
    before = {stop.visit: stop.begins for stop in was.route.stops}
    shifts = [(visit, (begins[visit.pk] - before[visit.pk]) // 60) for visit, _w in stops if visit.pk in begins]
    return [(visit, minutes) for visit, minutes in shifts if minutes > 0]
