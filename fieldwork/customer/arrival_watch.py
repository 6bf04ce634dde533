"""Looking after what people were told of an arrival, on the day itself."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from fieldwork import notices
from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import arrivals
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock


def watch() -> int:
    """Tell again, once at most for each day, where somebody who is on the way is expected outside the window that was
    told, or half an hour off. The page always knows the newest. Returns how many were told."""
    now = timezone.now()
    told = SiteVisit.objects.filter(state=SiteVisit.State.SCHEDULED, scheduled_on=local_day(now))
    told = told.filter(on_the_way_at__isnull=False, expected_at__isnull=False)
    by_technician: dict[Technician, list[SiteVisit]] = defaultdict(list)
    for visit in told.select_related("technician", "order__round__msa_request"):
        if visit.technician is not None:
            by_technician[visit.technician].append(visit)
    count = 0
    for technician, visits in by_technician.items():
        expected = arrivals.expected(technician, local_day(now), now)
        count += sum(_look_again(visit, expected[visit.pk]) for visit in visits if visit.pk in expected)
    return count


def _look_again(visit: SiteVisit, expected_at: datetime) -> bool:
    if not _is_news(visit, expected_at):
        return False
    with transaction.atomic():
        lock(visit.order.round.msa_request)
        fresh = lock(visit)
        waits = fresh.state == SiteVisit.State.SCHEDULED and fresh.on_the_way_at is not None
        if not waits or not _is_news(fresh, expected_at) or notices.was_told_anew(fresh):
            return False
        fresh.expected_at = expected_at
        fresh.save(update_fields=["expected_at", "updated_at"])
        notices.visit_expected_anew(fresh, expected_at)
    return True


def _is_news(visit: SiteVisit, expected_at: datetime) -> bool:
    if visit.expected_at is None or visit.scheduled_on is None:
        return False
    return arrivals.is_news(visit.expected_at, expected_at, on=visit.scheduled_on, window=visit.window)
