"""A dispatcher at the board, technicians, and visits that wait."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fieldwork.models import Lane, SiteVisit, Technician
from fieldwork.planning import board
from fieldwork.planning.board import Seen
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from tests import factories
from tests.fieldwork.conftest import business_day, new_technician, visit_of

BOARD = "admin:fieldwork_board"


def waiting(**facts: Any) -> SiteVisit:
    return visit_of(factories.ordered(**facts))


def place(visit: SiteVisit, technician: Technician, *, after: int = 1, window: str = "morning", **more: Any) -> None:
    """On the board as it is, by another dispatcher."""
    by = more.pop("by", None) or factories.UserFactory(name="Dora Dispatch", roles=[Role.DISPATCHER])
    seen = [Seen(lane.technician_id, lane.on, lane.version) for lane in Lane.objects.all()]
    values = {"technician": technician, "on": business_day(after), "window": window, "position": None} | more
    board.place(visit, **values, seen=seen, by=by)


def seen_now(*lanes: tuple[Technician, int]) -> list[str]:
    rows = {(row.technician_id, row.on): row.version for row in Lane.objects.all()}
    keys = [(technician.pk, business_day(after)) for technician, after in lanes]
    return [f"{key[0]}:{key[1].isoformat()}:{rows.get(key, 0)}" for key in keys]


def post_json(client: Client, name: str, **body: Any) -> Any:
    span = {"view": "week", "on": business_day().isoformat()}
    return client.post(reverse(name), json.dumps({"span": span} | body), content_type="application/json")


def move(visit: SiteVisit, technician: Technician, *, after: int = 1, **more: Any) -> dict[str, Any]:
    """As the script sends it."""
    values = {"window": "morning", "position": 1, "seen": seen_now((technician, after))}
    return (
        {"visit": str(visit.pk), "technician": str(technician.pk), "on": business_day(after).isoformat()}
        | values
        | more
    )


@pytest.fixture
def dan(client: Client, db: None) -> User:
    person = factories.dispatcher()
    client.force_login(person)
    return person


@pytest.fixture
def tess(db: None) -> Technician:
    return new_technician("T-1", name="Tess Lund")


@pytest.fixture
def theo(db: None) -> Technician:
    return new_technician("T-2", name="Theo Grant")
