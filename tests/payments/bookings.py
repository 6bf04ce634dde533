"""Books of a payer, written by the ledger's own functions at the time that the test says it is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from msa_portal.accounts.models import Company, User
from payments.models import Allocation, Dispute, EntryKind, Fee, FeeSchedule, Payment, Refund
from payments.services import ledger
from requests_app.enums import VisitOutcome
from requests_app.models import MSARequest, VisitRound
from tests import factories

FEE = 27922
_count = itertools.count(1)


def request_of(company: Company | None, payer: User, **facts: Any) -> MSARequest:
    msa_request = factories.draft(owner=None if company else payer, company=company)
    facts = {"street": "12 Oak Avenue", "city": "Monrovia", "zip_code": "91016"} | facts
    MSARequest.objects.filter(pk=msa_request.pk).update(**facts)
    return factories.refreshed(msa_request)


def fees_of(msa_request: MSARequest, count: int = 1, cents: int = FEE) -> list[Fee]:
    """Fees of that many further visits, all of them over."""
    schedule, _made = FeeSchedule.objects.get_or_create(
        request_type="install", effective_from=date(2020, 1, 1), defaults={"amount_cents": FEE}
    )
    first = (msa_request.rounds.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    over = {"outcome": VisitOutcome.UNSUCCESSFUL, "closed_at": timezone.now()}
    rounds = VisitRound.objects.bulk_create(
        VisitRound(msa_request=msa_request, number=first + n, **over) for n in range(count)
    )
    today = timezone.localdate()
    return Fee.objects.bulk_create(
        Fee(round=visit, schedule=schedule, amount_cents=cents, quoted_on=today, quote_holds_until=today)
        for visit in rounds
    )


def paid(
    payer: User, fees: Sequence[Fee], *, company: Company | None = None, state: str = "settled", by_link: bool = False
) -> Payment:
    """The money has come: every part in that state, posted."""
    total = sum(fee.amount_cents for fee in fees)
    payment = Payment.objects.create(
        amount_cents=total,
        received_cents=total,
        state={"settled": "paid"}.get(state, state),
        payer=None if by_link else payer,
        payer_name=payer.name,
        payer_email=payer.email,
        company=company,
        intent_id=f"pi_books_{next(_count)}",
        paid_at=timezone.now(),
    )
    with transaction.atomic():
        for fee in fees:
            part = Allocation.objects.create(
                payment=payment, fee=fee, amount_cents=fee.amount_cents, received_cents=fee.amount_cents, state=state
            )
            ledger.money_received(part, moved_at=timezone.now())
    return payment


def promised(payment: Payment, fee: Fee, cents: int) -> Refund:
    refund = Refund.objects.create(
        payment=payment, fee=fee, amount_cents=cents, reason=Refund.Reason.GOODWILL, state="approved"
    )
    with transaction.atomic():
        ledger.refund_promised(refund, by=None)
    return refund


def sent(refund: Refund) -> None:
    refund.provider_id, refund.sent_at, refund.state = f"re_books_{next(_count)}", timezone.now(), "succeeded"
    refund.save()
    with transaction.atomic():
        ledger.refund_sent(refund, moved_at=timezone.now())


def came_back(refund: Refund) -> None:
    refund.state = "failed"
    refund.save()
    with transaction.atomic():
        ledger.refund_returned(refund, moved_at=timezone.now())
        ledger.refund_released(refund)


def disputed(payment: Payment) -> Dispute:
    dispute = Dispute.objects.create(
        payment=payment,
        provider_id=f"dp_books_{next(_count)}",
        amount_cents=payment.received_cents,
        state="open",
        opened_at=timezone.now(),
    )
    with transaction.atomic():
        ledger.dispute_moved(EntryKind.DISPUTE_OPENED, dispute, moved_at=timezone.now())
    return dispute


def decided(dispute: Dispute, *, won: bool) -> None:
    dispute.state, dispute.closed_at = ("won" if won else "lost"), timezone.now()
    dispute.save()
    with transaction.atomic():
        if won:
            ledger.dispute_moved(EntryKind.DISPUTE_WON, dispute, moved_at=timezone.now())
        else:
            ledger.dispute_moved(EntryKind.DISPUTE_LOST, dispute)
