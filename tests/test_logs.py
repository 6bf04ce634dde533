"""What the log and the error tracker are given (fault 52)."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest
import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.transport import Transport

from msa_portal import logs

NAME = "Kim Quill"
SECRETS = [
    "alice@example.com",
    "alice%40example.com",
    "/pay/0123abc.def-ghi",
    "/sign/0123abc.def-ghi",
    "/calendar/0123abc.ics",
    "/accounts/password/reset/key/1-0123abc",
    "?name=Kim&agrees=on",
    "redis://:0123abc@redis",
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
    assert secret.removesuffix("@redis").rsplit("/", 1)[-1] not in text
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
        scope.add_breadcrumb(message=f"Not Found: /{NAME}/", category="django.request")
        try:
            _charge("4242 4242 4242 4242", "alice@example.com")
        except RuntimeError as error:
            scope.capture_exception(error)
    client.close()
    (sent,) = kept.sent
    assert [error["value"] for error in json.loads(sent)["exception"]["values"]] == ["[hidden]"]
    assert "RuntimeError" in sent
    for secret in ("alice@", "4242", "0123abc", NAME):
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


def _raise_for(name: str) -> None:
    try:
        {}[name]
    except KeyError as error:
        raise ValueError(f"no such person: {name}") from error


def test_traceback_says_where_and_which_errors_without_their_words() -> None:
    with pytest.raises(ValueError, match=NAME) as caught:
        _raise_for(NAME)
    text = logs.traceback_text((caught.type, caught.value, caught.tb))
    assert "Kim" not in text
    lines = text.splitlines()
    assert (lines[1], lines[2], lines[-1]) == ("KeyError", "That led to:", "ValueError")
    assert "in _raise_for: raise ValueError(" in lines[-2]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            ImproperlyConfigured("SEAL_KEY is missing"),
            "django.core.exceptions.ImproperlyConfigured: SEAL_KEY is missing",
        ),
        (TypeError("no kim@example.com"), "TypeError: no [hidden]"),
        (ExceptionGroup("Kim", [ValueError("Kim")]), "ExceptionGroup\nValueError"),
    ],
)
def test_error_about_the_code_keeps_its_words(error: Exception, line: str) -> None:
    assert logs.traceback_text((type(error), error, None)) == line


PIECES = [
    *(
        "a",
        "a.",
        "a@",
        "a@b",
        "%40",
        "1",
        "1 ",
        "1-",
        "-",
        "sk_",
        "pi_",
        "_secret_",
        "/sign/",
        "/sign",
        "?",
        "?a",
        "?a=",
    ),
    *("://", "://a", "://:", "@", ".", "Kim ", "\u00e9"),
]


def seconds_to_scrub(text: str) -> float:
    def once() -> float:
        started = time.thread_time()
        logs.scrub(text)
        return time.thread_time() - started

    return min(once() for _ in range(3))


@pytest.mark.parametrize("start", ["", "pi_", "a@", "?", "://", "x "])
def test_scrubbing_takes_time_in_proportion_to_the_text(start: str) -> None:
    """Four times the text takes four times as long, not sixteen times, whatever it is made of."""
    for piece in PIECES:
        short, long = (seconds_to_scrub(start + piece * (size // len(piece))) for size in (2_000, 8_000))
        assert long < 0.003 or long / short < 8, (piece, short, long)


def test_megabyte_is_scrubbed_to_its_end() -> None:
    text = "a." * 500_000 + " kim@example.com"
    assert logs.scrub(text).endswith(" [hidden]")
