"""The documents that the device asks for, beside the facts and on the request's page."""

from __future__ import annotations

from typing import Any

from msa_portal.accounts.models import User
from requests_app import enums, panels, permissions, product_documents
from requests_app.models import MSARequest


def connect() -> None:
    panels.register("screening", documents)
    panels.register("owner", documents)


def documents(request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What was sent and what is missing; whoever acts for the customer can send it from here."""
    wanted = product_documents.wanted(request)
    if not wanted:
        return None
    may_send = request.status not in enums.FINAL and permissions.acts_for(user, request)
    context = {"request_": request, "wanted": wanted, "may_send": may_send}
    return "requests_app/panels/device_documents.html", context
