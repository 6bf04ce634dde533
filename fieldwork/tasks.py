"""Jobs of field work."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from fieldwork import arrival_watch, reminders
from fieldwork.models import VisitPhoto
from fieldwork.phone import uploads
from msa_portal.business_days import calendar
from msa_portal.errors import Refused
from requests_app import lifecycle, quarantine
from requests_app.models import MSARequest, ProgramSettings

log = structlog.get_logger(__name__)


@shared_task
def issue_due_orders() -> int:
    """The timer for valid requests (S): issue what has waited for the days that supervisors set.

    One that cannot be issued, a disputed fee say, is passed over and logged; staff see why.
    """
    wait = ProgramSettings.current().auto_issue_days
    if wait is None:
        return 0
    days = calendar.load()
    today = calendar.local_day(timezone.now())
    issued = 0
    for request in MSARequest.objects.awaiting_service_order().iterator():
        if days.add(calendar.local_day(request.waiting_since), wait) > today:
            continue
        try:
            lifecycle.issue_service_order(request, by=None)
        except Refused as refusal:
            log.info("service_order_not_issued", request=request.reference, code=refusal.code)
        else:
            issued += 1
    return issued


@shared_task
def scan_quarantine() -> None:
    quarantine.look_again(VisitPhoto.objects.all())


@shared_task
def remind_of_visits() -> int:
    return reminders.remind()


@shared_task
def watch_arrivals() -> int:
    return arrival_watch.watch()


@shared_task
def sweep_uploads() -> int:
    return uploads.sweep()
