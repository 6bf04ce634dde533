"""Appending to a request's history, and verifying it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from msa_portal.accounts.models import User
from requests_app import signals
from requests_app.enums import EventKind
from requests_app.holders import holder_of
from requests_app.models import MSARequest, RequestEvent


def record(
    request: MSARequest,
    kind: EventKind,
    *,
    by: User | None,
    from_status: str | None = None,
    codes: dict[str, Any] | None = None,
) -> RequestEvent:
    """Append what happened and tell the other apps.

    The caller holds the lock on the request's row, so that places in the chain are not taken
    twice. `by` None is a timer. `codes` holds codes and ids only.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an event is recorded in the transaction of its cause")
    last = RequestEvent.objects.filter(request=request).order_by("-sequence").first()
    event = RequestEvent(
        request=request,
        sequence=last.sequence + 1 if last else 1,
        kind=kind,
        from_status=from_status or request.status,
        to_status=request.status,
        holder=holder_of(request),
        actor=by,
        at=timezone.now(),
        codes=codes or {},
        previous_digest=last.digest if last else "",
    )
    event.digest = event.computed_digest()
    event.save()
    if last is None or last.holder != event.holder:
        request.waiting_since = event.at
        request.save(update_fields=["waiting_since"])
    signals.event_recorded.send(sender=MSARequest, request=request, event=event, by=by)
    return event


def broken_links(request: MSARequest | None = None) -> Iterator[str]:
    """A line for each event that does not verify, of one request or of all."""
    events = RequestEvent.objects.order_by("request_id", "sequence")
    if request is not None:
        events = events.filter(request=request)
    place, digest, of_request = 0, "", None
    for event in events.iterator():
        if event.request_id != of_request:
            place, digest, of_request = 0, "", event.request_id
        place += 1
        if event.sequence != place:
            yield f"request {event.request_id}: event {place} is missing"
            place = event.sequence
        elif event.previous_digest != digest:
            yield f"request {event.request_id}: event {place} does not follow its predecessor"
        if event.digest != event.computed_digest():
            yield f"request {event.request_id}: event {event.sequence} was changed"
        digest = event.digest
