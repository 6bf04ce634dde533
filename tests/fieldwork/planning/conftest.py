"""A dispatcher, technicians who start at a yard, and visits whose sites are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fieldwork.models import Lane, Placement, ServiceOrder, SiteVisit, Technician, Yard
from fieldwork.planning import board
from fieldwork.planning.board import Change, Seen
from msa_portal.accounts.models import User
from tests import factories
from tests.fieldwork.conftest import business_day, new_technician, visit_of

# Around Monrovia, a few minutes' drive apart.
SITES = [
    ("34.144300", "-118.001900"),
    ("34.139400", "-117.977300"),
    ("34.136200", "-118.040100"),
    ("34.133600", "-117.907600"),
    ("34.106700", "-118.050700"),
    ("34.088800", "-117.989900"),
]


def at_yard(number: str = "T-1", **fields: Any) -> Technician:
    yard, _created = Yard.objects.get_or_create(
        name="Monrovia", defaults={"latitude": Decimal("34.140000"), "longitude": Decimal("-118.010000")}
    )
    technician = new_technician(number)
    technician.yard = yard
    for name, value in fields.items():
        setattr(technician, name, value)
    technician.save()
    return technician


def waiting(count: int = 1, *, due_on: date | None = None, first: int = 0) -> list[SiteVisit]:
    """Visits of new orders that stand nowhere yet."""
    made = []
    for index in range(first, first + count):
        visit = visit_of(factories.ordered())
        latitude, longitude = SITES[index % len(SITES)]
        values: dict[str, Any] = {"latitude": latitude, "longitude": longitude, "due_on": due_on or visit.order.due_on}
        ServiceOrder.objects.filter(pk=visit.order_id).update(**values)
        made.append(visit_of(visit.order.round.msa_request))
    return made


def seen(technician: Technician, on: date) -> list[Seen]:
    """That lane as a dispatcher sees it who looks now."""
    lane = Lane.objects.filter(technician=technician, on=on).first()
    return [Seen(technician.pk, on, lane.version if lane else 0)]


def put(
    visit: SiteVisit,
    technician: Technician,
    *,
    by: User,
    on: date | None = None,
    window: str = "morning",
    position: int | None = None,
) -> Change:
    """Placed by somebody who looked at both lanes just before."""
    day = on or business_day()
    looked = seen(technician, day)
    placed = Placement.objects.filter(visit=visit).select_related("lane__technician").first()
    if placed is not None:
        looked += seen(placed.lane.technician, placed.lane.on)
    return board.place(visit, technician=technician, on=day, window=window, position=position, seen=looked, by=by)


def standing(technician: Technician, on: date | None = None) -> Sequence[tuple[int, str]]:
    rows = Placement.objects.filter(lane__technician=technician, lane__on=on or business_day())
    return list(rows.order_by("position").values_list("visit", "window"))


@pytest.fixture
def dispatcher(db: None) -> User:
    return factories.dispatcher()


@pytest.fixture
def technician(db: None) -> Technician:
    return at_yard()
