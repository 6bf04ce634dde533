"""What the log and the error tracker are given (fault 52)."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from msa_portal import logs

SECRETS = [
    "alice@example.com",
    "alice%40example.com",
    "/pay/0123abc.def-ghi",
    "/sign/0123abc.def-ghi",
    "sk_test_sandbox",
    "rk_live_0123456789",
    "whsec_sandbox_tests",
    "cs_test_a1b2c3d4e5f6",
    "pi_3abc_secret_def",
    "4242 4242 4242 4242",
    "4242424242424242",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secret_is_hidden_however_deep_it_lies(secret: str) -> None:
    event = {"event": f"before {secret} after", "data": {"list": [f"x {secret}"], "pair": (secret, 1)}, "count": 3}
    text = json.dumps(logs.hide_secrets(None, "info", event))
    assert secret.rsplit("/", 1)[-1] not in text
    assert "before" in text
    assert '"count": 3' in text


def test_values_of_secret_names_are_hidden_inside_too() -> None:
    event = {"event": "x", "data": {"payer_name": "Pat", "token": "abc", "cents": 5}}
    assert logs.hide_secrets(None, "info", event)["data"] == {
        "payer_name": "[hidden]",
        "token": "[hidden]",
        "cents": 5,
    }


class _Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.sent += [json.dumps(item.payload.json) for item in envelope.items]


def _charge(card: str, email: str) -> None:
    raise RuntimeError(f"no answer for {email}")


def test_error_report_holds_neither_people_nor_secrets() -> None:
    kept = _Kept()
    client = sentry_sdk.Client(dsn="https://key@tracker.example/1", transport=kept, **logs.sentry_options())
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.add_breadcrumb(message="GET /pay/0123abc.def", data={"url": "https://x.example/sign/0123abc.def"})
        try:
            _charge("4242 4242 4242 4242", "alice@example.com")
        except RuntimeError as error:
            scope.capture_exception(error)
    client.close()
    (sent,) = kept.sent
    assert "RuntimeError" in sent
    for secret in ("alice@", "4242", "0123abc"):
        assert secret not in sent


def test_tracker_takes_nothing_that_it_does_not_need() -> None:
    """Each kind that Sentry's client collects by itself is off, those of later releases too."""
    client = sentry_sdk.Client(dsn=None, **logs.sentry_options())
    taken = client.options["data_collection"]
    kept = {"provided_by_user", "frame_context_lines"}  # that we chose; the source lines around an error
    assert {name for name, value in taken.items() if name not in kept and not _is_off(value)} == set()


def _is_off(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("mode") == "off" or all(map(_is_off, value.values()))
    return not value


def test_payment_clients_bodies_are_never_let_through() -> None:
    guard = logs.NoBodies()
    record = logging.makeLogRecord({"levelno": logging.DEBUG, "msg": "Post details"})
    assert not guard.filter(record)
    record.levelno = logging.INFO
    assert guard.filter(record)
