"""Our books beside the provider's, read from its own API without the portal's code for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import requests
from django.db.models import QuerySet

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
    """What is wrong with our books by themselves, at any moment: figures, rows and entries, added up here."""
    return [*_figures(), *_fees(), *_visits()]


def beside(books: ProviderBooks) -> list[str]:
    """What differs from the provider's books once every payment was followed."""
    wrong = []
    by_objects, by_movements = books.by_objects(), books.by_movements()
    if +by_objects != +by_movements:
        wrong.append(f"the provider contradicts itself: {by_objects} and {by_movements}")
    ours: Counter[str] = Counter()
    balances = _balances("payment_id")
    for pk, intent, held in Payment.objects.filter(intent_id__isnull=False).values_list(
        "pk", "intent_id", "held_reason"
    ):
        ours[str(intent)] += balances[pk, Account.PROVIDER]
        if held in FOREIGN:
            del by_objects[str(intent)]
    wrong += [
        f"{intent}: {ours[intent]} in our ledger, {by_objects[intent]} at the provider"
        for intent in sorted({*ours, *by_objects})
        if ours[intent] != by_objects[intent]
    ]
    paid = {charge["payment_intent"]: charge["amount"] for charge in books.listed("charges") if charge["paid"]}
    wrong += [f"{intent}: {cents} went back" for intent, cents in books.refunded().items() if cents > paid[intent]]
    return wrong + list(audit.differences())


def _balances(field: str) -> dict[tuple[int, str], int]:
    """Debits less credits by that field and account, over every entry."""
    sums: Counter[tuple[int, str]] = Counter()
    for about, debit, credit, cents in LedgerEntry.objects.values_list(field, "debit", "credit", "amount_cents"):
        sums[about, debit] += cents
        sums[about, credit] -= cents
    return sums


def _summed(rows: QuerySet[Any], about: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for key, cents in rows.values_list(about, "amount_cents"):
        sums[key] += cents
    return sums


def _figures() -> Iterator[str]:
    balances = _balances("payment_id")
    if sum(balances.values()):
        yield f"the accounts sum to {sum(balances.values())}"
    promised = _summed(Refund.objects.filter(state__in=Refund.PROMISED), "payment_id")
    gone = _summed(Refund.objects.filter(state__in=Refund.GONE), "payment_id")
    taken = _summed(Dispute.objects.filter(withdrawn_at__isnull=False, reinstated_at__isnull=True), "payment_id")
    by_part: Counter[Any] = Counter()
    for *place, cents in Refund.objects.filter(state__in=Refund.PROMISED).values_list(
        "payment_id", "fee_id", "amount_cents"
    ):
        by_part[tuple(place)] += cents
    for pk, received, refunded in Payment.objects.values_list("pk", "received_cents", "refunded_cents"):
        if not refunded == promised[pk] <= received:
            yield f"payment {pk}: {refunded} of {received} refunded, the rows say {promised[pk]}"
        if balances[pk, Account.REFUNDS_DUE] != gone[pk] - promised[pk]:
            yield f"payment {pk}: {balances[pk, Account.REFUNDS_DUE]} due, the rows say {gone[pk] - promised[pk]}"
        if balances[pk, Account.PROVIDER] != received - gone[pk] - taken[pk]:
            yield f"payment {pk}: cash of {balances[pk, Account.PROVIDER]}, rows say {received - gone[pk] - taken[pk]}"
    for payment, fee, refunded in Allocation.objects.values_list("payment_id", "fee_id", "refunded_cents"):
        if refunded != by_part[payment, fee]:
            yield f"payment {payment}, fee {fee}: {refunded} refunded, the rows say {by_part[payment, fee]}"


def _fees() -> Iterator[str]:
    """What is owed follows from the fee's state; a dispute that was lost owes again what the bank took."""
    owed = _balances("fee_id")
    settled = Counter(Allocation.objects.filter(state=Allocation.State.SETTLED).values_list("fee_id", flat=True))
    lost = set(
        Allocation.objects.filter(state=Allocation.State.SETTLED, payment__dispute=Payment.Dispute.LOST).values_list(
            "fee_id", flat=True
        )
    )
    for pk, state, cents in Fee.objects.values_list("pk", "state", "amount_cents"):
        due = owed[pk, Account.RECEIVABLE]
        most = cents if state == Fee.State.OPEN or (state == Fee.State.SETTLED and pk in lost) else 0
        least = cents if state == Fee.State.OPEN else 0
        paid = 1 if state in {Fee.State.SETTLED, Fee.State.WRITTEN_OFF} else 0
        if not least <= due <= most or settled[pk] != paid:
            yield f"fee {pk} ({state}): {due} owed, settled by {settled[pk]}"


def _visits() -> Iterator[str]:
    """A settled visit has one reason, told once; an unsettled one has none."""
    paid = Counter(Allocation.objects.filter(state="settled").values_list("fee__round_id", flat=True))
    waived = Counter(Fee.objects.filter(state=Fee.State.WAIVED).values_list("round_id", flat=True))
    told = Counter(RequestEvent.objects.filter(kind="fee_settled").values_list("msa_request_id", flat=True))
    for pk, msa_request, how in VisitRound.objects.values_list("pk", "msa_request_id", "settlement"):
        reasons = {Settlement.PAID: (1, 0, 1), Settlement.WAIVED: (0, 1, 1), "": (0, 0, 0)}[how]
        if (paid[pk], waived[pk], told[msa_request]) != reasons:
            yield f"visit {pk} ({how}): {paid[pk]} payments, {waived[pk]} waivers, told {told[msa_request]} times"
