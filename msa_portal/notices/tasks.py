"""Thin tasks: each takes an id, and may run twice."""

from __future__ import annotations

from celery import shared_task

from msa_portal.notices import delivery
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import ask_for_delivery

_A_SWEEP = 500


@shared_task(time_limit=delivery.TIME_LIMIT)
def deliver(message_pk: int) -> None:
    delivery.deliver(message_pk)


@shared_task
def sweep() -> None:
    """Ask for delivery of what is due: what the broker lost, back-off that ended, senders that died."""
    due = NoticeMessage.objects.due().order_by("next_attempt_at").values_list("pk", "kind")
    for message_pk, kind in due[:_A_SWEEP]:
        ask_for_delivery(message_pk, kind)
