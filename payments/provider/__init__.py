"""The one package that talks to the payment provider, Stripe, through its official client.

It neither reads nor writes our database, and no transaction may be open around a call: the
provider may take seconds. Repeats of a call that makes something carry the same idempotency key.
"""

from payments.provider.checkout import (
    NewSession,
    Session,
    create_session,
    expire_session,
    fetch_session,
    session_of_intent,
)
from payments.provider.client import (
    BadSignature,
    OutOfStep,
    ProviderBroken,
    ProviderRefused,
    ProviderUnavailable,
    as_key,
    expects_live_money,
)
from payments.provider.events import Event, read_event
from payments.provider.movements import Movement, movements
from payments.provider.returns import ProviderDispute, ProviderRefund, create_refund

__all__ = [
    "BadSignature",
    "Event",
    "Movement",
    "NewSession",
    "OutOfStep",
    "ProviderBroken",
    "ProviderDispute",
    "ProviderRefund",
    "ProviderRefused",
    "ProviderUnavailable",
    "Session",
    "as_key",
    "create_refund",
    "create_session",
    "expects_live_money",
    "expire_session",
    "fetch_session",
    "movements",
    "read_event",
    "session_of_intent",
]
