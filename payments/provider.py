"""The one module that talks to the payment provider, Stripe, through its official client.

It neither reads nor writes our database, and no transaction may be open around a call: the
provider may take seconds. Repeats of a call that makes something carry the same idempotency key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import stripe
from django.conf import settings

from payments.money import cents

stripe.enable_telemetry = False

CONNECT_SECONDS, ANSWER_SECONDS = 3, 8
RETRIES = 2
SIGNATURE_AGE_SECONDS = 300
_DISPUTE_OVER = {"won": "won", "warning_closed": "won", "prevented": "won", "lost": "lost"}


class ProviderUnavailable(Exception):
    """No answer, or none that says what happened: asking again with the same key is safe."""


class ProviderBroken(ProviderUnavailable):
    """The provider answered with an error of its own, which the same key may repeat."""


class ProviderRefused(Exception):
    """A definite no. `code` is the provider's; there is no personal data in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BadSignature(Exception):
    """The event is not signed by the provider, or not just now."""


@dataclass(frozen=True)
class NewSession:
    """What a checkout is made from. The same values and key give the same session again."""

    key: str
    amount_cents: int
    currency: str
    title: str
    reference: str
    payer_email: str
    expires_at: datetime
    success_url: str
    cancel_url: str


@dataclass(frozen=True)
class ProviderRefund:
    id: str
    status: str  # pending, requires_action, succeeded, failed, canceled
    amount_cents: int
    key: str  # ours, empty where the refund was made in the provider's dashboard


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
    refunds: tuple[ProviderRefund, ...] = ()
    dispute: str = field(default="")  # open, won, lost; empty where there is none

    @property
    def is_paid(self) -> bool:
        return self.status == "complete" and self.payment_status == "paid"

    @property
    def is_pending(self) -> bool:
        """Complete, with the money days away (a bank debit)."""
        return self.status == "complete" and not self.is_paid and self.intent_status == "processing"


@dataclass(frozen=True)
class Event:
    """A webhook event: which object to look at again. Nothing else in it is believed."""

    id: str
    type: str
    object_id: str


def expects_live_money() -> bool:
    return str(settings.STRIPE_SECRET_KEY).startswith(("sk_live_", "rk_live_"))


@cache
def _client_for(key: str, base: str) -> stripe.StripeClient:
    http = stripe.RequestsClient(timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
    return stripe.StripeClient(key, base_addresses={"api": base}, max_network_retries=RETRIES, http_client=http)


def _client() -> stripe.StripeClient:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def _ask[T](call: Callable[[], T]) -> T:
    """Run a call; the client's errors become ours."""
    try:
        return call()
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderUnavailable(type(error).__name__) from error
    except stripe.StripeError as error:
        if error.http_status == 409:
            raise ProviderUnavailable("the key is in use") from error
        if error.http_status is None or error.http_status >= 500:
            raise ProviderBroken(str(error.http_status)) from error
        raise ProviderRefused(str(error.code or type(error).__name__)) from error


def create_session(new: NewSession) -> Session:
    """Open a checkout. Raises `ProviderUnavailable` or `ProviderRefused`."""
    metadata = {"payment": new.key, "reference": new.reference}
    params: Any = {
        "mode": "payment",
        "client_reference_id": new.reference,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": new.title},
        "customer_email": new.payer_email,
        "payment_method_types": ["card", "us_bank_account"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": new.currency,
                    "unit_amount": cents(new.amount_cents),
                    "product_data": {"name": new.title},
                },
            }
        ],
        "expires_at": int(new.expires_at.timestamp()),
        "success_url": new.success_url,
        "cancel_url": new.cancel_url,
    }
    made = _ask(lambda: _client().v1.checkout.sessions.create(params, {"idempotency_key": f"session-{new.key}"}))
    return _session(made.to_dict())


