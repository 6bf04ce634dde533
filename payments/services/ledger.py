"""Posting to the ledger: one function for each thing that happens to money, and the sums.

Every function runs in the transaction of its cause, under the request's lock. An entry's key names
the cause, so that a cause which came twice breaks its transaction rather than the books.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from msa_portal.accounts.models import User
from payments.models import Account, Allocation, Dispute, EntryKind, Fee, LedgerEntry, Payment, Refund
from payments.money import cents

_SIDES: dict[EntryKind, tuple[Account, Account]] = {
    EntryKind.FEE_QUOTED: (Account.RECEIVABLE, Account.RECEIVABLE),
    EntryKind.FEE_RAISED: (Account.RECEIVABLE, Account.FEES),
    EntryKind.FEE_CANCELED: (Account.FEES, Account.RECEIVABLE),
    EntryKind.FEE_WAIVED: (Account.WAIVED, Account.RECEIVABLE),
    EntryKind.FEE_PAID: (Account.PROVIDER, Account.RECEIVABLE),
    EntryKind.MONEY_HELD: (Account.PROVIDER, Account.UNAPPLIED),
    EntryKind.PAID_TWICE: (Account.PROVIDER, Account.UNAPPLIED),
    EntryKind.REFUND_PROMISED: (Account.REFUNDED, Account.REFUNDS_DUE),
    EntryKind.REFUND_RELEASED: (Account.REFUNDS_DUE, Account.REFUNDED),
    EntryKind.REFUND_SENT: (Account.REFUNDS_DUE, Account.PROVIDER),
    EntryKind.REFUND_RETURNED: (Account.PROVIDER, Account.REFUNDS_DUE),
    EntryKind.DISPUTE_OPENED: (Account.DISPUTED, Account.PROVIDER),
    EntryKind.DISPUTE_WON: (Account.PROVIDER, Account.DISPUTED),
    EntryKind.DISPUTE_LOST: (Account.RECEIVABLE, Account.DISPUTED),
    EntryKind.WRITTEN_OFF: (Account.WRITTEN_OFF, Account.RECEIVABLE),
}
# Money that settles nothing lies apart, and leaves from there.
_UNAPPLIED_STANDS_FOR = {Account.REFUNDED, Account.RECEIVABLE}

_RULE_OF_REFUND = {
    Refund.Reason.WITHDRAWN_BEFORE_VISIT: "D4",
    Refund.Reason.UTILITY_RESPONSIBLE: "D4",
    Refund.Reason.NO_SECOND_VISIT: "D4",
    Refund.Reason.DUPLICATE: "F1",
    Refund.Reason.CANNOT_SUBMIT: "D15",
    Refund.Reason.REQUESTED: "F4",
    Refund.Reason.GOODWILL: "F4",
    Refund.Reason.AT_PROVIDER: "F4",
}
_RULE_OF_DISPUTE = "C7"


def _entry(
    kind: EntryKind,
    fee: Fee,
    amount_cents: int,
    *,
    rule: str,
    key: str,
    by: User | None = None,
    unapplied: bool = False,
    **about: Any,
) -> LedgerEntry | None:
    """Not saved yet; None where no money moves."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("the ledger is written in the transaction of its cause")
    if not cents(amount_cents):
        return None
    debit, credit = (
        Account.UNAPPLIED if unapplied and account in _UNAPPLIED_STANDS_FOR else account for account in _SIDES[kind]
    )
    return LedgerEntry(
        kind=kind,
        rule=rule,
        debit=debit,
        credit=credit,
        amount_cents=amount_cents,
        currency=fee.currency,
        msa_request=fee.round.msa_request,
        fee=fee,
        by=by,
        key=key,
        **about,
    )


def _post(kind: EntryKind, fee: Fee, amount_cents: int, **about: Any) -> None:
    entry = _entry(kind, fee, amount_cents, **about)
    if entry is not None:
        entry.save(force_insert=True)


def fee_raised(fee: Fee, *, by: User | None) -> None:
    """Owed from now on (F1, F3 with D3, D16), at the amount that is quoted for a while (D9)."""
    key, rule = f"fee-{fee.pk}", fee.round.fee_reason
    entries = [
        _entry(EntryKind.FEE_RAISED, fee, fee.amount_cents, rule=rule, by=by, key=f"{key}-raised"),
        _entry(EntryKind.FEE_QUOTED, fee, fee.amount_cents, rule="D9", by=by, key=f"{key}-quoted"),
    ]
    LedgerEntry.objects.bulk_create(entry for entry in entries if entry is not None)


def fee_canceled(fee: Fee, *, rule: str, by: User | None) -> None:
    _post(EntryKind.FEE_CANCELED, fee, fee.amount_cents, rule=rule, by=by, key=f"fee-{fee.pk}-canceled")


def fee_waived(fee: Fee, *, by: User) -> None:
    _post(EntryKind.FEE_WAIVED, fee, fee.amount_cents, rule="D3", by=by, key=f"fee-{fee.pk}-waived")


