"""The official client, set up once per key and address, and its errors made ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import stripe
import stripe._util as _util
from django.conf import settings

stripe.enable_telemetry = False
# STRIPE_LOG in the environment would print whole requests past our log and what it hides (fault 52).
_util.STRIPE_LOG = None

CONNECT_SECONDS, ANSWER_SECONDS = 3, 8
RETRIES = 2


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


class OutOfStep(ProviderUnavailable):
    """What can be refunded there is not what our books say: follow the payment, then ask again."""


def expects_live_money() -> bool:
    return str(settings.STRIPE_SECRET_KEY).startswith(("sk_live_", "rk_live_"))


@cache
def _client_for(key: str, base: str) -> stripe.StripeClient:
    http = stripe.RequestsClient(timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
    return stripe.StripeClient(key, base_addresses={"api": base}, max_network_retries=RETRIES, http_client=http)


def client() -> stripe.StripeClient:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def ask[T](call: Callable[[], T]) -> T:
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
