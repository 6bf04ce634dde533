"""What the lifecycle's events mean for the money; each runs in the transaction of its cause."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from msa_portal.accounts.models import User
from payments import ledger_guard, sections
from payments.services import fees, invitations, pay_links, withdrawal
from requests_app.enums import EventKind
from requests_app.models import MSARequest, RequestEvent
from requests_app.signals import event_recorded

# After each of these the fee form may open.
_MAY_COMPLETE = frozenset(
    {
        EventKind.AGREEMENT_EXECUTED,
        EventKind.FOLLOW_UP_SAVED,
        EventKind.READINESS_STATED,
        EventKind.PANEL_MODEL_CONFIRMED,
        EventKind.PRODUCT_DOCUMENT_SENT,
        EventKind.PRODUCT_RULES_CHANGED,
    }
)
# After each of these a mailed link to pay leads nowhere any more.
_ENDS_INVITATIONS = frozenset(
    {EventKind.FEE_SETTLED, EventKind.WITHDRAW, EventKind.AGENT_REVOKED, EventKind.FOLLOW_UP_CANCELED}
)


def connect(app: AppConfig) -> None:
    """Called once when the app is ready."""
    post_migrate.connect(ledger_guard.keep, sender=app, dispatch_uid="payments.ledger_guard")
    event_recorded.connect(on_event, dispatch_uid="payments.on_event")
    sections.connect()
    pay_links.connect()


def on_event(msa_request: MSARequest, event: RequestEvent, by: User | None, **_kwargs: Any) -> None:
    if event.kind in _MAY_COMPLETE:
        fees.raise_when_ready(msa_request, by=by)
    elif event.kind == EventKind.FOLLOW_UP_CANCELED:
        withdrawal.stop_open_payments(msa_request, rule="F3", by=by)
    elif event.kind == EventKind.WITHDRAW:
        withdrawal.after_withdrawal(msa_request, by=by)
    if event.kind in _ENDS_INVITATIONS:
        invitations.void(msa_request)
