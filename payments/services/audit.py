"""Whether the books agree with themselves: figures with rows, rows with the ledger, states with both.

Each check is one or two grouped queries over the whole table, so that it may run after every test and every night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, IntegerField, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce

from msa_portal import formats
from payments.models import Account, Allocation, Dispute, EntryKind, Fee, LedgerEntry, Payment, Refund
from requests_app.enums import Settlement
from requests_app.models import VisitRound

_RECEIVED = (EntryKind.FEE_PAID, EntryKind.MONEY_HELD, EntryKind.PAID_TWICE)
_PAID = frozenset({Fee.State.SETTLED, Fee.State.WRITTEN_OFF})


@contextmanager
def one_picture() -> Iterator[None]:
    """All reads inside see the books as they were at the first one, whatever others write until it ends."""
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def differences() -> Iterator[str]:
    """A line for each thing that does not agree; none where the books are right to the cent.

    Read inside `one_picture` if others may write at the same time.
    """
    yield from _accounts()
    yield from _payments()
    yield from _parts()
    yield from _refunds()
    yield from _disputes()
    yield from _fees()
    yield from _visits()


def _sum(field: str, **filters: Any) -> Coalesce:
    return Coalesce(Sum(field, filter=Q(**filters)), Value(0), output_field=IntegerField())


def _booked(*kinds: EntryKind) -> Coalesce:
    return _sum("ledger_entries__amount_cents", ledger_entries__kind__in=kinds)


def _compared(what: str, **pairs: tuple[int, int]) -> Iterator[str]:
    """Each pair is what our rows say, and what the other side says."""
    for name, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield f"{what}: {name.replace('_', ' ')} is {formats.usd(ours)}, should be {formats.usd(theirs)}"


def _accounts() -> Iterator[str]:
    total = sum(LedgerEntry.objects.all().balances().values())
    yield from _compared("all accounts", sum=(total, 0))


def _payments() -> Iterator[str]:
    rows = Payment.objects.order_by("pk").annotate(
        received=_sum("allocations__received_cents"), refunded=_sum("allocations__refunded_cents")
    )
    figures = ("pk", "received_cents", "refunded_cents", "received", "refunded")
    for pk, *row in rows.values_list(*figures).iterator():
        yield from _compared(f"payment {pk}", received=(row[0], row[2]), refunded=(row[1], row[3]))


def _parts() -> Iterator[str]:
    """Each fee's part of a payment, beside the refunds of it and its entries in the ledger."""
    refunds = _refunds_by_part()
    ledger = {
        (row["payment_id"], row["fee_id"]): row
        for row in LedgerEntry.objects.filter(payment__isnull=False).balances_by("payment_id", "fee_id")
    }
    moved = _moved_by_part()
    for part in Allocation.objects.order_by("pk").iterator():
        place = (part.payment_id, part.fee_id)
        promised, gone = refunds.pop(place, (0, 0))
        booked = ledger.pop(place, None) or dict.fromkeys(Account, 0)
        yield from _part(part, promised, gone, booked, moved[place])
    for place in sorted({*refunds, *ledger}):
        yield f"payment {place[0]}, fee {place[1]}: has refunds or entries, but is no part of the payment"


def _refunds_by_part() -> dict[tuple[int, int], tuple[int, int]]:
    rows = Refund.objects.order_by().values_list("payment_id", "fee_id")
    sums = rows.annotate(
        promised=_sum("amount_cents", state__in=Refund.PROMISED), gone=_sum("amount_cents", state__in=Refund.GONE)
    )
    return {(payment, fee): (promised, gone) for payment, fee, promised, gone in sums.iterator()}


def _moved_by_part() -> dict[tuple[int, int], dict[str, int]]:
    """What came in, and what a bank took, lost for good or not."""
    rows = LedgerEntry.objects.filter(payment__isnull=False).order_by().values_list("payment_id", "fee_id", "kind")
    moved: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for payment, fee, kind, cents in rows.annotate(total=Sum("amount_cents")).iterator():
        moved[payment, fee]["received" if kind in _RECEIVED else kind] += cents
    return moved


