"""When a visit's day may be changed by the customer, and which days may be named as unsuitable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import FilteredRelation, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fieldwork.models import Absence, DayChange, ServiceOrder, SiteVisit, UnsuitableDay
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from requests_app import program
from requests_app.models import MSARequest
from requests_app.program import Program

MOST_NAMED = 10  # half days
_DAYS_SHOWN = 15  # business days
_NOTICE = "day_change_notice_days"


def visits_of(msa_request: MSARequest) -> list[SiteVisit]:
    """Each visit in the order that they were made, with the report that counts as `accepted_report` where there is one."""
    return msa_request.case.judged(_visits_of)


def _visits_of(msa_request: MSARequest) -> list[SiteVisit]:
    accepted = FilteredRelation("close_outs", condition=Q(close_outs__accepted=True))
    rows = SiteVisit.objects.filter(order__round__msa_request=msa_request).annotate(accepted_report=accepted)
    beside: list[Any] = ["order__round", "order__day_change", "technician__user", "accepted_report"]
    visits: list[Any] = list(rows.select_related(*beside).order_by("pk"))
    for visit in visits:
        visit.order.round.msa_request = msa_request
    return visits


def open_visit(msa_request: MSARequest) -> SiteVisit | None:
    """The visit of the request's open order: to be planned, planned, or under way."""
    is_open = (
        visit
        for visit in reversed(visits_of(msa_request))
        if visit.state in SiteVisit.OPEN_STATES and visit.order.state == ServiceOrder.State.OPEN
    )
    return next(is_open, None)


def day_change(order: ServiceOrder) -> DayChange | None:
    """The wish that was made for this order, whatever became of it."""
    wish: DayChange | None = getattr(order, "day_change", None)
    return wish


def last_day(visit: SiteVisit) -> date | None:
    """Until when another day may be chosen; None where it cannot be (any more)."""
    if visit.scheduled_on is None or why_not(visit) is not None:
        return None
    return _latest(visit.scheduled_on, _settings(visit))


def _settings(visit: SiteVisit) -> Program:
    return program.of(visit.order.round.msa_request)


def _latest(scheduled_on: date, settings: Program) -> date:
    """The last day that has the notice's number of business days between it and the visit."""
    days, notice = settings.calendar, getattr(settings.figures, _NOTICE)
    day = scheduled_on
    while days.between(day, scheduled_on) < notice:
        day -= timedelta(days=1)
    return day


def why_not(visit: SiteVisit) -> Refused | None:
    """Why another day cannot be asked for; None where it can be. The page shows the reason beside the button."""
    try:
        check_changeable(visit)
    except Refused as refusal:
        return refusal
    return None


def check_changeable(visit: SiteVisit) -> None:
    """Once for each order, until so many business days before the visit, and before anybody is on the way."""
    if visit.state == SiteVisit.State.ON_SITE or visit.on_the_way_at:
        raise Refused(_("The meter technician is on the way already."), code="on_the_way")
    if visit.state != SiteVisit.State.SCHEDULED or visit.scheduled_on is None:
        raise Refused(_("The visit has no day yet. Name the days that do not suit you instead."), code="no_day")
    wish = day_change(visit.order)
    if wish is not None:
        raise Refused(_already(wish), code="already_used")
    settings = _settings(visit)
    if local_day(timezone.now()) > _latest(visit.scheduled_on, settings):
        raise Refused(_too_late(getattr(settings.figures, _NOTICE)), code="too_late")


def _too_late(notice: int) -> str:
    """The reason, and what can still be done."""
    reason = ngettext(
        "It is too late: another day can be chosen until %(notice)s business day before the visit.",
        "It is too late: another day can be chosen until %(notice)s business days before the visit.",
        notice,
    ) % {"notice": notice}
    what_now = _(
        "Nobody has to be at home. Make sure that the technician can reach the meter, and have somebody open a locked gate. "
        "If the visit cannot be done for that reason, you can reschedule it afterward, and a second fee may be due."
    )
    return f"{reason} {what_now}"


def _already(wish: DayChange) -> str:
    return {
        DayChange.State.OPEN: _("You asked for another day. Dispatch looks for one and tells you."),
        DayChange.State.MOVED: _("You changed the day once already. It can be changed once for each visit."),
        DayChange.State.KEPT: _("You asked for another day, and none was free. It can be asked once for each visit."),
    }[DayChange.State(wish.state)]


# --- Days that do not suit ---------------------------------------------------------------
Half = tuple[date, str]  # a day, and SiteVisit.Window


@dataclass(frozen=True)
class Nameable:
    """The business days from tomorrow on among which half days can be named, and how many of these."""

    days: tuple[date, ...]
    most: int


def nameable(order: ServiceOrder) -> Nameable:
    """As far as the clock of the visit goes (V2, D6), at most three weeks. Half of the half days must stay free."""
    days, today = program.of(order.round.msa_request).calendar, local_day(timezone.now())
    free: list[date] = []
    day = days.add(today, 1)
    while len(free) < _DAYS_SHOWN and day <= order.due_on:
        free.append(day)
        day = days.add(day, 1)
    return Nameable(tuple(free), min(MOST_NAMED, len(free)))


def check_nameable(visit: SiteVisit | None) -> SiteVisit:
    if visit is None or not visit.is_movable:
        raise Refused(_("No visit is to be planned now, so no days are to be named."), code="not_now")
    if visit.on_the_way_at:
        raise Refused(_("The meter technician is on the way already."), code="on_the_way")
    if not nameable(visit.order).days:
        raise Refused(_("The visit is due, so no days can be named any more."), code="too_late")
    return visit


def named_halves(order: ServiceOrder) -> set[Half]:
    """The half days that were named, past ones too."""
    halves: set[Half] = set()
    for day in UnsuitableDay.objects.filter(order=order):
        halves |= {(day.on, window) for window in halves_of(day.part)}
    return halves


def halves_of(part: str) -> list[str]:
    both = [SiteVisit.Window.MORNING.value, SiteVisit.Window.AFTERNOON.value]
    return both if part == Absence.Part.ALL_DAY else [part]
