"""Fees that went back in full at the provider while the visit is still to come: staff decide on the visit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from msa_portal.business_days.calendar import local_day
from payments.models import Allocation, Fee, Refund


def refunds() -> Iterator[tuple[date, Refund]]:
    """The last refund of each such fee, and its day. Refunds that we sent ourselves were somebody's decision."""
    whole = Allocation.objects.filter(
        state=Allocation.State.SETTLED,
        refunded_cents=F("received_cents"),
        fee__state=Fee.State.SETTLED,
        fee__round__closed_at__isnull=True,
    )
    rows = Refund.objects.filter(reason=Refund.Reason.AT_PROVIDER, state__in=Refund.GONE)
    of_a_whole = Exists(whole.filter(payment=OuterRef("payment"), fee=OuterRef("fee")))
    last: dict[tuple[int, int], Refund] = {}
    for refund in rows.filter(of_a_whole).select_related("payment").order_by("sent_at", "pk"):
        last[(refund.payment_id, refund.fee_id)] = refund
    for refund in last.values():
        yield local_day(refund.sent_at or timezone.now()), refund