def fetch_session(session_id: str) -> Session:
    """The checkout with its payment, refunds and dispute, as they are now."""
    expand: Any = {"expand": ["payment_intent.latest_charge"]}
    body = _ask(lambda: _client().v1.checkout.sessions.retrieve(session_id, expand)).to_dict()
    intent = body.get("payment_intent") or {}
    charge = intent.get("latest_charge") or {}
    disputed = bool(charge.get("disputed"))
    paid = body.get("payment_status") == "paid"
    return _session(
        body,
        refunds=_refunds_of(intent["id"]) if paid and intent else (),
        dispute=_dispute_of(intent["id"]) if disputed else "",
    )


def expire_session(session_id: str) -> None:
    """Close an open checkout. One that is complete or expired already stays as it is."""
    try:
        _ask(lambda: _client().v1.checkout.sessions.expire(session_id))
    except ProviderRefused:
        if fetch_session(session_id).status == "open":
            raise


def session_of_intent(intent_id: str) -> str:
    """The checkout that a payment came from; empty where it came from none."""
    params: Any = {"payment_intent": intent_id, "limit": 1}
    found = _ask(lambda: _client().v1.checkout.sessions.list(params)).data
    return found[0].id if found else ""


def create_refund(intent_id: str, *, amount_cents: int, key: str) -> ProviderRefund:
    """Send money back. A refund under that key is returned rather than made again, at any age.

    The provider forgets idempotency keys after a day or so; therefore its list is asked first.
    """
    known = next((refund for refund in _refunds_of(intent_id) if refund.key == key), None)
    if known is not None:
        return known
    params: Any = {
        "payment_intent": intent_id,
        "amount": cents(amount_cents),
        "reason": "requested_by_customer",
        "metadata": {"refund": key},
    }
    made = _ask(lambda: _client().v1.refunds.create(params, {"idempotency_key": f"refund-{key}"}))
    return _refund(made.to_dict())


def _refunds_of(intent_id: str) -> tuple[ProviderRefund, ...]:
    params: Any = {"payment_intent": intent_id, "limit": 100}
    return tuple(_refund(row.to_dict()) for row in _ask(lambda: _client().v1.refunds.list(params)).data)


def _dispute_of(intent_id: str) -> str:
    """The newest dispute decides: lost or open blocks, won does not."""
    params: Any = {"payment_intent": intent_id, "limit": 1}
    found = _ask(lambda: _client().v1.disputes.list(params)).data
    return _DISPUTE_OVER.get(str(found[0].status), "open") if found else ""


def _refund(body: Mapping[str, Any]) -> ProviderRefund:
    key = (body.get("metadata") or {}).get("refund", "")
    return ProviderRefund(body["id"], body.get("status") or "pending", cents(body["amount"]), key)


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


def read_event(payload: bytes, signature: str) -> Event:
    """The event in a webhook call. Raises `BadSignature` unless the provider signed it just now.

    The client bounds a signature's age only backward; one from the future is refused too (fault 3).
    """
    try:
        event = stripe.Webhook.construct_event(
            payload,
            signature,
            settings.STRIPE_WEBHOOK_SECRET,
            SIGNATURE_AGE_SECONDS,
            api_key=settings.STRIPE_SECRET_KEY,
        ).to_dict()
        _check_not_in_future(signature)
        return _event(event)
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSignature(type(error).__name__) from error


def _check_not_in_future(signature: str) -> None:
    stamp = next(part for part in signature.split(",") if part.startswith("t="))
    if int(stamp.removeprefix("t=")) > time.time() + SIGNATURE_AGE_SECONDS:
        raise ValueError("signed in the future")


def _event(body: Mapping[str, Any]) -> Event:
    """What to look at again is the checkout, or the payment that a refund, charge or dispute is of."""
    about = body["data"]["object"]
    object_id = about["id"] if about["object"] in {"checkout.session", "payment_intent"} else about["payment_intent"]
    return Event(str(body["id"])[:255], str(body["type"])[:80], str(object_id or "")[:255])
