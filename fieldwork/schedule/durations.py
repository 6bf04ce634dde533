"""How long a visit takes at the site: staff's figure, else what closed visits took, else the program's setting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from django.db import transaction
from django.utils import timezone

from fieldwork.models import CloseOut, SiteVisit, VisitDuration
from requests_app.models import ProgramSettings

# Below the first, nobody was there; above the second, the close-out was forgotten: neither is a duration.
LEAST_MINUTES, MOST_MINUTES = 3, 240
# So few say nothing yet.
LEAST_SAMPLES = 5
# What is learned is pulled toward what was believed before, as if that stood for this many visits.
PRIOR_WEIGHT = 10
# What visits took longer ago is not how they are done now.
LEARN_FROM = timedelta(days=365)

Key = tuple[str, int | None]


def minutes_for(visits: Iterable[SiteVisit], *, usual: int) -> dict[int, int]:
    """Minutes at the site by the visit's id, for visits that were loaded with their requests; one query.

    Type and device first, then the type, then `usual`, which is the setting.
    """
    known = {(row.request_type, row.device_id): row.minutes for row in VisitDuration.objects.all() if row.minutes}
    kinds = ((visit.pk, visit.order.round.msa_request) for visit in visits)
    return {
        pk: known.get((of.request_type, of.device_id)) or known.get((of.request_type, None)) or usual
        for pk, of in kinds
    }


def learn() -> int:
    """Reckon anew what closed visits took, by type and device and by type; returns how many rows stand learned.

    The median of at least five visits, pulled toward the belief before: the type's for a device, the
    setting for a type. Staff's own figures stand untouched beside it.
    """
    took = _samples()
    believed: dict[Key, int] = {}
    usual = ProgramSettings.current().visit_minutes
    for key in sorted(took, key=lambda key: key[1] is not None):
        if len(took[key]) >= LEAST_SAMPLES:
            believed[key] = shrunk(took[key], toward=believed.get((key[0], None), usual))
    now = timezone.now()
    with transaction.atomic():
        for (kind, device), minutes in believed.items():
            VisitDuration.objects.update_or_create(
                request_type=kind,
                device_id=device,
                defaults={"learned_minutes": minutes, "samples": len(took[kind, device]), "learned_at": now},
            )
    return len(believed)


def _samples() -> dict[Key, list[float]]:
    part = "visit__order__round__msa_request__"
    accepted = CloseOut.objects.filter(accepted=True, received_at__gte=timezone.now() - LEARN_FROM)
    times = ("via", "opened_at", "device_time", "visit__on_site_at", "received_at")
    took: dict[Key, list[float]] = defaultdict(list)
    rows = accepted.values_list(*times, f"{part}request_type", f"{part}device_id")
    for *told, kind, device in rows.iterator():
        minutes = _minutes(*told)
        if minutes is not None and LEAST_MINUTES <= minutes <= MOST_MINUTES:
            took[kind, None].append(minutes)
            if device is not None:
                took[kind, device].append(minutes)
    return took


def _minutes(
    via: str,
    opened_at: datetime | None,
    device_time: datetime | None,
    on_site_at: datetime | None,
    received_at: datetime,
) -> float | None:
    """A report that waited in a phone arrived hours after the visit: there the phone's two times count, whose
    difference a wrong clock does not change (fault 57)."""
    began, ended = (on_site_at, received_at) if via == CloseOut.Via.FORM else (opened_at, device_time)
    if began is None or ended is None:
        return None
    return (ended - began).total_seconds() / 60


def shrunk(minutes: Sequence[float], *, toward: int) -> int:
    count = len(minutes)
    return round((count * median(minutes) + PRIOR_WEIGHT * toward) / (count + PRIOR_WEIGHT))
