"""The timer of D8: a nudge, two reminders, and the end of what nobody acted on; and more time by staff.

Each request is seen to in a transaction of its own, under its lock, after another look: a run that
dies in the middle is made good by the next one, two at once do it once, and one request that fails
does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock, locked, take_over
from msa_portal.errors import Refused
from requests_app import history
from requests_app.application import completeness
from requests_app.enums import OWNER_HOLDS, DecisionState, EventKind, ReminderKind, Status, WithdrawalReason
from requests_app.lifecycle import deadline_notices, transitions
from requests_app.models import DeadlineExtension, DeadlineReminder, MSARequest, ProgramSettings, StaffDecision
from requests_app.models.request import MSARequestQuerySet

logger = logging.getLogger(__name__)

# A draft that was left longer ago than this is past nudging: the reminders come in their time.
_NUDGE_WINDOW_DAYS = 14
MOST_MORE_DAYS = 365


def run_due() -> None:
    """Everything that is due now. It may run at any time, and any number of times."""
    program, today = ProgramSettings.current(), local_day(timezone.now())
    _each(_expired(today), lambda pk: _end(pk, program, today))
    for kind in (ReminderKind.LAST, ReminderKind.FIRST):
        _each(_near(kind, program, today), partial(_remind, kind=kind, program=program, today=today))
    _each(_left_early(program, today), lambda pk: _nudge(pk, program, today))


def _each(keys: Iterable[int], act: Callable[[int], None]) -> None:
    for pk in list(keys):
        try:
            with transaction.atomic():
                act(pk)
        except Refused as refusal:
            logger.info("request %s keeps its deadline for now: %s", pk, refusal.code)
        except Exception:  # one request's fault, whatever it is, is not the others'
            logger.exception("the deadline of request %s could not be seen to", pk)


def _running() -> MSARequestQuerySet:
    """A payment under way stops the clock: its money may come at any moment (D15). So does a decision that waits (D24)."""
    is_thawed = Q(frozen_until__isnull=True) | Q(frozen_until__lte=timezone.now())
    waiting = StaffDecision.objects.filter(msa_request=OuterRef("pk"), state=DecisionState.WAITING)
    return MSARequest.objects.filter(is_thawed, ~Exists(waiting), status__in=OWNER_HOLDS, owner_acts_by__isnull=False)


def _reminded(kind: ReminderKind) -> Exists:
    sent = DeadlineReminder.objects.filter(msa_request=OuterRef("pk"), kind=kind)
    return Exists(sent if kind == ReminderKind.NUDGE else sent.filter(deadline_on=OuterRef("owner_acts_by")))


def _keys(requests: MSARequestQuerySet) -> Iterable[int]:
    return requests.order_by("owner_acts_by", "pk").values_list("pk", flat=True)


def _locked(requests: MSARequestQuerySet, pk: int) -> MSARequest | None:
    """The row under its lock, if it is still among these: somebody may have acted meanwhile."""
    fresh = lock(MSARequest(pk=pk))
    return fresh if requests.filter(pk=pk).exists() else None


# --- Reminders ---------------------------------------------------------------------------
def _near_ones(kind: ReminderKind, program: ProgramSettings, today: date) -> MSARequestQuerySet:
    """The first reminder, also late; within the days of the last one, that one alone."""
    last = today + timedelta(days=program.last_reminder_days)
    first = today + timedelta(days=program.first_reminder_days)
    days = {"owner_acts_by__range": (today, last)}
    if kind == ReminderKind.FIRST:
        days = {"owner_acts_by__range": (last + timedelta(days=1), first)}
    return _running().filter(~_reminded(kind), **days)


def _near(kind: ReminderKind, program: ProgramSettings, today: date) -> Iterable[int]:
    return _keys(_near_ones(kind, program, today))


def _remind(pk: int, *, kind: ReminderKind, program: ProgramSettings, today: date) -> None:
    fresh = _locked(_near_ones(kind, program, today), pk)
    if fresh is not None and fresh.owner_acts_by is not None:
        _send_reminder(fresh, kind, fresh.owner_acts_by, today)


def _send_reminder(msa_request: MSARequest, kind: ReminderKind, act_by: date, today: date) -> None:
    DeadlineReminder.objects.create(msa_request=msa_request, kind=kind, deadline_on=act_by)
    deadline_notices.deadline_near(msa_request, kind, act_by=act_by, today=today)


def _left_ones(program: ProgramSettings, today: date) -> MSARequestQuerySet:
    until = _midnight(today - timedelta(days=program.nudge_days - 1))
    since = until - timedelta(days=_NUDGE_WINDOW_DAYS)
    left = _running().filter(~_reminded(ReminderKind.NUDGE), status=Status.UNSUBMITTED)
    return left.filter(updated_at__gte=since, updated_at__lt=until)


def _midnight(day: date) -> datetime:
    """When that day begins at the utility, on a day of 23 hours too."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _left_early(program: ProgramSettings, today: date) -> Iterable[int]:
    """Drafts with questions of the form still open; whoever got further waits for a signature or the fee."""
    rows = _left_ones(program, today).select_related("device").order_by("pk")
    return [row.pk for row in rows.iterator() if completeness.gaps(row)]


