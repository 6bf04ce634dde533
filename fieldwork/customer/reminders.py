"""A reminder on the business day before the visit, from 10 a.m. on."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction
from django.utils import timezone

from fieldwork import notices
from fieldwork.models import SiteVisit
from msa_portal.business_days import calendar
from msa_portal.business_days.calendar import UTILITY_ZONE, local_day
from msa_portal.db import lock
from requests_app.enums import EventKind

FROM_HOUR = 10


def remind() -> int:
    """Remind of the next business day's visits; running again reminds nobody twice. Returns how many visits are due."""
    now = timezone.now()
    today, days = local_day(now), calendar.load()
    from_moment = datetime.combine(today, time(FROM_HOUR), UTILITY_ZONE)
    if now < from_moment or not days.is_business_day(today):
        return 0
    rows = SiteVisit.objects.filter(state=SiteVisit.State.SCHEDULED, scheduled_on=days.add(today, 1))
    return sum(_remind(visit, from_moment) for visit in rows.select_related("order__round__msa_request"))


def _remind(visit: SiteVisit, from_moment: datetime) -> bool:
    with transaction.atomic():
        lock(visit.order.round.msa_request)
        fresh = lock(visit)
        same = (fresh.state, fresh.scheduled_on) == (SiteVisit.State.SCHEDULED, visit.scheduled_on)
        if not same or _told_at(fresh) >= from_moment:
            return False
        notices.visit_reminder(fresh)
    return True


def _told_at(visit: SiteVisit) -> datetime:
    """When people were told of this very day and window: later changes of the technician are not told."""
    kinds = (EventKind.VISIT_SCHEDULED, EventKind.VISIT_MOVED)
    events = visit.order.round.msa_request.events.filter(kind__in=kinds, codes__visit=visit.pk)
    told_at = visit.updated_at
    for event in events.order_by("-sequence"):
        if (event.codes["on"], event.codes["window"]) != (str(visit.scheduled_on), visit.window):
            break
        told_at = event.at
    return told_at
