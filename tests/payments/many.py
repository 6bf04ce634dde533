"""Very many paid fees, in our books and the provider's: the rows that the services would write, inserted in bulk."""

from __future__ import annotations

from copy import copy
from datetime import date, timedelta
from itertools import batched
from typing import Any

from payments.models import Account, Allocation, EntryKind, Fee, FeeSchedule, LedgerEntry, Payment
from payments.services.reconciliation import bounds
from requests_app.enums import Settlement
from requests_app.models import MSARequest, VisitRound
from tests import factories
from tests.payments.provider_books import ProviderBooks

FEE = 27922
_AT_ONCE = 500


def paid_on(day: date, count: int, books: ProviderBooks) -> list[Payment]:
    """That many payments of one fee each, spread over the day, which both books know."""
    template, schedule = factories.draft(), _schedule()
    made: list[Payment] = []
    for numbers in batched(range(count), _AT_ONCE, strict=False):
        made += _some(template, schedule, day, [(number, count) for number in numbers])
    moved = [(str(payment.intent_id), payment.received_cents, payment.paid_at) for payment in made]
    books.charges(moved)  # type: ignore[arg-type]  # each is paid, so each has its time
    return made


def _schedule() -> FeeSchedule:
    row, _made = FeeSchedule.objects.get_or_create(
        request_type="install", effective_from=date(2025, 6, 12), defaults={"amount_cents": FEE}
    )
    return row


def _some(template: MSARequest, schedule: FeeSchedule, day: date, places: list[tuple[int, int]]) -> list[Payment]:
    start, end = bounds(day)
    times = [start + timedelta(seconds=int((end - start).total_seconds() * n / count)) for n, count in places]
    requests = MSARequest.objects.bulk_create(_copy(template, day, n) for n, _count in places)
    settled: dict[str, Any] = {"state": Fee.State.SETTLED, "quoted_on": day, "quote_holds_until": day}
    rounds = VisitRound.objects.bulk_create(
        VisitRound(msa_request=msa_request, number=1, settlement=Settlement.PAID, settled_at=at)
        for msa_request, at in zip(requests, times, strict=True)
    )
    fees = Fee.objects.bulk_create(
        Fee(round=visit, schedule=schedule, amount_cents=FEE, settled_at=at, **settled)
        for visit, at in zip(rounds, times, strict=True)
    )
    payments = Payment.objects.bulk_create(_payment(template, fee, at) for fee, at in zip(fees, times, strict=True))
    parts = Allocation.objects.bulk_create(
        Allocation(payment=payment, fee=fee, amount_cents=FEE, received_cents=FEE, state=Allocation.State.SETTLED)
        for payment, fee in zip(payments, fees, strict=True)
    )
    LedgerEntry.objects.bulk_create(entry for part in parts for entry in _entries(part))
    return payments


def _copy(template: MSARequest, day: date, number: int) -> MSARequest:
    made = copy(template)
    made.pk, made._state = None, copy(template._state)
    made._state.adding = True
    made.reference = f"MSA-{day:%m%d}-{number:06d}"
    return made


def _payment(template: MSARequest, fee: Fee, at: Any) -> Payment:
    owner = template.owner
    assert owner is not None
    return Payment(
        amount_cents=FEE,
        received_cents=FEE,
        state=Payment.State.PAID,
        payer=owner,
        payer_name=owner.name,
        payer_email=owner.email,
        session_id=f"cs_many_{fee.pk}",
        intent_id=f"pi_many{fee.pk}",
        paid_at=at,
    )


def _entries(part: Allocation) -> list[LedgerEntry]:
    """As ledger.fee_raised and ledger.money_received post them."""
    fee, payment = part.fee, part.payment
    about: dict[str, Any] = {"fee": fee, "msa_request": fee.round.msa_request, "amount_cents": FEE}
    raised = {"debit": Account.RECEIVABLE, "credit": Account.FEES, "rule": "F1", "key": f"fee-{fee.pk}-raised"}
    quoted = {"debit": Account.RECEIVABLE, "credit": Account.RECEIVABLE, "rule": "D9", "key": f"fee-{fee.pk}-quoted"}
    paid = {
        "debit": Account.PROVIDER,
        "credit": Account.RECEIVABLE,
        "rule": "F2",
        "key": f"allocation-{part.pk}-received",
        "payment": payment,
        "moved_at": payment.paid_at,
        "provider_id": payment.intent_id,
    }
    kinds: list[tuple[EntryKind, dict[str, Any]]] = [
        (EntryKind.FEE_RAISED, raised),
        (EntryKind.FEE_QUOTED, quoted),
        (EntryKind.FEE_PAID, paid),
    ]
    return [LedgerEntry(kind=kind, **about, **values) for kind, values in kinds]
