"""What tells a board in a browser that it is old: a short token for each lane and for the side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import blake2s
from typing import Any

from django.db.models import Q

from fieldwork.models import Lane, ServiceOrder, SiteVisit

Key = tuple[int, date]
EMPTY = "0"


def name(key: Key) -> str:
    """How pages and scripts name a lane: "12:2026-12-08"."""
    return f"{key[0]}:{key[1].isoformat()}"


def key_of(text: str) -> Key:
    """Raises ValueError."""
    technician, on = text.split(":")
    return int(technician), date.fromisoformat(on)


@dataclass(frozen=True)
class Tokens:
    """By lane; a lane that is not here is empty."""

    lanes: dict[Key, str]
    versions: dict[Key, int]
    side: str

    def of(self, key: Key) -> str:
        return self.lanes.get(key, EMPTY)


def read(from_on: date, until_on: date, *, today: date) -> Tokens:
    """In three queries. A token changes with what stands in its lane, and with the state of each visit there."""
    between = (from_on, until_on)
    rows = Lane.objects.filter(on__range=between).values_list("technician", "on", "version")
    versions = {(technician, on): version for technician, on, version in rows}
    content: dict[Key, list[Any]] = defaultdict(list)
    stops = SiteVisit.objects.filter(placement__lane__on__range=between).order_by("pk")
    seen = ("pk", "state", "updated_at", "order__due_on")
    for technician, on, *facts in stops.values_list("placement__lane__technician", "placement__lane__on", *seen):
        content[technician, on].append(facts)
    lanes = {key: _digest([version, content[key]]) for key, version in versions.items()}
    return Tokens(
        lanes, versions, _digest(waiting(between, today=today).values_list("pk", "updated_at", "order__due_on"))
    )


def waiting(between: tuple[date, date], *, today: date) -> Any:
    """What stands at the side, the most urgent first: visits that stand nowhere, and those left over from a day that is
    past and not shown."""
    nowhere = Q(placement__isnull=True)
    left_over = Q(placement__lane__on__lt=today) & ~Q(placement__lane__on__range=between)
    rows = SiteVisit.objects.filter(state__in=[SiteVisit.State.UNSCHEDULED, SiteVisit.State.SCHEDULED])
    rows = rows.filter(nowhere | left_over, order__state=ServiceOrder.State.OPEN)
    return rows.order_by("order__due_on", "pk")


def _digest(values: Iterable[Any]) -> str:
    return blake2s(repr(list(values)).encode(), digest_size=6).hexdigest()
