"""Emails to people whose device or panel a changed rule no longer allows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msa_portal import formats
from msa_portal.notices.outbox import Notice
from requests_app.enums import Status
from requests_app.models import MSARequest, RequestEvent
from requests_app.notices import notify

# Who has to do what: the owner in the form; our staff; dispatch, before a van rolls; the owner after a failed visit.
_STAGES = {
    Status.UNSUBMITTED: "form",
    Status.CORRECTIONS_REQUIRED: "form",
    Status.SERVICE_ORDER_ISSUED: "visit",
    Status.SITE_VISIT_UNSUCCESSFUL: "failed",
}


class PanelRuledOut(Notice):
    name = "panel_ruled_out"
    audience = "customer and agent"


def panel_ruled_out(msa_request: MSARequest, event: RequestEvent, *, why: Sequence[str]) -> None:
    """A rule was learned that the request, wherever it stands, does not pass."""
    notify(
        PanelRuledOut,
        msa_request,
        key=str(event.pk),
        to_page="form/panel" if msa_request.status == Status.UNSUBMITTED else "",
        stage=_STAGES.get(Status(msa_request.status), "desk"),
        panel=msa_request.panel_model,
        device=str(msa_request.device or ""),
        why=list(why),
    )


class DeviceRuledOut(Notice):
    name = "device_ruled_out"
    audience = "customer and agent"


def device_ruled_out(
    msa_request: MSARequest, event: RequestEvent, *, why: Sequence[str], from_on: date | None
) -> None:
    """The request is not sent yet, and its device no longer fits, or will not from that day."""
    notify(
        DeviceRuledOut,
        msa_request,
        key=str(event.pk),
        to_page="form/adapter",
        device=str(msa_request.device or ""),
        why=list(why),
        from_day=formats.day(from_on) if from_on else "",
    )
