"""Values that a portal on the open internet must not run with: the start refuses them, `check --deploy` names them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

DEVELOPMENT_KEY = "development-only-key-that-production-refuses-to-start-with"
DEVELOPMENT_FACTOR_KEY = "ZGV2ZWxvcG1lbnQtb25seS1rZXktZm9yLWZhY3RvcnM="
_TEST_KEYS = ("sk_test_", "rk_test_")
_LIVE_KEYS = ("sk_live_", "rk_live_")


def unsafe_values(values: Any, *, demo: bool) -> list[str]:
    """What is wrong with these settings for DEBUG=0, a sentence without its period each; empty if nothing is."""
    complaints = _unsafe_anywhere(values) if demo else [*_unsafe_anywhere(values), *_unsafe_outside_demo(values)]
    return [complaint for is_unsafe, complaint in complaints if is_unsafe]


def _unsafe_anywhere(values: Any) -> list[tuple[bool, str]]:
    key, hosts = values.SECRET_KEY, values.ALLOWED_HOSTS
    open_address = values.PUBLIC_HOST not in {"localhost", "127.0.0.1"} and not values.PUBLIC_URL.startswith(
        "https://"
    )
    factor_keys = values.SECOND_FACTOR_KEYS
    return [
        (key in {"", DEVELOPMENT_KEY} or len(key) < 50, "SECRET_KEY must be a random text of at least 50 characters"),
        (not hosts or "*" in hosts, "ALLOWED_HOSTS must name the hosts that are served, without *"),
        (open_address, "PUBLIC_URL must begin with https://"),
        (
            not factor_keys or DEVELOPMENT_FACTOR_KEY in factor_keys,
            "SECOND_FACTOR_KEYS must hold a key that encrypts second factors: 32 random bytes in base64",
        ),
        (not values.SEAL_KEY, "SEAL_KEY must be the key that seals agreements: a PKCS #12 file in base64"),
    ]


def _unsafe_outside_demo(values: Any) -> list[tuple[bool, str]]:
    key, staging = values.STRIPE_SECRET_KEY, values.STAGING
    mailer = values.MAILERS["default"]
    sends = mailer["BACKEND"].endswith("smtp.EmailBackend")
    encrypts = sends and (mailer["OPTIONS"]["use_tls"] or mailer["OPTIONS"]["use_ssl"])
    return [
        (
            not sends and not (staging and values.EMAIL_CONFIGURED),
            "EMAIL_URL must name a mail server, such as smtp+tls://user:password@host:587",
        ),
        (sends and not encrypts, "EMAIL_URL must use TLS: smtp+tls:// or smtp+ssl://"),
        (key in {"", "sk_test_sandbox"}, "STRIPE_SECRET_KEY must be the payment provider's secret key"),
        (
            key.startswith(_TEST_KEYS) and key != "sk_test_sandbox" and not staging,
            "STRIPE_SECRET_KEY is a test-mode key, which takes no money; a test site sets STAGING=1",
        ),
        (key.startswith(_LIVE_KEYS) and staging, "STRIPE_SECRET_KEY is a live key, but STAGING=1 is a test site"),
        (
            values.STRIPE_WEBHOOK_SECRET in {"", "whsec_sandbox"},
            "STRIPE_WEBHOOK_SECRET must be the signing secret of the webhook endpoint",
        ),
        (not values.STRIPE_API_BASE.startswith("https://"), "STRIPE_API_BASE must begin with https://"),
        (not values.REDIS_URL, "REDIS_URL must name the broker, such as redis://redis:6379/0"),
    ]


def check_unsafe_settings(**_kwargs: Any) -> list[CheckMessage]:
    """For `check --deploy`. With DEBUG=1 it answers for a production start, since demo only follows DEBUG there."""
    demo = settings.DEMO and not settings.DEBUG
    return [Error(f"{complaint}.", id="msa_portal.E001") for complaint in unsafe_values(settings, demo=demo)]
