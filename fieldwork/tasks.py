"""Jobs of field work."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from fieldwork import learning
from fieldwork.customer import arrival_watch, reminders
from fieldwork.models import VisitPhoto
from fieldwork.phone import contacts, uploads
from fieldwork.planning import execution, runs
from fieldwork.schedule import durations, positions
from fieldwork.visits import due_dates
from msa_portal.business_days import calendar
from msa_portal.errors import Refused
from requests_app.files import quarantine
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest, ProgramSettings

log = structlog.get_logger(__name__)

# The longest time that a dispatcher may give the planner (`PlanRun.seconds`), and reading and writing around it. A task
# that outlives the broker's visibility timeout is handed out again: the run's claim stops the second.
_PLAN_SECONDS = 600 + 120


@shared_task
def issue_due_orders() -> int:
    """The timer for valid requests (S): issue what has waited for the days that supervisors set.

    One that cannot be issued, a disputed fee say, is passed over and logged; staff see why. One that a rule
    speaks against, learned while it waited, is left for staff to decide.
    """
    wait = ProgramSettings.current().auto_issue_days
    if wait is None:
        return 0
    days = calendar.load()
    today = calendar.local_day(timezone.now())
    issued = 0
    for msa_request in learning.not_ruled_out(MSARequest.objects.awaiting_service_order()).iterator():
        if days.add(calendar.local_day(msa_request.waiting_since), wait) > today:
            continue
        try:
            transitions.issue_service_order(msa_request, by=None)
        except Refused as refusal:
            log.info("service_order_not_issued", msa_request=msa_request.reference, code=refusal.code)
        else:
            issued += 1
    return issued


@shared_task(time_limit=_PLAN_SECONDS)
def plan(run_pk: int) -> None:
    execution.execute(run_pk)


@shared_task
def sweep_plans() -> int:
    return runs.sweep()


@shared_task
def tend_orders() -> None:
    """Nightly: due days as the clocks stand now, and positions of sites that had none."""
    due_dates.refresh()
    positions.locate_missing()
    positions.follow_districts()


@shared_task
def refresh_due_dates() -> int:
    return due_dates.refresh()


@shared_task
def learn_durations() -> int:
    return durations.learn()


@shared_task
def propose_rules() -> int:
    """What visits taught, each night, for staff to decide on."""
    return learning.propose()


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
    """What phones began to send and never finished, and phones that fell silent weeks ago."""
    contacts.forget_old(timezone.now())
    return uploads.sweep()
