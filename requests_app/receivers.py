"""Which event is told by which notice: queued in the event's own transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from requests_app import deadlines, notices, sections, signals
from requests_app.enums import EventKind
from requests_app.follow_ups import notices as follow_up_notices
from requests_app.lifecycle import notices as lifecycle_notices
from requests_app.models import Document, MSARequest, RequestEvent
from requests_app.screening import notices as screening_notices
from requests_app.signing import invitations, paper
from requests_app.signing import notices as signing_notices

NOTICES: dict[EventKind, Callable[[MSARequest, RequestEvent], None]] = {
    EventKind.SIGNATURE_REQUESTED: signing_notices.invitation_to_sign,
    EventKind.PAPER_SENT_BACK: signing_notices.paper_sent_back,
    EventKind.AGREEMENT_EXECUTED: signing_notices.signed_copy,
    EventKind.SUBMIT: lifecycle_notices.request_submitted,
    EventKind.RESUBMIT: lifecycle_notices.request_submitted,
    EventKind.REQUIRE_CORRECTIONS: screening_notices.corrections_required,
    EventKind.DEEM_VALID: lifecycle_notices.request_valid,
    EventKind.ISSUE_SERVICE_ORDER: lifecycle_notices.service_order_issued,
    EventKind.COMPLETE: lifecycle_notices.visit_complete,
    EventKind.FAIL: follow_up_notices.visit_unsuccessful,
    EventKind.RESCHEDULE: lifecycle_notices.reschedule_received,
    EventKind.MODIFY: lifecycle_notices.modification_received,
    EventKind.WITHDRAW: lifecycle_notices.withdrawn,
    EventKind.AGENT_REVOKED: signing_notices.agent_revoked,
    EventKind.CLAIMED: lifecycle_notices.request_claimed,
}


def connect() -> None:
    """Called once when the app is ready."""
    deadlines.connect()
    paper.connect()
    invitations.connect()
    sections.connect()
    signals.event_recorded.connect(send_notices, dispatch_uid="notices of requests")
    signals.file_infected.connect(tell_of_infected, sender=Document, dispatch_uid="notices of infected files")


def send_notices(sender: Any, msa_request: MSARequest, event: RequestEvent, **_kwargs: Any) -> None:
    notice = NOTICES.get(EventKind(event.kind))
    if notice is not None:
        notice(msa_request, event)


def tell_of_infected(sender: Any, row: Document, msa_request: MSARequest, **_kwargs: Any) -> None:
    notices.upload_removed(msa_request, key=str(row.pk), file_name=row.name, sender=row.created_by)
