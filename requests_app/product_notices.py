"""What people are told when the rules of the device that they chose change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msa_portal import formats
from msa_portal.notices.outbox import Notice
from requests_app.models import MSARequest, RequestEvent
from requests_app.notices import tell


class DeviceRuledOut(Notice):
    name = "device_ruled_out"
    audience = "customer and agent"


def device_ruled_out(request: MSARequest, event: RequestEvent, *, why: Sequence[str], from_on: date | None) -> None:
    """The request is not sent yet, and its device no longer fits, or will not from that day."""
    tell(
        DeviceRuledOut,
        request,
        key=str(event.pk),
        to_page="form/adapter",
        device=str(request.device or ""),
        why=list(why),
        from_day=formats.day(from_on) if from_on else "",
    )
