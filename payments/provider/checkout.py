"""Checkouts: opened, looked up with their money, closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from payments.money import cents
from payments.provider.client import ProviderRefused, ask, client
from payments.provider.returns import ProviderDispute, ProviderRefund, disputes_of, refunds_of


@dataclass(frozen=True)
class NewSession:
    """What a checkout is made from. The same values and key give the same session again.

    `lines` are what is paid for: a title and an amount in cents each.
    """

    key: str
    lines: tuple[tuple[str, int], ...]
    currency: str
    title: str
    reference: str
    payer_email: str
    expires_at: datetime
    success_url: str
    cancel_url: str


@dataclass(frozen=True)
class Session:
    """A checkout and its money as the provider sees them now."""

    id: str
    url: str
    status: str  # open, complete, expired
    payment_status: str  # paid, unpaid
    amount_cents: int
    currency: str
    livemode: bool
    reference: str
    key: str
    expires_at: datetime
    intent_id: str = ""
    intent_status: str = ""
    received_cents: int | None = None
    moved_at: datetime | None = None
    refunds: tuple[ProviderRefund, ...] = field(default=())
    disputes: tuple[ProviderDispute, ...] = field(default=())

    @property
    def is_paid(self) -> bool:
        return self.status == "complete" and self.payment_status == "paid"

    @property
    def is_pending(self) -> bool:
        """Complete, with the money days away (a bank debit)."""
        return self.status == "complete" and not self.is_paid and self.intent_status == "processing"

    @property
    def money_cents(self) -> int:
        """What came in."""
        return self.amount_cents if self.received_cents is None else self.received_cents


def create_session(new: NewSession) -> Session:
    """Open a checkout. Raises `ProviderUnavailable` or `ProviderRefused`."""
    metadata = {"payment": new.key, "reference": new.reference}
    params: Any = {
        "mode": "payment",
        "client_reference_id": new.reference,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": new.title},
        "customer_email": new.payer_email,
        "allowed_payment_method_types": ["card", "us_bank_account"],
        "line_items": [_line(new.currency, title, amount) for title, amount in new.lines],
        "expires_at": int(new.expires_at.timestamp()),
        "success_url": new.success_url,
        "cancel_url": new.cancel_url,
    }
    made = ask(lambda: client().v1.checkout.sessions.create(params, {"idempotency_key": f"session-{new.key}"}))
    return _session(made.to_dict())


def _line(currency: str, title: str, amount: int) -> dict[str, Any]:
    price = {"currency": currency, "unit_amount": cents(amount), "product_data": {"name": title}}
    return {"quantity": 1, "price_data": price}


def fetch_session(session_id: str) -> Session:
    """The checkout with its payment, refunds and disputes, as they are now."""
    expand: Any = {"expand": ["payment_intent.latest_charge.balance_transaction"]}
    body = ask(lambda: client().v1.checkout.sessions.retrieve(session_id, expand)).to_dict()
    intent = body.get("payment_intent") or {}
    charge = intent.get("latest_charge") or {}
    paid = body.get("payment_status") == "paid"
    return _session(
        body,
        moved_at=_moved_at(charge) if paid and charge else None,
        refunds=refunds_of(intent["id"]) if paid and intent else (),
        disputes=disputes_of(intent["id"]) if charge.get("disputed") else (),
    )


def _moved_at(charge: Mapping[str, Any]) -> datetime:
    """When the money came into the balance: for a bank debit days after the charge."""
    movement = charge.get("balance_transaction")
    created = movement["created"] if isinstance(movement, Mapping) else charge["created"]
    return datetime.fromtimestamp(created, UTC)


def expire_session(session_id: str) -> None:
    """Close an open checkout. One that is complete or expired already stays as it is."""
    try:
        ask(lambda: client().v1.checkout.sessions.expire(session_id))
    except ProviderRefused:
        if fetch_session(session_id).status == "open":
            raise


def session_of_intent(intent_id: str) -> str:
    """The checkout that a payment came from; empty where it came from none."""
    params: Any = {"payment_intent": intent_id, "limit": 1}
    sessions = ask(lambda: client().v1.checkout.sessions.list(params)).data
    return sessions[0].id if sessions else ""


def _session(body: Mapping[str, Any], **more: Any) -> Session:
    metadata = body.get("metadata") or {}
    intent = body.get("payment_intent") or {}
    if isinstance(intent, str):
        intent = {"id": intent}
    return Session(
        id=body["id"],
        url=body.get("url") or "",
        status=body.get("status") or "open",
        payment_status=body["payment_status"],
        amount_cents=cents(body.get("amount_total") or 0),
        currency=body.get("currency") or "",
        livemode=bool(body["livemode"]),
        reference=body.get("client_reference_id") or "",
        key=metadata.get("payment", ""),
        expires_at=datetime.fromtimestamp(body["expires_at"], UTC),
        intent_id=intent.get("id", ""),
        intent_status=intent.get("status", ""),
        received_cents=intent.get("amount_received"),
        **more,
    )
