"""What field work does when the lifecycle moves; in the transaction of the cause."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save

from fieldwork import notice_receivers, sections
from fieldwork.customer import sections as customer_sections
from fieldwork.customer import shown_photos
from fieldwork.day_changes import answers
from fieldwork.visits import orders
from msa_portal.accounts.models import User
from msa_portal.business_days.models import ClosureDay
from msa_portal.jobs import kick
from requests_app.enums import EventKind
from requests_app.models import MSARequest, RequestEvent
from requests_app.signals import event_recorded


def connect() -> None:
    """Called once when the app is ready. What follows an event comes before the notices, which tell of it."""
    event_recorded.connect(on_event, dispatch_uid="fieldwork.on_event")
    for changed in (post_save, post_delete):
        changed.connect(on_closure_day, sender=ClosureDay, dispatch_uid=f"fieldwork.on_closure_day.{id(changed)}")
    notice_receivers.connect()
    sections.connect()
    shown_photos.connect()
    customer_sections.connect()


def on_event(msa_request: MSARequest, event: RequestEvent, by: User | None, **_kwargs: Any) -> None:
    if event.kind == EventKind.ISSUE_SERVICE_ORDER:
        orders.open_order(msa_request, by=by)
    elif event.kind == EventKind.WITHDRAW and (number := event.codes.get("round")):
        orders.cancel_order(msa_request.rounds.get(number=number))
    if event.kind in {EventKind.VISIT_SCHEDULED, EventKind.VISIT_MOVED}:
        answers.settle_by_move(msa_request, event, by=by)
    elif event.kind in {EventKind.WITHDRAW, EventKind.COMPLETE, EventKind.FAIL}:
        answers.end_all(msa_request)


def on_closure_day(**_kwargs: Any) -> None:
    """Due days move with the days on which nobody works (D7). Nightly they are reckoned anew anyway."""
    kick("fieldwork.refresh_due_dates")
