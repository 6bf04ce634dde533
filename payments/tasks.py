"""Thin tasks: each takes an id and may run twice. What a broker loses, a sweeper finds."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from msa_portal.business_days.calendar import local_day
from msa_portal.jobs import ask
from payments import months, provider
from payments.models import Allocation, Fee, Payment, ProviderEvent, Refund
from payments.services import (
    checkout,
    events,
    receipts,
    reconciliation,
    refund_sending,
    settle,
    statement_files,
    statements,
)

logger = logging.getLogger(__name__)

_A_SWEEP = 200
_QUIET = timedelta(minutes=5)
# Below the broker's visibility timeout, after which a task is handed out again.
_RECONCILE_SECONDS, _BEGIN_NO_DAY_AFTER = 540, timedelta(minutes=6)
# The days on which the month that ended is seen to by itself; after them, when somebody asks.
_DAYS_OF_STATEMENTS = 10
_AGAIN: dict[str, Any] = {
    "autoretry_for": (provider.ProviderUnavailable,),
    "max_retries": 5,
    "retry_backoff": 5,
    "retry_backoff_max": 300,
}


@shared_task(**_AGAIN)
def process_event(event_pk: int) -> None:
    events.process(ProviderEvent.objects.get(pk=event_pk))


@shared_task(**_AGAIN)
def follow_payment(payment_pk: int) -> None:
    settle.settle_from_provider(Payment.objects.get(pk=payment_pk))


@shared_task(**_AGAIN)
def end_checkout(payment_pk: int) -> None:
    checkout.end_checkout(Payment.objects.get(pk=payment_pk))


@shared_task(**_AGAIN)
def send_refund(refund_pk: int) -> None:
    refund_sending.send(Refund.objects.select_related("payment").get(pk=refund_pk))


@shared_task(time_limit=120)
def render_receipt(allocation_pk: int) -> None:
    receipts.render(
        Allocation.objects.select_related("payment", "fee__round__msa_request", "receipt").get(pk=allocation_pk)
    )


@shared_task(time_limit=120)
def render_refund_note(refund_pk: int) -> None:
    receipts.render_note(
        Refund.objects.select_related("payment", "fee__round__msa_request", "document").get(pk=refund_pk)
    )


@shared_task(time_limit=280)
def render_statement(month: str, company_pk: int | None, user_pk: int | None) -> None:
    addressee = statement_files.addressee_of(company_pk, user_pk)
    statement_files.render(addressee, date.fromisoformat(month))


@shared_task
def make_statements() -> None:
    """On the first days of a month: the statements of the one that ended, for everybody who had entries in it."""
    if local_day(timezone.now()).day > _DAYS_OF_STATEMENTS:
        return
    month = months.last_closed()
    for addressee in statements.payers_in(month)[:_A_SWEEP]:
        statement_files.ask_for(addressee, month)


@shared_task
def sweep_events() -> None:
    """Events that nobody has looked into."""
    for pk in events.waiting().values_list("pk", flat=True)[:_A_SWEEP]:
        ask("payments.process_event", pk)


@shared_task
def sweep_payments() -> None:
    """Ask about payments under way, whatever became of their webhooks (fault 9); close those without use."""
    quiet = Payment.objects.filter(updated_at__lte=timezone.now() - _QUIET).order_by("updated_at")
    idle = Q(state=Payment.State.CREATED, session_expires_at__lte=timezone.now())
    useless = Q(state__in=[Payment.State.CREATED, Payment.State.OPEN], fees__state=Fee.State.CANCELED)
    for pk in quiet.filter(idle | useless).values_list("pk", flat=True)[:_A_SWEEP]:
        ask("payments.end_checkout", pk)
    under_way = quiet.filter(state__in=[Payment.State.OPEN, Payment.State.PENDING])
    for pk in under_way.values_list("pk", flat=True)[:_A_SWEEP]:
        ask("payments.follow_payment", pk)


@shared_task
def sweep_refunds() -> None:
    """Approved refunds that were not sent, and sent ones that have not ended."""
    late = timezone.now() - _QUIET
    approved = Refund.objects.filter(state=Refund.State.APPROVED, updated_at__lte=late)
    for pk in approved.order_by("pk").values_list("pk", flat=True)[:_A_SWEEP]:
        ask("payments.send_refund", pk)
    sent = Refund.objects.filter(state=Refund.State.SENT, updated_at__lte=late)
    for pk in sent.order_by("updated_at").values_list("payment_id", flat=True)[:_A_SWEEP]:
        ask("payments.follow_payment", pk)


@shared_task
def sweep_receipts() -> None:
    """Paid fees whose receipt, and refunds whose note was not rendered."""
    late = timezone.now() - _QUIET
    paid = Allocation.objects.filter(state=Allocation.State.SETTLED, receipt__isnull=True, payment__paid_at__lte=late)
    for pk in paid.order_by("pk").values_list("pk", flat=True)[:_A_SWEEP]:
        ask("payments.render_receipt", pk)
    refunded = Refund.objects.filter(state=Refund.State.SUCCEEDED, document__isnull=True, finished_at__lte=late)
    for pk in refunded.order_by("pk").values_list("pk", flat=True)[:_A_SWEEP]:
        ask("payments.render_refund_note", pk)


@shared_task(time_limit=_RECONCILE_SECONDS, **_AGAIN)
def reconcile_days() -> None:
    """Every day that is over and does not agree yet."""
    _reconcile(reconciliation.due())


@shared_task(time_limit=_RECONCILE_SECONDS, **_AGAIN)
def reconcile_today() -> None:
    """Today so far, which repairs a lost webhook within the hour; before it, what the night's run did not get to."""
    _reconcile([*reconciliation.due(), reconciliation.today()])


def _reconcile(days: list[date]) -> None:
    try:
        outcome = reconciliation.run(days, within=_BEGIN_NO_DAY_AFTER)
    except reconciliation.Busy:
        logger.info("another comparison with the provider's books is under way")
        return
    if outcome.unanswered is not None:
        raise provider.ProviderUnavailable(f"no list of {outcome.unanswered}")
