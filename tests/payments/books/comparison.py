"""Our books beside the provider's, read from its own API without the portal's code for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import requests

from payments.models import Account, Allocation, Dispute, Fee, LedgerEntry, Payment, Refund
from payments.services import audit
from requests_app.enums import Settlement
from requests_app.models import RequestEvent, VisitRound

FOREIGN = {"currency", "livemode"}


class ProviderBooks:
    """Charges, refunds, disputes and balance transactions, as the provider lists them."""

    def __init__(self, url: str, http: requests.Session) -> None:
        self.url, self.http = url, http

    def listed(self, path: str, **params: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            after = {"starting_after": rows[-1]["id"]} if rows else {}
            answer = self.http.get(f"{self.url}/v1/{path}", params={"limit": 100, **params, **after}).json()
            rows += answer["data"]
            if not answer["has_more"]:
                return rows

    def by_objects(self) -> Counter[str]:
        """Per payment intent: charges, less refunds that did not fail, less what disputes hold."""
        cash: Counter[str] = Counter()
        for charge in self.listed("charges"):
            cash[charge["payment_intent"]] += charge["amount"] if charge["paid"] else 0
        for refund in self.listed("refunds"):
            cash[refund["payment_intent"]] -= 0 if refund["status"] in {"failed", "canceled"} else refund["amount"]
        for dispute in self.listed("disputes"):
            cash[dispute["payment_intent"]] += sum(move["amount"] for move in dispute["balance_transactions"])
        return cash

    def by_movements(self) -> Counter[str]:
        """The same from its balance transactions."""
        cash: Counter[str] = Counter()
        for row in self.listed("balance_transactions", **{"expand[]": "data.source"}):
            cash[row["source"]["payment_intent"]] += row["amount"]
        return cash

    def refunded(self) -> Counter[str]:
        refunded: Counter[str] = Counter()
        for refund in self.listed("refunds"):
            refunded[refund["payment_intent"]] += 0 if refund["status"] in {"failed", "canceled"} else refund["amount"]
        return refunded


def inside() -> list[str]:
    """What is wrong with our books by themselves, at any moment."""
    return [*audit.differences(), *_figures(), *_fees(), *_visits()]


def beside(books: ProviderBooks) -> list[str]:
    """What differs from the provider's books once every payment was followed."""
    wrong = []
    by_objects, by_movements = books.by_objects(), books.by_movements()
    if +by_objects != +by_movements:
        wrong.append(f"the provider contradicts itself: {by_objects} and {by_movements}")
    ours: Counter[str] = Counter()
    for payment in Payment.objects.filter(intent_id__isnull=False):
        ours[str(payment.intent_id)] += payment.ledger_entries.cash().balance(Account.PROVIDER)
        if payment.held_reason in FOREIGN:
            del by_objects[str(payment.intent_id)]
    for intent in sorted({*ours, *by_objects}):
        if ours[intent] != by_objects[intent]:
            wrong.append(f"{intent}: {ours[intent]} in our ledger, {by_objects[intent]} at the provider")
    return wrong + _overpaid(books)


def _overpaid(books: ProviderBooks) -> Iterator[str] | list[str]:
    """Never more refunded than received, by the provider's list."""
    received = {payment.intent_id: payment.amount_cents for payment in Payment.objects.all()}
    return [f"{intent}: {cents} refunded" for intent, cents in books.refunded().items() if cents > received[intent]]


def _figures() -> Iterator[str]:
    total = sum(LedgerEntry.objects.balance(account) for account in Account)
    if total:
        yield f"the accounts sum to {total}"
    for payment in Payment.objects.prefetch_related("refunds", "allocations"):
        promised = sum(row.amount_cents for row in payment.refunds.all() if row.state in Refund.PROMISED)
        if payment.refunded_cents != promised or promised > payment.received_cents:
            yield f"payment {payment.pk}: {payment.refunded_cents} refunded, rows say {promised}"
        gone = sum(row.amount_cents for row in payment.refunds.all() if row.state in Refund.GONE)
        disputed = sum(
            row.amount_cents
            for row in Dispute.objects.filter(payment=payment)
            if row.withdrawn_at and not row.reinstated_at
        )
        cash = payment.ledger_entries.cash().balance(Account.PROVIDER)
        if cash != payment.received_cents - gone - disputed:
            yield f"payment {payment.pk}: cash of {cash}, rows say {payment.received_cents - gone - disputed}"


def _fees() -> Iterator[str]:
    """What is owed follows from the fee's state; a dispute that was lost owes again what the bank took."""
    for fee in Fee.objects.all():
        owed = fee.ledger_entries.balance(Account.RECEIVABLE)
        settled = fee.allocations.filter(state=Allocation.State.SETTLED)
        lost = settled.filter(payment__dispute=Payment.Dispute.LOST).exists()
        right = {
            Fee.State.OPEN: owed == fee.amount_cents,
            Fee.State.SETTLED: 0 <= owed <= fee.amount_cents if lost else owed == 0,
        }.get(Fee.State(fee.state), owed == 0)
        if not right or settled.count() > 1:
            yield f"fee {fee.pk} ({fee.state}): {owed} owed, settled by {settled.count()}"


def _visits() -> Iterator[str]:
    """A settled visit has one reason, told once."""
    for visit in VisitRound.objects.exclude(settlement=""):
        paid = Allocation.objects.filter(fee__round=visit, state=Allocation.State.SETTLED).count()
        waived = Fee.objects.filter(round=visit, state=Fee.State.WAIVED).count()
        told = RequestEvent.objects.filter(request=visit.request, kind="fee_settled").count()
        if (paid, waived, told) != ((1, 0, 1) if visit.settlement == Settlement.PAID else (0, 1, 1)):
            yield f"visit {visit.pk} ({visit.settlement}): {paid} payments, {waived} waivers, told {told} times"
