"""Webhook events: signed by the provider just now, and naming an object to look at again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import stripe
from django.conf import settings

from payments.provider.client import BadSignature

SIGNATURE_AGE_SECONDS = 300


@dataclass(frozen=True)
class Event:
    """A webhook event: which object to look at again. Nothing else in it is believed."""

    id: str
    type: str
    object_id: str


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
        return read_object(event)
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSignature(type(error).__name__) from error


def _check_not_in_future(signature: str) -> None:
    stamp = next(part for part in signature.split(",") if part.startswith("t="))
    if int(stamp.removeprefix("t=")) > time.time() + SIGNATURE_AGE_SECONDS:
        raise ValueError("signed in the future")


def read_object(body: Mapping[str, Any]) -> Event:
    """What to look at again is the checkout, or the payment that a refund, charge or dispute is of."""
    about = body["data"]["object"]
    ours = about["object"] in {"checkout.session", "payment_intent"}
    object_id = about["id"] if ours else about.get("payment_intent")
    return Event(str(body["id"])[:255], str(body["type"])[:80], str(object_id or "")[:255])
