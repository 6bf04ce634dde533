"""What people are told about the day of the visit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.urls import reverse

from fieldwork.models import DayChange, SiteVisit
from fieldwork.visits import arrivals, calendars, day_change_rules, preparation
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.notices.links import absolute
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import Attachment, Notice
from requests_app.notices import Person, notify

_BOTH = "customer and agent"


class VisitScheduled(Notice):
    name = "visit_scheduled"
    audience = _BOTH


class VisitMoved(Notice):
    name = "visit_moved"
    audience = _BOTH


class VisitCanceled(Notice):
    name = "visit_canceled"
    audience = _BOTH


class VisitOnTheWay(Notice):
    name = "visit_on_the_way"
    audience = _BOTH


class VisitExpectedAnew(Notice):
    name = "visit_expected_anew"
    audience = _BOTH


class VisitReminder(Notice):
    name = "visit_reminder"
    audience = _BOTH


class DayChangeAsked(Notice):
    name = "day_change_asked"
    audience = "dispatchers"


class DayChangeKept(Notice):
    name = "day_change_kept"
    audience = _BOTH


def visit_scheduled(visit: SiteVisit) -> None:
    _about_the_day(VisitScheduled, visit, attachments=[calendars.attachment(visit)], is_new_cause=True)


def visit_moved(visit: SiteVisit) -> None:
    """Once for each move to another day or window."""
    wish = DayChange.objects.filter(visit=visit, state=DayChange.State.MOVED).first()
    chosen = wish is not None and (wish.to_on, wish.to_window) == (visit.scheduled_on, visit.window)
    _about_the_day(VisitMoved, visit, attachments=[calendars.attachment(visit)], chosen=chosen)


def visit_canceled(visit: SiteVisit, *, on: date, window: str, moves: int, withdrawn: bool) -> None:
    """`on`, `window` and `moves` as they were told last: the visit itself has no day any more."""
    notify(
        VisitCanceled,
        visit.order.round.msa_request,
        key=f"{visit.pk}:{moves}",
        attachments=[calendars.cancellation(visit, on=on, window=window, moves=moves)],
        withdrawn=withdrawn,
        day=formats.day(on),
        window=SiteVisit.Window(window).label,
    )


def visit_on_the_way(visit: SiteVisit, expected_at: datetime) -> None:
    """Once for each day that was told."""
    _about_the_day(VisitOnTheWay, visit, **_arrival(expected_at))


def visit_expected_anew(visit: SiteVisit, expected_at: datetime) -> None:
    """Once for each day that was told."""
    starts, ends = calendars.times_of(visit)
    outside = not starts <= expected_at <= ends
    _about_the_day(VisitExpectedAnew, visit, out_of_window=outside, **_arrival(expected_at))


def was_told_anew(visit: SiteVisit) -> bool:
    key = f"{VisitExpectedAnew.name}:{_key(visit)}:"
    return NoticeMessage.objects.filter(unique_key__startswith=key).exists()


def visit_reminder(visit: SiteVisit) -> None:
    """Once for that day and window, also where only the technician changed meanwhile."""
    _about_the_day(VisitReminder, visit, key=f"{visit.pk}:{visit.scheduled_on}:{visit.window}")


def day_change_asked(wish: DayChange) -> None:
    """To everybody who plans the days: none of the offers suited."""
    address = absolute(reverse("admin:fieldwork_daychange_changelist") + "?state__exact=open")
    notify(
        DayChangeAsked,
        wish.order.round.msa_request,
        key=str(wish.pk),
        people=_dispatchers(),
        action_url=address,
        day=formats.day(wish.was_on),
        window=wish.get_was_window_display(),
        unsuitable=[f"{formats.day(day.on)}: {day.get_part_display()}" for day in wish.order.unsuitable_days.all()],
    )


def _dispatchers() -> list[Person]:
    users = User.objects.filter(groups__name=Role.DISPATCHER, is_active=True).order_by("pk")
    return [Person(user.email, user.name, user) for user in users]


def day_change_kept(visit: SiteVisit) -> None:
    _about_the_day(DayChangeKept, visit, key=str(visit.order_id))


def _key(visit: SiteVisit) -> str:
    return f"{visit.pk}:{visit.moves}"


def _arrival(expected_at: datetime) -> dict[str, Any]:
    return {"about": arrivals.about(expected_at), "range": arrivals.between(expected_at)}


def _about_the_day(
    notice: type[Notice],
    visit: SiteVisit,
    *,
    key: str = "",
    attachments: list[Attachment] | None = None,
    is_new_cause: bool = False,
    **values: Any,
) -> None:
    prepared = preparation.preparation_for(visit.order.round.msa_request)
    change_by = day_change_rules.last_day(visit)
    notify(
        notice,
        visit.order.round.msa_request,
        key=key or _key(visit),
        attachments=attachments or (),
        is_new_cause=is_new_cause,
        day=formats.day(visit.scheduled_on) if visit.scheduled_on else "",
        window=visit.get_window_display(),
        ready=prepared.ready,
        promised=prepared.promised,
        change_by=formats.day(change_by) if change_by else "",
        **values,
    )
