"""How much each technician's phone still holds, as it says itself at each contact, and what dispatch sees of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from fieldwork.models import PhoneContact, SiteVisit, Technician
from msa_portal.business_days.calendar import local_day

_COUNTS = ("reports", "photos", "taps", "drafts")
_MOST = 9_999
# The same counts are not written again at each chunk.
_OFTEN = timedelta(minutes=1)
# From here on dispatch reads that a phone was not heard from: what it said is old.
SILENT = timedelta(hours=2)
# A phone that was silent for so long is not shown, and forgotten.
FORGOTTEN = timedelta(days=14)


def record(technician: Technician, header: str, now: datetime) -> None:
    """Keep what the phone says; nothing where it says nothing that can be read."""
    said = _read(header)
    if said is None:
        return
    phone, values = said
    row = PhoneContact.objects.filter(technician=technician, phone=phone).first()
    if row and now - row.seen_at < _OFTEN and all(getattr(row, name) == value for name, value in values.items()):
        return
    PhoneContact.objects.update_or_create(technician=technician, phone=phone, defaults=values | {"seen_at": now})


def _read(header: str) -> tuple[UUID, dict[str, Any]] | None:
    try:
        said = json.loads(header[:500])
        phone = UUID(said["phone"])
        counts = {name: max(0, min(int(said[name]), _MOST)) for name in _COUNTS}
        since = parse_datetime(said.get("since") or "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None
    return phone, counts | {"since": since if since and is_aware(since) else None}


@dataclass(frozen=True)
class Unsent:
    """A phone with work on it, or one of a technician with open visits today that was not heard from of late."""

    contact: PhoneContact
    is_silent: bool


def unsent(now: datetime) -> list[Unsent]:
    """What dispatch should know of, the oldest word first. One query."""
    today = SiteVisit.objects.open().filter(technician=OuterRef("technician"), scheduled_on=local_day(now))
    rows = PhoneContact.objects.filter(seen_at__gt=now - FORGOTTEN, technician__is_active=True)
    rows = rows.select_related("technician__user").annotate(works_today=Exists(today)).order_by("seen_at")
    told = [(row, now - row.seen_at > SILENT) for row in rows]
    return [Unsent(row, silent) for row, silent in told if row.holds_work or (silent and row.works_today)]


def forget_old(now: datetime) -> int:
    count, _by_model = PhoneContact.objects.filter(seen_at__lt=now - FORGOTTEN).delete()
    return count
