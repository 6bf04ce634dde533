"""The phone's clock beside the server's, which rules (fault 19)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

_MOST = timedelta(days=3650)
# Longer than that, and what the phone tells of is another day's.
_LONGEST_WAIT = timedelta(hours=24)


def seconds_ahead(phone_now: str | None, now: datetime) -> int | None:
    """How far the phone's clock is ahead, by what it says on sending; None where it does not say."""
    said = _read(phone_now)
    if said is None:
        return None
    return int(max(-_MOST, min(said - now, _MOST)).total_seconds())


def when(at: datetime | None, phone_now: str | None, now: datetime, *, seconds_ago: int | None = None) -> datetime:
    """When something was, in the server's time: as long ago as the phone counted, else as it was by its own clock.

    Now, where the phone does not say, or where its clock was set since.
    """
    if seconds_ago is not None:
        counted = timedelta(seconds=seconds_ago)
        return now - counted if counted <= _LONGEST_WAIT else now
    said = _read(phone_now)
    if at is None or said is None:
        return now
    ago = said - at
    return now - ago if timedelta(0) <= ago <= _LONGEST_WAIT else now


def _read(text: str | None) -> datetime | None:
    try:
        moment = parse_datetime(text or "")
    except ValueError:
        return None
    return moment if moment and is_aware(moment) else None
