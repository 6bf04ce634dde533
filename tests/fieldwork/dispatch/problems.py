"""Small problems to plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fieldwork.dispatch import DayWindow, Fixed, Place, Plan, Problem, Shift, Visit, haversine

HOUR = 3600
MORNING, AFTERNOON = (8 * HOUR, 12 * HOUR), (12 * HOUR, 17 * HOUR)


def day(number: int = 0) -> tuple[DayWindow, ...]:
    return tuple(DayWindow(number, *half) for half in (MORNING, AFTERNOON))


def days(*numbers: int) -> tuple[DayWindow, ...]:
    return tuple(window for number in numbers for window in day(number))


def shift(technician: str = "Ann", number: int = 0, **changed: Any) -> Shift:
    """Eight to five from the yard, seven hours of driving and work."""
    return replace(Shift(technician, number, 8 * HOUR, 17 * HOUR, 0, 0, 7 * HOUR), **changed)


def visit(number: int, **changed: Any) -> Visit:
    """At place `number`, an hour, any half of the first day."""
    return replace(Visit(number, number, HOUR, day()), **changed)


def problem(shifts: list[Shift], visits: list[Visit], places: int = 12) -> Problem:
    """The yard is place 0; the others lie along a road to the east, about six and a half minutes apart."""
    road = tuple(Place(40.0, -75.0 + 0.04 * number) for number in range(places))
    return Problem(road, tuple(shifts), tuple(visits), haversine(road))


def order(plan: Plan) -> dict[tuple[Any, int], list[Any]]:
    return {(route.technician, route.day): [stop.visit for stop in route.stops] for route in plan.routes}


def served(plan: Plan) -> set[Any]:
    return {stop.visit for route in plan.routes for stop in route.stops}


def published(asked: Problem, plan: Plan) -> Problem:
    """The same visits once customers were told what the plan says."""
    told = {
        stop.visit: Fixed(route.technician, route.day, stop.window.starts, stop.window.ends)
        for route in plan.routes
        for stop in route.stops
    }
    return replace(asked, visits=tuple(replace(visit, published=told.get(visit.id)) for visit in asked.visits))
