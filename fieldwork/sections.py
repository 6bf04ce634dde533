"""What field work has to say on the request's page."""

from __future__ import annotations

from typing import Any

from django.db.models import prefetch_related_objects

from fieldwork.customer import shown_photos
from fieldwork.models import CloseOut, SiteVisit
from fieldwork.visits import day_change_rules
from msa_portal.accounts.models import User
from requests_app import hooks, sections
from requests_app.enums import VisitOutcome
from requests_app.follow_ups import failure_reasons
from requests_app.follow_ups.failure_reasons import ReasonDetail
from requests_app.hooks import ShownPhoto
from requests_app.models import MSARequest
from requests_app.readiness import evidence


def connect() -> None:
    hooks.register_section("visit", visits)
    hooks.register_section("checklist", put_right)
    hooks.register_section("checklist", promised)


def visits(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """Each visit: when it is planned, whether somebody is there, how it went and why, with the photos.

    The office alone sees the technician's notes, and what each camera says of where and when (fault 36).
    """
    rows = day_change_rules.visits_of(msa_request)
    if not rows:
        return None
    reports: dict[int, CloseOut] = {
        row.pk: report for row in rows if (report := getattr(row, "accepted_report", None))
    }
    prefetch_related_objects(list(reports.values()), "reasons", "photos")
    context = {
        "visits": [_shown(msa_request, visit, reports.get(visit.pk)) for visit in reversed(rows)],
        "is_office": viewer.sees_all_requests,
        "device": msa_request.device if msa_request.places_device else None,
        "next_steps": msa_request.device.steps if msa_request.places_device and msa_request.device else [],
    }
    return "fieldwork/partials/visit_panel.html", context


def _shown(
    msa_request: MSARequest, visit: SiteVisit, report: CloseOut | None
) -> tuple[SiteVisit, CloseOut | None, list[ShownPhoto], list[ReasonDetail]]:
    """The visit with its report; a failed one with its reasons, and the photos that show none of them."""
    photos = shown_photos.shown_photos(report.photos.all()) if report else []
    if report is None or report.outcome != VisitOutcome.UNSUCCESSFUL:
        return visit, report, photos, []
    attempt = next(visit_round for visit_round in msa_request.case.rounds if visit_round.pk == visit.order.round_id)
    reasons = failure_reasons.explained(msa_request, attempt)
    known = {reason.reason.pk for reason in reasons}
    return visit, report, [photo for photo in photos if photo.reason not in known], reasons


def put_right(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """For the technician: what the last visit failed for, and how it was put right since."""
    visit = SiteVisit.objects.assigned_to(viewer).filter(order__round__msa_request=msa_request).order_by("pk").last()
    shown = sections.put_right(msa_request, viewer) if visit else None
    return (shown[0], shown[1] | {"visit_id": visit.pk}) if visit and shown else None


def promised(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """For the technician: what was said to be put right by the visit, and the photos that were sent."""
    visit = SiteVisit.objects.assigned_to(viewer).filter(order__round__msa_request=msa_request).order_by("pk").last()
    shown = evidence.evidence_of(msa_request)
    if visit is None or not shown:
        return None
    context = {
        "evidence": shown,
        "promised": [line for line in shown.lines if line.is_promised],
        "visit_id": visit.pk,
    }
    return "fieldwork/partials/checklist_panel.html", context