def _part(part: Allocation, promised: int, gone: int, booked: dict[str, Any], moved: dict[str, int]) -> Iterator[str]:
    settled = part.state == Allocation.State.SETTLED
    taken = moved[EntryKind.DISPUTE_OPENED] - moved[EntryKind.DISPUTE_WON]
    lost = moved[EntryKind.DISPUTE_LOST]
    apart = 0 if settled else part.received_cents - part.refunded_cents - lost
    yield from _compared(
        f"payment {part.payment_id}, fee {part.fee_id}",
        refunded=(part.refunded_cents, promised),
        ledger_received=(moved["received"], part.received_cents),
        ledger_provider=(booked[Account.PROVIDER], part.received_cents - gone - taken),
        ledger_refunds_due=(booked[Account.REFUNDS_DUE], gone - promised),
        ledger_refunded=(booked[Account.REFUNDED], promised if settled else 0),
        ledger_unapplied=(booked[Account.UNAPPLIED], -apart),
        ledger_disputed=(booked[Account.DISPUTED], taken - lost),
    )


def _refunds() -> Iterator[str]:
    rows = Refund.objects.order_by("pk").annotate(
        promised=_booked(EntryKind.REFUND_PROMISED) - _booked(EntryKind.REFUND_RELEASED),
        gone=_booked(EntryKind.REFUND_SENT) - _booked(EntryKind.REFUND_RETURNED),
    )
    for pk, state, cents, promised, gone in rows.values_list(
        "pk", "state", "amount_cents", "promised", "gone"
    ).iterator():
        yield from _compared(
            f"refund {pk} ({state})",
            ledger_promised=(promised, cents if state in Refund.PROMISED else 0),
            ledger_sent=(gone, cents if state in Refund.GONE else 0),
        )


def _disputes() -> Iterator[str]:
    rows = Dispute.objects.order_by("pk").annotate(
        opened=_booked(EntryKind.DISPUTE_OPENED),
        won=_booked(EntryKind.DISPUTE_WON),
        lost=_booked(EntryKind.DISPUTE_LOST),
    )
    for row in rows.iterator():
        lost = row.state == Payment.Dispute.LOST and row.withdrawn_at is not None
        yield from _compared(
            f"dispute {row.pk} ({row.state})",
            ledger_taken=(row.opened, row.amount_cents if row.withdrawn_at else 0),
            ledger_given_back=(row.won, row.amount_cents if row.reinstated_at else 0),
            ledger_lost=(row.lost, row.amount_cents if lost else 0),
        )


def _fees() -> Iterator[str]:
    """A fee's state says which entries it has, and what is still owed for it."""
    owed = {row["fee_id"]: row[Account.RECEIVABLE] for row in LedgerEntry.objects.balances_by("fee_id")}
    lost_of_paid = _sum(
        "ledger_entries__amount_cents",
        ledger_entries__kind=EntryKind.DISPUTE_LOST,
        ledger_entries__debit=Account.RECEIVABLE,
    )
    rows = Fee.objects.order_by("pk").annotate(
        raised=_booked(EntryKind.FEE_RAISED),
        paid=_booked(EntryKind.FEE_PAID),
        waived=_booked(EntryKind.FEE_WAIVED),
        canceled=_booked(EntryKind.FEE_CANCELED),
        written_off=_booked(EntryKind.WRITTEN_OFF),
        lost=lost_of_paid,
    )
    for fee in rows.iterator():
        yield from _fee(fee, owed.get(fee.pk, 0))


def _fee(fee: Any, owed: int) -> Iterator[str]:
    cents, state = fee.amount_cents, fee.state
    still_owed = {Fee.State.OPEN: cents, Fee.State.SETTLED: fee.lost}
    yield from _compared(
        f"fee {fee.pk} ({state})",
        ledger_raised=(fee.raised, cents),
        ledger_paid=(fee.paid, cents if state in _PAID else 0),
        ledger_waived=(fee.waived, cents if state == Fee.State.WAIVED else 0),
        ledger_canceled=(fee.canceled, cents if state == Fee.State.CANCELED else 0),
        ledger_written_off=(fee.written_off, fee.lost if state == Fee.State.WRITTEN_OFF else 0),
        ledger_owed=(owed, still_owed.get(state, 0)),
    )


def _visits() -> Iterator[str]:
    """A visit counts as paid or waived exactly if its fee does."""
    fees = Fee.objects.filter(round=OuterRef("pk"))
    rows = VisitRound.objects.order_by("pk").annotate(
        paid=Exists(fees.filter(state__in=_PAID)), waived=Exists(fees.filter(state=Fee.State.WAIVED))
    )
    wrong = rows.exclude(
        Q(settlement=Settlement.PAID, paid=True, waived=False)
        | Q(settlement=Settlement.WAIVED, paid=False, waived=True)
        | (~Q(settlement__in=[Settlement.PAID, Settlement.WAIVED]) & Q(paid=False, waived=False))
    )
    for pk, number, settlement in wrong.values_list("pk", "number", "settlement"):
        yield f"visit {number} (row {pk}): counts as {settlement or 'not settled'}, its fee does not"
