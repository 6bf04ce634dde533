"""The record as a service: asked over real HTTP, of a server that answers well, badly, late or not at all."""

from __future__ import annotations

import time

import pytest

from requests_app.utility_records import sources
from requests_app.utility_records.sources import ImportedRecords, OutOfReach, Record, RecordService
from requests_app.utility_records.sources import service as record_http
from tests import factories
from tests.record_service import ACCOUNT, KEY, Answer

RECORD = Record(**ACCOUNT | {"zip_code": "91016"})


def lookup(number="700123456789"):
    return sources.configured().lookup(number)


def failure(number="700123456789"):
    with pytest.raises(OutOfReach) as out:
        lookup(number)
    return out.value.code


def test_account_is_asked_for_by_its_number_with_the_key(service):
    assert lookup(" 7001-2345 6789") == RECORD
    assert service.seen == [("/v1/accounts/700123456789", f"Bearer {KEY}")]


def test_404_is_no_such_account_and_no_failure(service):
    service.answers = [Answer(b"", status=404)]
    assert [lookup() for _ in range(record_http.FAILURES_TO_OPEN + 1)] == [None] * 4
    assert len(service.seen) == 4


@pytest.mark.parametrize("number", ["", "abc", "7" * 21, "../../x", "٧٠٠١٢٣"])
def test_what_is_no_account_number_is_not_asked_for(service, number):
    assert lookup(number) is None
    assert service.seen == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_error_of_the_service_is_tried_again_and_may_pass(service, status):
    service.answers = [Answer(b"", status=status), Answer()]
    assert lookup() == RECORD
    assert len(service.seen) == 2


def test_error_that_stays_is_tried_a_bounded_number_of_times(service):
    service.answers = [Answer(b"", status=500)]
    assert failure() == "status_500"
    assert len(service.seen) == record_http.ATTEMPTS


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 401, 403])
def test_any_other_status_fails_at_once_and_no_redirect_is_followed(service, status):
    service.answers = [Answer(b"", status=status, headers={"Location": f"{service.url}/accounts/other"}), Answer()]
    assert failure() == f"status_{status}"
    assert len(service.seen) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed"),
        (b"<html>", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 50_000, "malformed"),
        ([ACCOUNT], "malformed"),
        ({}, "malformed_account_number"),
        (ACCOUNT | {"account_number": "700999999999"}, "other_account"),
        (ACCOUNT | {"account_number": 700123456789}, "malformed_account_number"),
        (ACCOUNT | {"name": ["Alice"]}, "malformed_name"),
        (ACCOUNT | {"name": None}, "malformed_name"),
        (ACCOUNT | {"name": "  "}, "malformed_name"),
        (ACCOUNT | {"name": "x" * 121}, "malformed_name"),
        (ACCOUNT | {"city": "Monrovia\r\nBcc: x"}, "malformed_city"),
        (ACCOUNT | {"zip_code": "9101"}, "malformed_zip_code"),
        (ACCOUNT | {"meter_kind": True}, "malformed_meter_kind"),
        (b" " * (record_http.LARGEST_ANSWER + 1), "too_large"),
    ],
)
def test_answer_that_is_not_whole_is_none(service, body, code):
    service.answers = [Answer(body)]
    assert failure() == code
    assert len(service.seen) == 1


def test_further_members_of_the_answer_are_passed_over(service):
    service.answers = [Answer(ACCOUNT | {"rate": {"code": 7}})]
    assert lookup() == RECORD


@pytest.mark.parametrize("kind", ["hangs", "trickles"])
def test_service_that_takes_too_long_is_not_waited_for(service, settings, kind):
    settings.CUSTOMER_RECORDS_TIMEOUT = 0.3
    slow = Answer()
    slow.wait, slow.pause = (20, 0) if kind == "hangs" else (0, 0.05)
    service.answers = [slow]
    started = time.monotonic()
    assert failure() in {"timeout", "no_connection"}
    assert time.monotonic() - started < 3


def test_nobody_listens(service, settings):
    settings.CUSTOMER_RECORDS_URL = "http://127.0.0.1:1/v1"
    assert failure() == "no_connection"


def test_breaker_opens_after_failures_and_closes_once_the_service_answers(service, settings):
    settings.CUSTOMER_RECORDS_REST = 0.3
    service.answers = [Answer(b"", status=403)]
    assert [failure() for _ in range(record_http.FAILURES_TO_OPEN)] == ["status_403"] * 3
    assert failure() == "breaker_open"
    assert len(service.seen) == record_http.FAILURES_TO_OPEN
    service.answers = [Answer()]
    assert failure() == "breaker_open"
    time.sleep(0.35)
    assert lookup() == RECORD
    service.answers = [Answer(b"", status=403), Answer()]
    assert failure() == "status_403"
    assert lookup() == RECORD


def test_log_names_the_failure_and_nothing_of_the_account(service, caplog):
    service.answers = [Answer(ACCOUNT | {"zip_code": "secret"})]
    assert failure() == "malformed_zip_code"
    assert "malformed_zip_code" in caplog.text
    for said in ("700123456789", "SAMPLE", "OAK", KEY):
        assert said not in caplog.text


@pytest.mark.django_db
def test_without_an_address_the_imported_table_is_asked():
    factories.ServiceAccountFactory(unit="4")
    source = sources.configured()
    assert isinstance(source, ImportedRecords)
    record = source.lookup("7001 2345-6789")
    assert (record.name, record.unit, record.zip_code) == ("Alice Sample", "4", "91016")
    assert source.lookup("999") is source.lookup("") is None


def test_with_an_address_the_service_is_asked(settings):
    settings.CUSTOMER_RECORDS_URL, settings.CUSTOMER_RECORDS_KEY = "https://records.example.com/v1/", "k"
    source = sources.configured()
    assert isinstance(source, RecordService)
    assert source.url == "https://records.example.com/v1"
