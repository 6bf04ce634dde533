"""Which event is told by which notice: queued in the event's own transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from requests_app import notices, signals
from requests_app.enums import EventKind
from requests_app.models import Document, MSARequest, RequestEvent

NOTICES: dict[EventKind, Callable[[MSARequest, RequestEvent], None]] = {
    EventKind.SIGNATURE_REQUESTED: notices.invitation_to_sign,
    EventKind.PAPER_SENT_BACK: notices.paper_sent_back,
    EventKind.AGREEMENT_EXECUTED: notices.signed_copy,
    EventKind.SUBMIT: notices.request_submitted,
    EventKind.RESUBMIT: notices.request_submitted,
    EventKind.REQUIRE_CORRECTIONS: notices.corrections_required,
    EventKind.DEEM_VALID: notices.request_valid,
    EventKind.ISSUE_SERVICE_ORDER: notices.service_order_issued,
    EventKind.COMPLETE: notices.visit_complete,
    EventKind.FAIL: notices.visit_unsuccessful,
    EventKind.RESCHEDULE: notices.reschedule_received,
    EventKind.MODIFY: notices.modification_received,
    EventKind.WITHDRAW: notices.withdrawn,
    EventKind.AGENT_REVOKED: notices.agent_revoked,
    EventKind.CLAIMED: notices.request_claimed,
}


def connect() -> None:
    signals.event_recorded.connect(tell, dispatch_uid="notices of requests")
    signals.file_infected.connect(tell_of_infected, sender=Document, dispatch_uid="notices of infected files")


def tell(sender: Any, request: MSARequest, event: RequestEvent, **_kwargs: Any) -> None:
    notice = NOTICES.get(EventKind(event.kind))
    if notice is not None:
        notice(request, event)


def tell_of_infected(sender: Any, row: Document, request: MSARequest, **_kwargs: Any) -> None:
    notices.upload_removed(request, key=str(row.pk), file_name=row.name, sender=row.created_by)
