"""The record as an HTTP service that answers in JSON; the format is in docs/operations.md.

A customer waits for this, so it is patient for seconds at most, and not at all while the service is
known to be down. Nothing of an account goes to the log.
"""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import fields
from functools import cache
from typing import Any
from urllib.parse import quote

import pybreaker
import requests
import tenacity
from django.conf import settings
from urllib3.exceptions import HTTPError

from requests_app.utility_records.matching import letters_and_digits
from requests_app.utility_records.sources.base import OutOfReach, Record

logger = logging.getLogger(__name__)

ATTEMPTS = 2
PAUSE = 0.2  # seconds between two attempts
LARGEST_ANSWER = 64 * 1024
FAILURES_TO_OPEN = 3
_LONGEST = {
    "account_number": 20, "name": 120, "street": 120, "unit": 20, "city": 60, "zip_code": 10, "meter_number": 30,
    "service_class": 40, "meter_kind": 40,
}  # fmt: skip
_MAY_BE_EMPTY = frozenset({"unit", "meter_number"})
_ACCOUNT_NUMBER = re.compile(r"[0-9A-Z]{4,20}")
_ZIP_CODE = re.compile(r"(\d{5})(?:-?\d{4})?")


class _TryAgain(OutOfReach):
    """What may pass at once: no connection, no answer in time, an error of the service."""


class RecordService:
    is_remote = True

    def __init__(self, url: str, key: str) -> None:
        self.url, self._key = url.rstrip("/"), key

    def lookup(self, account_number: str) -> Record | None:
        number = letters_and_digits(account_number)
        if not _ACCOUNT_NUMBER.fullmatch(number):
            return None
        try:
            record: Record | None = breaker(self.url).call(self._persistently, number)
        except pybreaker.CircuitBreakerError as error:
            cause = error.__context__
            reason = cause if isinstance(cause, OutOfReach) else OutOfReach("breaker_open")
            self._log(reason)
            raise reason from error
        except OutOfReach as error:
            self._log(error)
            raise
        return record

    def _log(self, error: OutOfReach) -> None:
        logger.warning("customer-record service gives no answer, comparisons wait: %s", error.code)

    def _persistently(self, number: str) -> Record | None:
        """Again where that may help, within the time for one look-up."""
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgain),
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_after_delay(settings.CUSTOMER_RECORDS_TIMEOUT),
            wait=tenacity.wait_fixed(PAUSE),
            reraise=True,
        )
        return again(self._ask, number)

    def _ask(self, number: str) -> Record | None:
        until = time.monotonic() + settings.CUSTOMER_RECORDS_TIMEOUT
        try:
            with requests.get(
                f"{self.url}/accounts/{quote(number, safe='')}",
                auth=self._sign,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                timeout=settings.CUSTOMER_RECORDS_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer:
                _check_status(answer.status_code)
                return None if answer.status_code == 404 else read(_body(answer, until), number)
        except requests.Timeout as error:
            raise _TryAgain("timeout") from error
        except (requests.RequestException, HTTPError) as error:
            raise _TryAgain("no_connection") from error

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """As `auth`, which keeps a `.netrc` of the machine from having its say."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


@cache
def breaker(url: str) -> pybreaker.CircuitBreaker:
    """One for each service and process. While it is open nothing is asked; then one call tries."""
    return pybreaker.CircuitBreaker(fail_max=FAILURES_TO_OPEN, reset_timeout=settings.CUSTOMER_RECORDS_REST)


def _check_status(status: int) -> None:
    if status in {200, 404}:
        return
    if status >= 500 or status == 429:
        raise _TryAgain(f"status_{status}")
    raise OutOfReach(f"status_{status}")


def _body(answer: requests.Response, until: float) -> bytes:
    """The whole body, which may neither be large nor trickle in for ever."""
    body = b""
    while chunk := answer.raw.read1(8192):  # what has arrived, where `iter_content` would wait for all of it
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise OutOfReach("too_large")
        if time.monotonic() > until:
            raise _TryAgain("timeout")
    return body


def read(body: bytes, number: str) -> Record:
    """The account that was asked for. Raises `OutOfReach` on anything else: half an answer is none."""
    try:
        answer = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise OutOfReach("malformed") from error
    if not isinstance(answer, dict):
        raise OutOfReach("malformed")
    record = Record(**{field.name: _value(answer, field.name) for field in fields(Record)})
    if letters_and_digits(record.account_number) != number:
        raise OutOfReach("other_account")
    return record


def _value(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST[name] or not value.isprintable():
        raise OutOfReach(f"malformed_{name}")
    value = value.strip()
    if not value and name not in _MAY_BE_EMPTY:
        raise OutOfReach(f"malformed_{name}")
    if name == "zip_code":
        return _zip_code(value)
    return value


def _zip_code(value: str) -> str:
    match = _ZIP_CODE.fullmatch(value)
    if match is None:
        raise OutOfReach("malformed_zip_code")
    return match[1]
