"""The last day to act where the ball is with the owner or agent (D8). Calendar days, the utility's.

Whatever they do moves the day on; it never comes nearer than it was promised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from requests_app import permissions, signals
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


def of(request: MSARequest, *, today: date, figures: ProgramSettings) -> Deadline | None:
    if request.owner_acts_by is None or request.status not in OWNER_HOLDS:
        return None
    left = (request.owner_acts_by - today).days
    return Deadline(request.owner_acts_by, left, left <= figures.first_reminder_days)


def anew() -> date:
    """The last day for what starts or changes now."""
    return local_day(timezone.now()) + timedelta(days=ProgramSettings.current().draft_life_days)


def renewed(request: MSARequest) -> date:
    return max(anew(), request.owner_acts_by or date.min)


def acted(request: MSARequest, *, by: User | None) -> None:
    """Somebody did something about it. `by` None: the customer, by a mailed link.

    The caller holds the lock on the request.
    """
    if request.status not in OWNER_HOLDS or not (by is None or permissions.acts_for(by, request)):
        return
    last_day = renewed(request)
    if last_day != request.owner_acts_by:
        request.owner_acts_by = last_day
        request.save(update_fields=["owner_acts_by"])


def connect() -> None:
    signals.event_recorded.connect(_on_event, dispatch_uid="deadlines of requests")


def _on_event(request: MSARequest, event: RequestEvent, by: User | None, **_kwargs: Any) -> None:
    """An event of the owner's or agent's is an act, whatever its kind; one without a person is the portal's."""
    if by is not None or event.kind == EventKind.AGREEMENT_SIGNED:
        acted(request, by=by)
