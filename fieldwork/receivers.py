"""What field work does when the lifecycle moves; in the transaction of the cause."""

from __future__ import annotations

from typing import Any

from fieldwork import orders, wish_answers
from msa_portal.accounts.models import User
from requests_app.enums import EventKind
from requests_app.models import MSARequest, RequestEvent
from requests_app.signals import event_recorded


def connect() -> None:
    """Called once when the app is ready."""
    event_recorded.connect(on_event, dispatch_uid="fieldwork.on_event")


def on_event(request: MSARequest, event: RequestEvent, by: User | None, **_kwargs: Any) -> None:
    if event.kind == EventKind.ISSUE_SERVICE_ORDER:
        orders.open_order(request, by=by)
    elif event.kind == EventKind.WITHDRAW and (number := event.codes.get("round")):
        orders.cancel_order(request.rounds.get(number=number))
    if event.kind in {EventKind.VISIT_SCHEDULED, EventKind.VISIT_MOVED}:
        wish_answers.settle_by_move(request, event, by=by)
    elif event.kind in {EventKind.WITHDRAW, EventKind.COMPLETE, EventKind.FAIL}:
        wish_answers.end_all(request)
