"""Webhook events: written down once, answered at once, looked into by a task.

An event is a trigger only (fault 2): it names an object, which is asked for again.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from msa_portal.jobs import kick
from payments import provider
from payments.models import Payment, ProviderEvent
from payments.provider import as_key
from payments.services import settle

HEEDED = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.expired",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "payment_intent.succeeded",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.refunded",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
SWEEP_AFTER = timedelta(minutes=1)


def record(event: provider.Event) -> None:
    """Write the event down, once per id, however often and at once it comes (fault 1)."""
    if event.type not in HEEDED or not event.object_id:
        return
    row, made = ProviderEvent.objects.get_or_create(
        event_id=event.id, defaults={"type": event.type, "object_id": event.object_id}
    )
    if made:
        kick("payments.process_event", row.pk)


def process(row: ProviderEvent) -> None:
    """Let the payment that the event is about follow the provider. Safe to run twice, and at once.

    Raises `ProviderUnavailable`, after which it waits for the sweeper.
    """
    if row.processed_at is not None:
        return
    try:
        payment = payment_about(row.object_id)
        if payment is not None:
            settle.settle_from_provider(payment)
    except provider.ProviderUnavailable as error:
        _finish(row, error=type(error).__name__, done=False)
        raise
    except provider.ProviderRefused as error:
        _finish(row, error=error.code)
    else:
        _finish(row, error="" if payment else "no payment of ours")


def _finish(row: ProviderEvent, *, error: str, done: bool = True) -> None:
    row.error = error[:300]
    row.processed_at = timezone.now() if done else None
    row.save(update_fields=["error", "processed_at"])


def payment_about(object_id: str) -> Payment | None:
    """By the checkout's id or the payment's, else by the key that we gave the checkout."""
    known = Payment.objects.filter(session_id=object_id).first() or Payment.objects.filter(intent_id=object_id).first()
    if known is not None or not object_id:
        return known
    session_id = object_id if object_id.startswith("cs_") else provider.session_of_intent(object_id)
    return _adopt(session_id) if session_id else None


def _adopt(session_id: str) -> Payment | None:
    """A checkout whose making we never heard the end of belongs to the payment that its key names."""
    payment = Payment.objects.filter(session_id=session_id).first()
    if payment is not None:
        return payment
    seen = provider.fetch_session(session_id)
    key = as_key(seen.key)
    if key is None:
        return None
    with transaction.atomic(durable=True):
        ours = Payment.objects.filter(key=key, session_id__isnull=True).first()
        if ours is None:
            return None
        fresh = settle.lock_with_requests(ours)
        fresh.session_id, fresh.session_url = seen.id, seen.url
        fresh.save(update_fields=["session_id", "session_url", "updated_at"])
    return fresh


def waiting() -> QuerySet[ProviderEvent]:
    """What no task has looked into in time: the broker was down, or the provider was."""
    return ProviderEvent.objects.filter(
        processed_at__isnull=True, received_at__lte=timezone.now() - SWEEP_AFTER
    ).order_by("pk")
