"""The record service's settings: whatever is missing, half or unsafe stops the start, by name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from commands.console import ROOT
from msa_portal import env

NAME = "CUSTOMER_RECORDS_URL"


@pytest.mark.parametrize(
    ("raw", "plain_http", "read"),
    [
        ("", False, ""),
        ("https://records.example.com/v1/", False, "https://records.example.com/v1"),
        ("http://127.0.0.1:9000", False, "http://127.0.0.1:9000"),
        ("http://records.example.com", True, "http://records.example.com"),
    ],
)
def test_address_is_read(monkeypatch, raw, plain_http, read):
    monkeypatch.setenv(NAME, raw)
    assert env.service_address(NAME, plain_http=plain_http) == read


@pytest.mark.parametrize(
    "raw",
    [
        "http://records.example.com",
        "ftp://127.0.0.1/x",
        "records.example.com",
        "https://",
        "https://user:secret@records.example.com",
        "https://records.example.com/?key=1",
        "https://records.example.com:port",
    ],
)
def test_address_that_is_unsafe_or_no_address_stops_the_start(monkeypatch, raw):
    monkeypatch.setenv(NAME, raw)
    with pytest.raises(ImproperlyConfigured, match=NAME) as error:
        env.service_address(NAME, plain_http=False)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("raw", ["a b", "schlüssel", "a\tb"])
def test_key_that_fits_no_header_stops_the_start_and_is_not_told(monkeypatch, raw):
    monkeypatch.setenv("CUSTOMER_RECORDS_KEY", raw)
    with pytest.raises(ImproperlyConfigured, match="CUSTOMER_RECORDS_KEY") as error:
        env.key("CUSTOMER_RECORDS_KEY")
    assert raw not in str(error.value)


@pytest.mark.parametrize(
    "environment", [{"CUSTOMER_RECORDS_URL": "https://records.example.com"}, {"CUSTOMER_RECORDS_KEY": "k"}]
)
def test_address_without_key_or_key_without_address_stops_the_start(environment):
    unset = {"CUSTOMER_RECORDS_URL": "", "CUSTOMER_RECORDS_KEY": ""}
    done = subprocess.run(
        [sys.executable, "-c", "import msa_portal.settings"],
        env=os.environ | {"DEBUG": "1"} | unset | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "CUSTOMER_RECORDS_URL and CUSTOMER_RECORDS_KEY go together" in done.stderr
