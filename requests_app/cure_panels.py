"""What was put right after the last failed visit: for staff here, for the technician by field work."""

from __future__ import annotations

from typing import Any

from msa_portal.accounts.models import User
from requests_app import cures, panels
from requests_app.enums import Status
from requests_app.models import MSARequest

_LATER = (Status.INSTALLATION_COMPLETE, Status.WITHDRAWN)


def connect() -> None:
    panels.register("screening", put_right)


def put_right(request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """Each reason of the last failed visit, with what its owner shows for it."""
    if request.status in _LATER:
        return None
    found = cures.of_previous_visit(request)
    if found is None:
        return None
    visit, items = found
    context = {"request_": request, "visit": visit, "items": items, "is_office": viewer.sees_all_requests}
    return "requests_app/partials/cures.html", context
