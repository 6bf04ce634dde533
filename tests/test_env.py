"""What the environment says wrongly stops the start, by the variable's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from msa_portal import env


def web_address(name: str) -> str:
    return env.web_address(name, "http://localhost:8000")


def port(name: str) -> int:
    return env.port(name, 8000)


def database(name: str) -> dict[str, Any]:
    return env.database(name, "sqlite:///db.sqlite3")


@pytest.mark.parametrize(
    ("reader", "raw", "read"),
    [
        (web_address, "", "http://localhost:8000"),
        (web_address, "https://msa.example.com:8443/", "https://msa.example.com:8443"),
        (port, "65535", 65535),
        (env.redis_url, "rediss://cache:6379/1", "rediss://cache:6379/1"),
        (env.scanner_address, "tcp://clamav:3310", "tcp://clamav:3310"),
        (env.scanner_address, "unix:///run/clamav/clamd.ctl", "unix:///run/clamav/clamd.ctl"),
    ],
)
def test_value_is_read(monkeypatch: pytest.MonkeyPatch, reader: Callable[[str], Any], raw: str, read: Any):
    monkeypatch.setenv("SOME_NAME", raw)
    assert reader("SOME_NAME") == read


@pytest.mark.parametrize(
    ("reader", "raw"),
    [
        (web_address, "ftp://msa.example.com"),
        (web_address, "msa.example.com"),
        (web_address, "https://"),
        (web_address, "https://msa.example.com/portal"),
        (web_address, "https://msa.example.com:port"),
        (port, "0"),
        (port, "65536"),
        (env.redis_url, "http://cache:6379/1"),
        (env.redis_url, "redis:///1"),
        (env.scanner_address, "http://clamav:3310"),
        (env.scanner_address, "tcp://"),
        (env.scanner_address, "unix://"),
        (database, "mysql://user@host/name"),
    ],
)
def test_malformed_value_stops_the_start(monkeypatch: pytest.MonkeyPatch, reader: Callable[[str], Any], raw: str):
    monkeypatch.setenv("SOME_NAME", raw)
    with pytest.raises(ImproperlyConfigured, match="SOME_NAME is malformed"):
        reader("SOME_NAME")
