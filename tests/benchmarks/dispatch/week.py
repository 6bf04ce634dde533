"""A made week: towns, technicians who live around them, visits with half days that suit. The same seed makes the same week."""

from __future__ import annotations

import math
from random import Random

from fieldwork.dispatch import DayWindow, Fixed, Place, Problem, Shift, Visit, haversine

DAYS = 5
MORNING, AFTERNOON = (8 * 3600, 12 * 3600), (12 * 3600, 17 * 3600)
HOURS = (8 * 3600, 17 * 3600)
MOST_WORK = 420 * 60
_TOWNS = 8  # each with its district
_SIDE = 0.7  # degrees of latitude
_MIDDLE = Place(39.9, -75.3)


def made(*, visits: int = 1000, technicians: int = 40, seed: int = 0) -> Problem:
    """About four fifths of everybody's day is taken, so that nearly all fits and the order matters."""
    chance = Random(seed)
    towns = [_somewhere(chance) for _ in range(_TOWNS)]
    homes = [_near(chance, towns[number % _TOWNS]) for number in range(technicians)]
    sites = [
        _near(chance, chance.choice(towns)) if chance.random() < 0.8 else _somewhere(chance) for _ in range(visits)
    ]
    places = [*homes, *sites]
    shifts = [shift for number in range(technicians) for shift in _week_of(number)]
    asked = [_visit(chance, number, technicians + number, _district(towns, site)) for number, site in enumerate(sites)]
    return Problem(tuple(places), tuple(shifts), tuple(_promised(chance, asked, shifts)), haversine(places))


def _week_of(technician: int) -> list[Shift]:
    """Two in three may mount isolating adapters. Each works in five of the districts, own one first."""
    skills = frozenset({"isolating"} if technician % 3 else ())
    districts = frozenset(f"D{(technician + step) % _TOWNS}" for step in (0, 1, 2, 3, 5))
    return [
        Shift(technician, day, *HOURS, technician, technician, MOST_WORK, skills, districts) for day in range(DAYS)
    ]


def _visit(chance: Random, number: int, place: int, district: str) -> Visit:
    windows = tuple(DayWindow(day, *half) for day, half in _halves(chance))
    return Visit(
        number,
        place,
        duration=60 * chance.choice((30, 40, 45, 50, 60, 75)),
        windows=windows,
        skills=frozenset({"isolating"} if chance.random() < 0.25 else ()),
        district=district,
        required=chance.random() < 0.3,
        urgency=chance.randint(1, 5),
    )


def _halves(chance: Random) -> list[tuple[int, tuple[int, int]]]:
    """Most can live with any half day until the due one; some with mornings or afternoons, some with a few days."""
    due = chance.choice((1, 2, 3, 4, 4, 4, 4))
    days, kind = list(range(due + 1)), chance.random()
    if kind < 0.6:
        return [(day, half) for day in days for half in (MORNING, AFTERNOON)]
    if kind < 0.85:
        half = chance.choice((MORNING, AFTERNOON))
        return [(day, half) for day in days]
    days = sorted(chance.sample(range(DAYS), 2))
    return [(day, half) for day in days for half in (MORNING, AFTERNOON)]


def _promised(chance: Random, visits: list[Visit], shifts: list[Shift]) -> list[Visit]:
    """Every tenth shift has one commitment, to a visit that its technician may take on that day."""
    promised: dict[int, Fixed] = {}
    for shift in chance.sample(shifts, len(shifts) // 10):
        for number, visit in enumerate(visits):
            window = next((window for window in visit.windows if window.day == shift.day), None)
            suits = visit.skills <= shift.skills and visit.district in shift.districts
            if window and suits and number not in promised:
                promised[number] = Fixed(shift.technician, shift.day, window.starts, window.ends)
                break
    return [
        Visit(**{**vars(visit), "required": True, "fixed": promised[number]}) if number in promised else visit
        for number, visit in enumerate(visits)
    ]


def _somewhere(chance: Random) -> Place:
    north, east = chance.uniform(-0.5, 0.5) * _SIDE, chance.uniform(-0.5, 0.5) * _SIDE
    return Place(_MIDDLE.latitude + north, _MIDDLE.longitude + east / math.cos(math.radians(_MIDDLE.latitude)))


def _near(chance: Random, town: Place) -> Place:
    return Place(chance.gauss(town.latitude, 0.04), chance.gauss(town.longitude, 0.05))


def _district(towns: list[Place], site: Place) -> str:
    near = min(range(len(towns)), key=lambda number: math.dist(towns[number], site))
    return f"D{near}"
