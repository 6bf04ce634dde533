"""The comparison with the utility's record, and the throttle on asking (C5)."""

from __future__ import annotations

import pytest

from msa_portal.errors import Refused
from requests_app.enums import RecordCheck
from requests_app.lifecycle import drafts
from requests_app.utility_records import comparison
from tests import factories

pytestmark = pytest.mark.django_db


def with_account(number: str, **facts):
    msa_request = factories.draft()
    answers = {"customer_name": "Alice Sample", "zip_code": "91016", "account_number": number} | facts
    return drafts.save_facts(msa_request, answers, by=msa_request.owner, version=msa_request.version)


def test_comparison_reads_past_case_order_initials_and_street_words():
    factories.ServiceAccountFactory(name="SAMPLE, ALICE B.", street="12 OAK AVE", city="MONROVIA")
    msa_request = factories.complete_request(meter_number="", account_number="7001 2345 6789")
    compared = comparison.compare(msa_request)
    assert [(field.field, field.verdict) for field in compared.fields] == [
        ("account_number", "equivalent"),
        ("customer_name", "equivalent"),
        ("street", "equivalent"),
        ("unit", "not_given"),
        ("city", "equal"),
        ("zip_code", "equal"),
        ("meter_number", "not_given"),
        ("service_class", "equal"),
        ("meter_kind", "equal"),
    ]
    assert compared.result == RecordCheck.MATCHES
    assert compared.differing == ()


def test_comparison_of_an_unknown_number_differs_in_the_number_alone():
    msa_request = factories.complete_request(account_number="999999")
    compared = comparison.compare(msa_request)
    assert [difference.field for difference in compared.differing] == ["account_number"]
    assert compared.result == RecordCheck.DIFFERS
    assert not compared.has_account


@pytest.mark.parametrize(("field", "value"), [("customer_name", "Mallory Sample"), ("zip_code", "90001")])
def test_check_differs_where_one_of_the_three_differs_and_keeps_no_link(field, value):
    factories.ServiceAccountFactory()
    msa_request = with_account("700123456789", **{field: value})
    assert comparison.check(msa_request, by=msa_request.owner) == RecordCheck.DIFFERS
    msa_request.refresh_from_db()
    assert (msa_request.record_check, msa_request.service_account) == (RecordCheck.DIFFERS, None)


def test_check_matches_and_is_asked_anew_when_an_identifying_fact_changes():
    account = factories.ServiceAccountFactory()
    msa_request = with_account("700123456789")
    assert comparison.check(msa_request, by=msa_request.owner) == RecordCheck.MATCHES
    msa_request.refresh_from_db()
    assert msa_request.service_account == account
    assert not comparison.can_be_checked(msa_request)
    msa_request = drafts.save_facts(
        msa_request, {"zip_code": "90001"}, by=msa_request.owner, version=msa_request.version
    )
    assert (msa_request.record_check, msa_request.service_account) == (RecordCheck.NOT_YET, None)
    assert comparison.can_be_checked(msa_request)


def test_guessing_is_throttled_for_the_person_and_the_same_account_costs_nothing():
    msa_request = with_account("1000000")
    for number in range(comparison.CHECKS_AN_HOUR_BY_USER):
        msa_request = drafts.save_facts(
            msa_request, {"account_number": f"100000{number}"}, by=msa_request.owner, version=msa_request.version
        )
        comparison.check(msa_request, by=msa_request.owner)
        comparison.check(msa_request, by=msa_request.owner)
    msa_request = drafts.save_facts(
        msa_request, {"account_number": "2000000"}, by=msa_request.owner, version=msa_request.version
    )
    with pytest.raises(Refused) as refusal:
        comparison.check(msa_request, by=msa_request.owner)
    assert refusal.value.code == "too_many_checks"
    msa_request.refresh_from_db()
    assert msa_request.record_check == RecordCheck.NOT_YET


def test_guessing_the_name_of_one_account_is_throttled_too():
    msa_request = with_account("700123456789")
    for number in range(comparison.CHECKS_AN_HOUR_BY_USER):
        msa_request = drafts.save_facts(
            msa_request, {"customer_name": f"Name Guess{number}"}, by=msa_request.owner, version=msa_request.version
        )
        comparison.check(msa_request, by=msa_request.owner)
    msa_request = drafts.save_facts(
        msa_request, {"customer_name": "One More"}, by=msa_request.owner, version=msa_request.version
    )
    with pytest.raises(Refused):
        comparison.check(msa_request, by=msa_request.owner)


def test_guessing_is_throttled_for_an_address_shared_by_many_people(monkeypatch):
    monkeypatch.setattr(comparison, "CHECKS_AN_HOUR_FROM_ADDRESS", 3)
    for number in range(3):
        msa_request = with_account(f"30000{number}")
        comparison.check(msa_request, by=msa_request.owner, address="192.0.2.7")
    msa_request = with_account("300009")
    with pytest.raises(Refused):
        comparison.check(msa_request, by=msa_request.owner, address="192.0.2.7")
    assert comparison.check(msa_request, by=msa_request.owner, address="192.0.2.8") == RecordCheck.DIFFERS
