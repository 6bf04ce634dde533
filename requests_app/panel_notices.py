"""What people are told when visits taught that their panel cannot take their device."""

from __future__ import annotations

from collections.abc import Sequence

from msa_portal.notices.outbox import Notice
from requests_app.enums import Status
from requests_app.models import MSARequest, RequestEvent
from requests_app.notices import tell

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


def panel_ruled_out(request: MSARequest, event: RequestEvent, *, why: Sequence[str]) -> None:
    """A rule was learned that the request, wherever it stands, does not pass."""
    tell(
        PanelRuledOut,
        request,
        key=str(event.pk),
        to_page="form/panel" if request.status == Status.UNSUBMITTED else "",
        stage=_STAGES.get(Status(request.status), "desk"),
        panel=request.panel_model,
        device=str(request.device or ""),
        why=list(why),
    )
