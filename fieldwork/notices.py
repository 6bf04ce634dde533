"""What people are told about the day of the visit."""

from __future__ import annotations

from fieldwork.models import SiteVisit
from msa_portal import formats
from msa_portal.notices.outbox import Notice
from requests_app.notices import tell


class VisitScheduled(Notice):
    name = "visit_scheduled"
    audience = "customer and agent"


class VisitMoved(Notice):
    name = "visit_moved"
    audience = "customer and agent"


def visit_scheduled(visit: SiteVisit) -> None:
    _about_the_day(VisitScheduled, visit)


def visit_moved(visit: SiteVisit) -> None:
    """Once for each move to another day or window."""
    _about_the_day(VisitMoved, visit)


def _about_the_day(notice: type[Notice], visit: SiteVisit) -> None:
    tell(
        notice,
        visit.order.round.request,
        key=f"{visit.pk}:{visit.moves}",
        day=formats.day(visit.scheduled_on) if visit.scheduled_on else "",
        window=visit.get_window_display(),
    )
