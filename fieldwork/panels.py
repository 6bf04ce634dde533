"""What field work has to say on the request's page."""

from __future__ import annotations

from typing import Any

from fieldwork.models import CloseOut, SiteVisit
from msa_portal.accounts.models import User
from requests_app import panels
from requests_app.models import MSARequest


def connect() -> None:
    panels.register("visit", visits)


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
