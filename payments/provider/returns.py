"""Money that leaves again: refunds, and disputes of the payer's bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.money import cents
from payments.provider.client import OutOfStep, ask, client

# A refund that ended so gave its amount free again.
FAILED = frozenset({"failed", "canceled"})
_DISPUTE_OVER = {"won": "won", "warning_closed": "won", "prevented": "won", "lost": "lost"}


@dataclass(frozen=True)
class ProviderRefund:
    id: str
    status: str  # pending, requires_action, succeeded, failed, canceled
    amount_cents: int
    key: str  # ours, empty where the refund was made in the provider's dashboard
    moved_at: datetime
    returned_at: datetime | None = None  # when a refund that failed came back


@dataclass(frozen=True)
class ProviderDispute:
    """`withdrawn_at` and `reinstated_at`: when the bank took the amount, and gave it back."""

    id: str
    state: str  # open, won, lost
    amount_cents: int
    opened_at: datetime
    withdrawn_at: datetime | None = None
    reinstated_at: datetime | None = None


def create_refund(intent_id: str, *, amount_cents: int, key: str, expected_refundable_cents: int) -> ProviderRefund:
    """Send money back. A refund under that key is returned rather than made again, at any age.

    The provider forgets idempotency keys after a day or so; therefore its list is asked first. Raises
    `OutOfStep` where what remains there is not `expected_refundable_cents`: somebody refunded meanwhile.
    """
    refunds = refunds_of(intent_id)
    known = next((refund for refund in refunds if refund.key == key), None)
    if known is not None:
        return known
    refundable = _received(intent_id) - sum(refund.amount_cents for refund in refunds if refund.status not in FAILED)
    if refundable != expected_refundable_cents:
        raise OutOfStep(f"refundable: {refundable}, expected: {expected_refundable_cents}")
    params: Any = {
        "payment_intent": intent_id,
        "amount": cents(amount_cents),
        "reason": "requested_by_customer",
        "metadata": {"refund": key},
    }
    made = ask(lambda: client().v1.refunds.create(params, {"idempotency_key": f"refund-{key}"}))
    return _refund(made.to_dict())


def _received(intent_id: str) -> int:
    return cents(ask(lambda: client().v1.payment_intents.retrieve(intent_id)).amount_received)


def refunds_of(intent_id: str) -> tuple[ProviderRefund, ...]:
    """Every refund of that payment, the first one first."""
    params: Any = {"payment_intent": intent_id, "limit": 100, "expand": ["data.failure_balance_transaction"]}
    rows = ask(lambda: list(client().v1.refunds.list(params).auto_paging_iter()))
    return tuple(_refund(row.to_dict()) for row in reversed(rows))


def disputes_of(intent_id: str) -> tuple[ProviderDispute, ...]:
    """Every dispute of that payment, the first one first."""
    params: Any = {"payment_intent": intent_id, "limit": 100}
    rows = ask(lambda: list(client().v1.disputes.list(params).auto_paging_iter()))
    return tuple(_dispute(row.to_dict()) for row in reversed(rows))


def _refund(body: Mapping[str, Any]) -> ProviderRefund:
    key = (body.get("metadata") or {}).get("refund", "")
    failure = body.get("failure_balance_transaction")
    return ProviderRefund(
        id=body["id"],
        status=body.get("status") or "pending",
        amount_cents=cents(body["amount"]),
        key=key,
        moved_at=_moment(body["created"]),
        returned_at=_moment(failure["created"]) if isinstance(failure, Mapping) else None,
    )


def _dispute(body: Mapping[str, Any]) -> ProviderDispute:
    moves = body.get("balance_transactions") or []
    taken = next((move for move in moves if move["amount"] < 0), None)
    reinstated = next((move for move in moves if move["amount"] > 0), None)
    return ProviderDispute(
        id=body["id"],
        state=_DISPUTE_OVER.get(str(body["status"]), "open"),
        amount_cents=cents(body["amount"]),
        opened_at=_moment(body["created"]),
        withdrawn_at=_moment(taken["created"]) if taken else None,
        reinstated_at=_moment(reinstated["created"]) if reinstated else None,
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
