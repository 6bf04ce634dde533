"""What field work does when the lifecycle moves; in the transaction of the cause."""

from __future__ import annotations

from collections.abc import Callable
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
from requests_app.events import Then, row_for
from requests_app.models import MSARequest, RequestEvent
from requests_app.signals import event_recorded


def connect() -> None:
    """Called once when the app is ready. An event's effects come before its notices, which tell about them."""
    event_recorded.connect(on_event, dispatch_uid="fieldwork.on_event")
    for changed in (post_save, post_delete):
        changed.connect(on_closure_day, sender=ClosureDay, dispatch_uid=f"fieldwork.on_closure_day.{id(changed)}")
    notice_receivers.connect()
    sections.connect()
    shown_photos.connect()
    customer_sections.connect()


def on_event(msa_request: MSARequest, event: RequestEvent, by: User | None, **_kwargs: Any) -> None:
    """Each act that the event's row asks for, in the order of `ACTS`."""
    then = row_for(event.kind).then
    for step, act in ACTS.items():
        if step in then:
            act(msa_request, event, by)


def _open_order(msa_request: MSARequest, event: RequestEvent, by: User | None) -> None:
    orders.open_order(msa_request, by=by)


def _cancel_order(msa_request: MSARequest, event: RequestEvent, by: User | None) -> None:
    if number := event.codes.get("round"):
        orders.cancel_order(msa_request.rounds.get(number=number))


def _answer_day_change(msa_request: MSARequest, event: RequestEvent, by: User | None) -> None:
    answers.settle_by_move(msa_request, event, by=by)


def _end_day_changes(msa_request: MSARequest, event: RequestEvent, by: User | None) -> None:
    answers.end_all(msa_request)


ACTS: dict[Then, Callable[[MSARequest, RequestEvent, User | None], None]] = {
    Then.OPEN_ORDER: _open_order,
    Then.CANCEL_ORDER: _cancel_order,
    Then.ANSWER_DAY_CHANGE: _answer_day_change,
    Then.END_DAY_CHANGES: _end_day_changes,
}


def on_closure_day(**_kwargs: Any) -> None:
    """Due days move with the days on which nobody works (D7). Nightly they are reckoned anew anyway."""
    kick("fieldwork.refresh_due_dates")
