"""Runs of the planner: asked for by a dispatcher, worked on by one worker at a time, taken onto the board.

A worker claims a run by a conditional update and shows that it lives by heartbeats, each under its own attempt: one that
fell silent loses the run to the next, and stops when it notices (fault 26). The seed stays, so the plan does too.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import PlanRun
from fieldwork.planning.guards import check_may
from fieldwork.planning.plan_adoption import Taken, take
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from msa_portal.jobs import kick
from requests_app.models import ProgramSettings

__all__ = ["Taken", "cancel", "claim", "of_attempt", "request", "sweep", "take"]

MOST_DAYS = 15
# Without a heartbeat for so long, whoever worked on the run is gone. pyvroom does not let anybody look in while it
# constructs, some 2 s for 1,000 visits, and many times that on a machine that is busy.
SILENT_AFTER = timedelta(seconds=60)
# A run that nobody began for so long was lost by the broker.
LOST_AFTER = timedelta(seconds=30)
MOST_ATTEMPTS = 3


def request(from_on: date, until_on: date, *, by: User, seconds: int = 20, seed: int = 0) -> PlanRun:
    """Ask for a plan of these days. Only one run at a time may be open for a day: two would plan the same visits.

    Raises `Refused` with the field, or with who asked for the run that is open.
    """
    check_may(by)
    _check_horizon(from_on, until_on)
    with transaction.atomic():
        lock(ProgramSettings.current())  # one asks at a time: a row that is not there yet cannot be locked
        other = _open().filter(from_on__lte=until_on, until_on__gte=from_on).select_related("requested_by").first()
        if other is not None:
            words = _("%(who)s is having %(first)s to %(last)s planned. Wait for that plan, or cancel it.")
            values = {"first": formats.day(other.from_on), "last": formats.day(other.until_on)}
            raise Refused(words % {"who": other.requested_by, **values}, code="run_open")
        run = PlanRun(from_on=from_on, until_on=until_on, seconds=seconds, seed=seed, requested_by=by)
        run.clean_fields(exclude=["progress", "result", "findings"])
        run.save()
        _ask_a_worker(run.pk)
    return run


def _check_horizon(from_on: date, until_on: date) -> None:
    days, today = calendar.load(), calendar.local_day(timezone.now())
    if from_on <= today:
        words = _("Planning begins tomorrow: today's visits are on their way. Choose a later day.")
        raise Refused(words, code="day", fields={"from_on": words})
    if until_on < from_on:
        words = _("The last day is before the first.")
        raise Refused(words, code="day", fields={"until_on": words})
    count = days.between(from_on - timedelta(days=1), until_on)
    if not 1 <= count <= MOST_DAYS:
        words = _("Choose from 1 to %(most)s business days.") % {"most": MOST_DAYS}
        raise Refused(words, code="day", fields={"until_on": words})


def _open() -> Any:
    return PlanRun.objects.filter(state__in=PlanRun.OPEN_STATES)


def _ask_a_worker(run_pk: int) -> None:
    kick("fieldwork.plan", run_pk)


def cancel(run: PlanRun, *, by: User) -> PlanRun:
    """One that waits ends at once; one that is worked on ends within a second. Raises `Stale` where it is over."""
    check_may(by)
    now = timezone.now()
    with transaction.atomic():
        fresh = lock(run)
        if fresh.state not in PlanRun.OPEN_STATES:
            raise Stale(
                _("This run is “%(state)s” already.") % {"state": fresh.get_state_display()},
                code="stale",
            )
        fresh.cancel_asked_at = fresh.cancel_asked_at or now
        if fresh.state == PlanRun.State.QUEUED:
            fresh.state, fresh.finished_at = PlanRun.State.CANCELED, now
        fresh.save(update_fields=["cancel_asked_at", "state", "finished_at"])
    run.refresh_from_db()
    return run


def claim(run_pk: int) -> PlanRun | None:
    """The run, for whoever works on it from now on; None where another does, or it is over."""
    now = timezone.now()
    silent = Q(state=PlanRun.State.RUNNING, heartbeat_at__lt=now - SILENT_AFTER)
    free = PlanRun.objects.filter(Q(state=PlanRun.State.QUEUED) | silent, pk=run_pk, attempts__lt=MOST_ATTEMPTS)
    claimed = free.update(
        state=PlanRun.State.RUNNING, attempts=F("attempts") + 1, started_at=now, heartbeat_at=now, progress={}
    )
    return PlanRun.objects.get(pk=run_pk) if claimed else None


def of_attempt(run: PlanRun) -> Any:
    """The run's row while it is still worked on in this attempt."""
    return PlanRun.objects.filter(pk=run.pk, state=PlanRun.State.RUNNING, attempts=run.attempts)


def sweep() -> int:
    """Begin again what fell silent or was never begun; give up what fell silent too often. How many were asked for."""
    now = timezone.now()
    silent = PlanRun.objects.filter(state=PlanRun.State.RUNNING, heartbeat_at__lt=now - SILENT_AFTER)
    silent.filter(cancel_asked_at__isnull=False).update(state=PlanRun.State.CANCELED, finished_at=now)
    silent.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=PlanRun.State.FAILED,
        finished_at=now,
        error=_("The worker ended in the middle %(count)s times. Look at its log and memory.")
        % {"count": MOST_ATTEMPTS},
    )
    lost = PlanRun.objects.filter(state=PlanRun.State.QUEUED, requested_at__lt=now - LOST_AFTER)
    waiting = [*silent.values_list("pk", flat=True), *lost.values_list("pk", flat=True)]
    for run_pk in waiting:
        _ask_a_worker(run_pk)
    return len(waiting)
