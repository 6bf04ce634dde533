"""The last day to act where the ball is with the owner or agent (D8). Calendar days, the utility's.

Whatever they do moves the day on; it never comes nearer than it was promised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from requests_app import permissions, program, signals
from requests_app.enums import OWNER_HOLDS, EventKind
from requests_app.models import MSARequest, ProgramSettings, RequestEvent


@dataclass(frozen=True)
class Deadline:
    """`left_days` is 0 on the last day, and below once it has passed; `soon`: reminders go out by now."""

    on: date
    left_days: int
    soon: bool

    @property
    def has_passed(self) -> bool:
        return self.left_days < 0

    @property
    def time_left(self) -> str:
        """In words, to stand inside a sentence."""
        if self.has_passed:
            return gettext("the day has passed")
        if self.left_days == 0:
            return gettext("today is the last day")
        return ngettext("%(days)s day left", "%(days)s days left", self.left_days) % {"days": self.left_days}


def deadline_of(msa_request: MSARequest, *, today: date, figures: ProgramSettings) -> Deadline | None:
    if msa_request.owner_acts_by is None or msa_request.status not in OWNER_HOLDS:
        return None
    left = (msa_request.owner_acts_by - today).days
    return Deadline(msa_request.owner_acts_by, left, left <= figures.first_reminder_days)


def new_deadline(msa_request: MSARequest, at: datetime | None = None) -> date:
    """The last day for what starts or changes now, or for what staff decided `at` that moment."""
    return local_day(at or timezone.now()) + timedelta(days=program.of(msa_request).figures.draft_life_days)


def extended_deadline(msa_request: MSARequest) -> date:
    return max(new_deadline(msa_request), msa_request.owner_acts_by or date.min)


def record_activity(msa_request: MSARequest, *, by: User | None) -> None:
    """Somebody did something about it. `by` None: the customer, by a mailed link.

    The caller holds the lock on the request.
    """
    if msa_request.status not in OWNER_HOLDS or not (by is None or permissions.acts_for(by, msa_request)):
        return
    last_day = extended_deadline(msa_request)
    if last_day != msa_request.owner_acts_by:
        msa_request.owner_acts_by = last_day
        msa_request.save(update_fields=["owner_acts_by"])


def connect() -> None:
    signals.event_recorded.connect(_on_event, dispatch_uid="deadlines of requests")


def _on_event(msa_request: MSARequest, event: RequestEvent, by: User | None, **_kwargs: Any) -> None:
    """An event of the owner's or agent's is an act, whatever its kind; one without a person is the portal's."""
    if by is not None or event.kind == EventKind.AGREEMENT_SIGNED:
        record_activity(msa_request, by=by)
