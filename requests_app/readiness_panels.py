"""What readiness has to say on other pages: the owner's, and the staff's screening page."""

from __future__ import annotations

from typing import Any

from msa_portal.accounts.models import User
from requests_app import enums, evidence, panels, permissions, photos, readiness
from requests_app.models import MSARequest


def connect() -> None:
    panels.register("owner", ready_for_the_visit)
    panels.register("screening", for_screening)


def ready_for_the_visit(request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """Until the request is closed: the answer, and the way to what was said and shown."""
    if request.status in enums.FINAL or not request.request_type or not permissions.acts_for(viewer, request):
        return None
    context = {
        "request_": request,
        "readiness": readiness.check(request),
        "photo_count": len(photos.current(request)),
    }
    return "requests_app/panels/readiness.html", context


def for_screening(request: MSARequest, _viewer: User) -> tuple[str, dict[str, Any]] | None:
    return "requests_app/panels/evidence.html", {"request_": request, "evidence": evidence.of(request)}