def fee_written_off(fee: Fee, *, by: User) -> int:
    """What is owed for that fee after a lost dispute is given up. Returns it, in cents."""
    owed = LedgerEntry.objects.filter(fee=fee).balance(Account.RECEIVABLE)
    _post(EntryKind.WRITTEN_OFF, fee, owed, rule="D3", by=by, key=f"fee-{fee.pk}-written-off")
    return owed


def money_received(allocation: Allocation, *, moved_at: datetime) -> None:
    """The part of a payment for one fee came in: it settled the fee, or lies apart."""
    payment, fee = allocation.payment, allocation.fee
    kind, rule = {
        Allocation.State.SETTLED: (EntryKind.FEE_PAID, "F2" if fee.round.number == 1 else "F3"),
        Allocation.State.DUPLICATE: (EntryKind.PAID_TWICE, "F1"),
        Allocation.State.HELD: (EntryKind.MONEY_HELD, "D15"),
    }[Allocation.State(allocation.state)]
    _post(
        kind,
        fee,
        allocation.received_cents,
        rule=rule,
        by=payment.payer,
        payment=payment,
        moved_at=moved_at,
        provider_id=payment.intent_id or "",
        key=f"allocation-{allocation.pk}-received",
    )


def refund_promised(refund: Refund, *, by: User | None) -> None:
    _refund(EntryKind.REFUND_PROMISED, refund, by=by)


def refund_released(refund: Refund) -> None:
    """It is not carried out after all, or came back: the money is free again."""
    _refund(EntryKind.REFUND_RELEASED, refund)


def refund_sent(refund: Refund, *, moved_at: datetime) -> None:
    _refund(EntryKind.REFUND_SENT, refund, moved_at=moved_at, provider_id=refund.provider_id)


def refund_returned(refund: Refund, *, moved_at: datetime) -> None:
    _refund(EntryKind.REFUND_RETURNED, refund, moved_at=moved_at, provider_id=refund.provider_id)


def _refund(kind: EntryKind, refund: Refund, *, by: User | None = None, **about: Any) -> None:
    """A refund may be promised anew after it was thought lost, so its entries are counted."""
    place = refund.ledger_entries.filter(kind=kind).count() + 1
    _post(
        kind,
        refund.fee,
        refund.amount_cents,
        rule=_RULE_OF_REFUND[Refund.Reason(refund.reason)],
        by=by,
        unapplied=_lies_apart(refund.payment, refund.fee),
        payment=refund.payment,
        refund=refund,
        key=f"refund-{refund.pk}-{kind}-{place}",
        **about,
    )


def dispute_moved(kind: EntryKind, dispute: Dispute, *, moved_at: datetime | None = None) -> None:
    """A disputed amount was taken, given back or lost; each fee of the payment bears its part."""
    moved: dict[str, Any] = {"moved_at": moved_at, "provider_id": dispute.provider_id} if moved_at else {}
    for fee, part in _taken(dispute) or _still_here(dispute.payment, dispute.amount_cents):
        _post(
            kind,
            fee,
            part,
            rule=_RULE_OF_DISPUTE,
            unapplied=_lies_apart(dispute.payment, fee),
            payment=dispute.payment,
            dispute=dispute,
            key=f"dispute-{dispute.pk}-{kind}-{fee.pk}",
            **moved,
        )


def _lies_apart(payment: Payment, fee: Fee) -> bool:
    return payment.allocations.filter(fee=fee, state__in=Allocation.UNAPPLIED).exists()


def _taken(dispute: Dispute) -> list[tuple[Fee, int]]:
    """Which fees bore it when it was taken: what comes back or is lost lies where that did."""
    entries = dispute.ledger_entries.filter(kind=EntryKind.DISPUTE_OPENED).select_related("fee__round__msa_request")
    return [(entry.fee, entry.amount_cents) for entry in entries.order_by("pk")]


def _still_here(payment: Payment, amount_cents: int) -> list[tuple[Fee, int]]:
    """The amount laid onto what each fee's part has at the provider: a part that went back bears none of it."""
    allocations = payment.allocations.filter(state__in=Allocation.RECEIVED).select_related("fee__round__msa_request")
    rows = list(allocations.order_by("pk"))
    cash = {row.fee_id: payment.ledger_entries.filter(fee=row.fee).balance(Account.PROVIDER) for row in rows}
    shares = share(amount_cents, [max(cash[row.fee_id], 0) for row in rows])
    return [(row.fee, part) for row, part in zip(rows, shares, strict=True)]


def share(amount_cents: int, limits: Iterable[int]) -> list[int]:
    """An amount laid onto limits one after the other; what is over lies on the first."""
    left, parts = amount_cents, []
    for limit in limits:
        parts.append(min(left, limit))
        left -= parts[-1]
    if parts:
        parts[0] += left
    return parts
