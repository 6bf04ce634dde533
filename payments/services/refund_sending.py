"""An approved refund is carried out at the provider: one key, one refund (faults 7, 8, 14)."""

from __future__ import annotations

import logging

from django.db import transaction

from msa_portal.db import lock
from payments import provider
from payments.models import Refund
from payments.services import refund_sync, refunds, settle

logger = logging.getLogger(__name__)

State = Refund.State


def send(refund: Refund) -> None:
    """Safe to run twice, and at once.

    Raises `ProviderUnavailable`, after which it waits for the sweeper. Where what is refundable there is
    not what our books say, the payment is followed, and the refund sent once more if it still stands.
    """
    try:
        _try(refund)
    except provider.OutOfStep:
        settle.settle_from_provider(refund.payment)
        _try(Refund.objects.select_related("payment").get(pk=refund.pk))


def _try(refund: Refund) -> None:
    if refund.state != State.APPROVED or refund.payment.intent_id is None:
        return
    try:
        made = provider.create_refund(
            refund.payment.intent_id,
            amount_cents=refund.amount_cents,
            key=str(refund.key),
            expected_refundable_cents=refund_sync.refundable_at_provider(refund),
        )
    except provider.ProviderRefused as refusal:
        logger.error("refund %s was refused by the provider: %s", refund.pk, refusal.code)
        _keep(refund, None, refusal.code)
    else:
        _keep(refund, made, "")


def _keep(refund: Refund, made: provider.ProviderRefund | None, error: str) -> None:
    with transaction.atomic(durable=True):
        payment = settle.lock_with_requests(refund.payment)
        fresh = Refund.objects.select_related("payment", "fee__round__msa_request").get(pk=lock(refund).pk)
        if made is not None:
            refunds.follow(payment, [made])
        elif fresh.state == State.APPROVED:  # else another worker sent it, and only we were refused
            refund_sync.move(fresh, State.FAILED, error=error)
            refund_sync.recount(payment)
