"""The provider's own books: every move of money, as it lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.provider.client import ask, client

_PAGE = 100


@dataclass(frozen=True)
class Movement:
    """One line of the provider's books; `cents` is below zero where money left.

    `source_id` is the charge, refund or dispute that moved it, `intent_id` the payment that this is of.
    """

    id: str
    category: str  # charge, refund, refund_failure, dispute, dispute_reversal, or another of the provider's words
    cents: int
    currency: str
    source_id: str
    intent_id: str
    livemode: bool
    moved_at: datetime


def movements(start: datetime, end: datetime) -> Iterator[Movement]:
    """What moved from `start` until before `end`, newest first, page by page."""
    params: Any = {
        "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
        "limit": _PAGE,
        "expand": ["data.source"],
    }
    rows = iter(ask(lambda: client().v1.balance_transactions.list(params)).auto_paging_iter())
    end_of_list = object()
    while (row := ask(lambda: next(rows, end_of_list))) is not end_of_list:
        yield _movement(row.to_dict())  # type: ignore[attr-defined]  # never the mark of the end


def _movement(body: Mapping[str, Any]) -> Movement:
    source = body.get("source") or {}
    if isinstance(source, str):
        source = {"id": source}
    intent = source.get("payment_intent") or ""
    return Movement(
        id=body["id"],
        category=body.get("reporting_category") or body["type"],
        cents=body["amount"],
        currency=body["currency"],
        source_id=source.get("id", ""),
        intent_id=intent if isinstance(intent, str) else intent["id"],
        livemode=bool(source.get("livemode", False)),
        moved_at=datetime.fromtimestamp(body["created"], UTC),
    )
