"""Room in half days by their minutes alone, where sites are not known and no way can be worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date

from fieldwork.models import Placement, SiteVisit
from fieldwork.schedule import facts
from fieldwork.schedule.facts import SkillNeeds
from fieldwork.schedule.problem import Translated
from fieldwork.schedule.shifts import WINDOWS

DRIVE = 20  # minutes on the way to each stop
Key = tuple[int, date]


def free(visit: SiteVisit, translated: Translated, keys: Collection[Key]) -> Iterator[tuple[int, date, str]]:
    """The technicians' half days among `keys` that can take the visit, in the order of their days. Three queries."""
    row = translated.visits[visit.pk]
    skills, district = SkillNeeds.load().of(row), str(row.order.district_id or "")
    used = _used(visit, keys)
    for technician, on in sorted(keys, key=lambda key: (key[1], key[0])):
        shift = translated.shift(technician, on)
        if shift is None or not skills <= shift.skills:
            continue
        if district and shift.districts and district not in shift.districts:
            continue
        needs = translated.minutes[visit.pk] + DRIVE
        halves = used[technician, on]
        for window, (starts, ends) in WINDOWS.items():
            room = (min(ends, shift.ends) - max(starts, shift.starts)) // 60
            fits = halves[window] + needs <= room and sum(halves.values()) + needs <= shift.most_work // 60
            if fits and facts.suits(row.order, on, window):
                yield technician, on, window


def _used(visit: SiteVisit, keys: Collection[Key]) -> dict[Key, dict[str, int]]:
    """Minutes that stand in each half of those days without this visit, the ways counted in."""
    booked: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(WINDOWS, 0))
    placed = Placement.objects.filter(lane__on__in={on for _technician, on in keys}).exclude(visit=visit)
    rows = placed.filter(visit__state__in=SiteVisit.OPEN_STATES)
    for technician, on, window, minutes in rows.values_list("lane__technician", "lane__on", "window", "minutes"):
        booked[technician, on][window] += minutes + DRIVE
    return booked
