"""The visit's day on the request's page: when somebody comes, what must be ready, and other days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import DayChange, SiteVisit
from fieldwork.visits import arrivals, calendars, day_change_rules, preparation
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from requests_app import hooks, permissions
from requests_app.models import MSARequest


def connect() -> None:
    hooks.register_section("visit", day)
    hooks.register_section("live", live)


def day(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    visit = day_change_rules.open_visit(msa_request)
    if visit is None:
        return None
    acts = permissions.acts_for(viewer, msa_request)
    has_day = visit.scheduled_on is not None
    context = {
        "msa_request": msa_request,
        "visit": visit,
        "acts": acts,
        "today": today(msa_request, visit),
        "prepared": preparation.preparation_for(msa_request),
        "has_day": has_day,
        "why_not": day_change_rules.why_not(visit) if has_day and acts else None,
        "last_day": day_change_rules.last_day(visit) if has_day and acts else None,
        "named": _named(visit),
        "may_name": visit.is_movable and not visit.on_the_way_at and bool(day_change_rules.nameable(visit.order).days),
        "wish": _open_wish(visit),
    }
    return "fieldwork/partials/visit_day.html", context


def live(msa_request: MSARequest, _viewer: User) -> tuple[str, dict[str, Any]] | None:
    """What makes the page ask again on the day of the visit."""
    visit = day_change_rules.open_visit(msa_request)
    if visit is None:
        return None
    return "fieldwork/partials/visit_live.html", {"msa_request": msa_request, "today": today(msa_request, visit)}


def _named(visit: SiteVisit) -> list[tuple[Any, str]]:
    today = local_day(timezone.now())
    rows = visit.order.unsuitable_days.filter(on__gt=today)
    return [(row.on, row.get_part_display()) for row in rows]


def _open_wish(visit: SiteVisit) -> DayChange | None:
    wish = day_change_rules.day_change(visit.order)
    return wish if wish and wish.state == DayChange.State.OPEN else None


@dataclass(frozen=True)
class Today:
    """What is said on the day itself; `more` adds to it; `waits`: somebody still comes, so the page asks again."""

    words: str
    more: str = ""
    waits: bool = True


def today(msa_request: MSARequest, visit: SiteVisit | None = None) -> Today | None:
    """None on every other day."""
    to_follow = visit or day_change_rules.open_visit(msa_request)
    now = timezone.now()
    if to_follow is None:
        return _over(msa_request, now)
    if to_follow.scheduled_on != local_day(now) or to_follow.technician is None:
        return None
    if to_follow.state == SiteVisit.State.ON_SITE:
        return Today(_("The meter technician is at the site now."))
    expected_at = arrivals.expected(to_follow.technician, to_follow.scheduled_on, now).get(to_follow.pk, now)
    return _on_the_way(to_follow, expected_at) if to_follow.on_the_way_at else _before(to_follow, expected_at)


def _over(msa_request: MSARequest, now: datetime) -> Today | None:
    closed = (visit for visit in day_change_rules.visits_of(msa_request) if visit.state == SiteVisit.State.CLOSED)
    if any(visit.scheduled_on == local_day(now) for visit in closed):
        return Today(_("The visit is over."), waits=False)
    return None


def _on_the_way(visit: SiteVisit, expected_at: datetime) -> Today:
    told = visit.expected_at or expected_at
    if expected_at - told >= arrivals.LATER:
        return Today(
            _("The meter technician is on the way."),
            _("The stop before takes longer: now expected %(about)s.") % {"about": arrivals.about(expected_at)},
        )
    words = _("On the way, expected %(about)s.") % {"about": arrivals.about(expected_at)}
    return Today(words, _("Most likely %(range)s.") % {"range": arrivals.between(expected_at)})


def _before(visit: SiteVisit, expected_at: datetime) -> Today:
    words = _("The meter technician comes today, %(window)s.") % {"window": visit.get_window_display()}
    if expected_at <= calendars.times_of(visit)[1]:
        return Today(words, _("We send you a message when the technician is on the way."))
    return Today(
        words,
        _("The stops before take longer: now expected %(about)s.") % {"about": arrivals.about(expected_at)},
    )
