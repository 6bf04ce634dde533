"""What field work has to say on the request's page."""

from __future__ import annotations

from typing import Any

from fieldwork.models import CloseOut, SiteVisit
from msa_portal.accounts.models import User
from requests_app import cure_panels, evidence, panels
from requests_app.models import MSARequest


def connect() -> None:
    panels.register("visit", visits)
    panels.register("checklist", put_right)
    panels.register("checklist", promised)


def visits(request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """Each visit: when it is planned, whether somebody is there, how it went and why.

    The office alone sees the technician's notes and photos.
    """
    rows = list(SiteVisit.objects.filter(order__round__request=request).select_related("order__round").order_by("pk"))
    if not rows:
        return None
    reports = CloseOut.objects.filter(visit__in=rows, accepted=True).prefetch_related("reasons", "photos")
    by_visit = {report.visit_id: report for report in reports}
    context = {
        "visits": [(visit, by_visit.get(visit.pk)) for visit in reversed(rows)],
        "is_office": viewer.sees_all_requests,
    }
    return "fieldwork/partials/visit_panel.html", context


def put_right(request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """For the technician: what the last visit failed for, and how it was put right since."""
    visit = SiteVisit.objects.assigned_to(viewer).filter(order__round__request=request).order_by("pk").last()
    shown = cure_panels.put_right(request, viewer) if visit else None
    return (shown[0], shown[1] | {"visit_id": visit.pk}) if visit and shown else None


def promised(request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """For the technician: what was said to be put right by the visit, and the photos that were sent."""
    visit = SiteVisit.objects.assigned_to(viewer).filter(order__round__request=request).order_by("pk").last()
    shown = evidence.of(request)
    if visit is None or not shown:
        return None
    context = {
        "evidence": shown,
        "promised": [line for line in shown.lines if line.is_promised],
        "visit_id": visit.pk,
    }
    return "fieldwork/partials/checklist_panel.html", context