def _nudge(pk: int, program: ProgramSettings, today: date) -> None:
    fresh = _locked(_left_ones(program, today), pk)
    if fresh is not None and fresh.owner_acts_by is not None:
        DeadlineReminder.objects.create(msa_request=fresh, kind=ReminderKind.NUDGE, deadline_on=fresh.owner_acts_by)
        deadline_notices.draft_left(fresh)


# --- The end -----------------------------------------------------------------------------
def _past(today: date) -> MSARequestQuerySet:
    return _running().filter(owner_acts_by__lt=today)


def _expired(today: date) -> Iterable[int]:
    return _keys(_past(today))


def _end(pk: int, program: ProgramSettings, today: date) -> None:
    """Withdraw it. The refund that D4 gives is proposed by payments, which hears of it.

    Where no last reminder went out for this day, since the timer stood still, nobody was warned:
    they are warned now, and get the days that a last reminder gives.
    """
    fresh = _locked(_past(today), pk)
    if fresh is None or fresh.owner_acts_by is None:
        return
    if fresh.reminders.filter(kind=ReminderKind.LAST, deadline_on=fresh.owner_acts_by).exists():
        transitions.withdraw(fresh, by=None, reason=WithdrawalReason.EXPIRED)
        return
    act_by = today + timedelta(days=program.last_reminder_days)
    _move(fresh, fresh.owner_acts_by, act_by, by=None, reason=_("Nobody had been reminded of the last day."))
    _send_reminder(fresh, ReminderKind.LAST, act_by, today)


# --- More time ---------------------------------------------------------------------------
def extend(
    msa_request: MSARequest, *, to: date, reason: str, by: User, at: datetime | None = None
) -> DeadlineExtension:
    """Staff give more time, and say why. The person whose turn it is is told the new day. `at` is when staff decided."""
    if not by.has_perm("requests_app.screen_msarequest"):
        raise Refused(_("Only program staff give more time."), code="not_allowed")
    with locked(msa_request) as fresh:
        if fresh.status not in OWNER_HOLDS or fresh.owner_acts_by is None:
            raise history.stale(fresh, to=by)
        _check_extension(fresh.owner_acts_by, to, reason, today=local_day(at or timezone.now()))
        extension = _move(fresh, fresh.owner_acts_by, to, by=by, reason=reason.strip(), at=at)
        deadline_notices.deadline_extended(fresh, act_by=to, key=str(extension.pk))
    take_over(msa_request, fresh)
    return extension


def _check_extension(now: date, to: date, reason: str, *, today: date) -> None:
    if not reason.strip():
        raise Refused(_("Say why more time is given."), code="no_reason", fields={"reason": ""})
    if to <= now or to < today:
        raise Refused(_("The new day has to be later than the present one."), code="not_later", fields={"to": ""})
    if to > today + timedelta(days=MOST_MORE_DAYS):
        raise Refused(_("The new day may be a year from now at most."), code="too_late", fields={"to": ""})


def _move(
    msa_request: MSARequest, now: date, to: date, *, by: User | None, reason: str, at: datetime | None = None
) -> DeadlineExtension:
    extension = DeadlineExtension.objects.create(
        msa_request=msa_request, from_on=now, to_on=to, reason=reason, extended_by=by
    )
    msa_request.owner_acts_by = to
    msa_request.save(update_fields=["owner_acts_by"])
    codes = {"extension": extension.pk, "on": to.isoformat()}
    history.record(msa_request, EventKind.DEADLINE_EXTENDED, by=by, codes=codes, at=at)
    return extension
