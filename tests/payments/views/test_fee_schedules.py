"""/fees/ and /api/v1/fees/: public, the same figures as are charged, at a fixed number of queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from msa_portal import formats
from payments.models import FeeSchedule
from requests_app.enums import RequestType
from requests_app.models import OutcomeReason, ProgramSettings
from requests_app.throttling import PublicThrottle
from tests import schedules
from tests.payments.conftest import FEE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prices() -> None:
    schedules.delete()
    for kind in ("install", "removal", "replacement"):
        FeeSchedule.objects.create(request_type=kind, effective_from="2025-06-12", amount_cents=FEE)


def page(client: Client) -> str:
    answer = client.get("/fees/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def data(client: Client) -> Any:
    answer = client.get("/api/v1/fees/")
    assert answer.status_code == 200
    return answer.json()


def test_page_shows_fee_quote_table_and_rules(client: Client) -> None:
    text = page(client)
    for words in ("$279.22", "No fee is set for: Maintenance.", "It holds for 14 days", "Site Visit Unsuccessful"):
        assert words in text
    for rule in ("Rule F1", "Rule D9", "Rule D16", "Rule D3", "Rule D13", "Rules D4, F4, D14", "Rule D15"):
        assert rule in text
    assert "Announced for a later day" not in text


def test_page_follows_the_program_settings_and_announces_a_later_schedule(client: Client) -> None:
    ProgramSettings.objects.update_or_create(
        pk=1, defaults={"quote_days": 21, "second_fee_when_customer_responsible": False}
    )
    day = timezone.localdate() + timedelta(days=40)
    FeeSchedule.objects.create(request_type="removal", effective_from=day, amount_cents=12345)
    text = page(client)
    for words in ("It holds for 21 days", "Announced for a later day", "$123.45", f"from {formats.day(day)}"):
        assert words in text
    assert "charges no second fee at present" in text
    assert "Rule D3" not in text


def test_types_with_different_fees_are_told_apart(client: Client) -> None:
    schedules.change({"request_type": "removal"}, amount_cents=10000)
    assert "Install $279.22, Removal $100.00, Replacement $279.22" in page(client)


def test_without_any_schedule_the_page_says_so(client: Client) -> None:
    schedules.delete()
    text = page(client)
    assert "No fee is set for: Install, Removal, Replacement, Maintenance." in text
    assert "$" not in text


def test_tables_have_captions_and_headers_for_rows_and_columns(client: Client) -> None:
    text = page(client)
    assert text.count("<table") == text.count("<caption") > 4
    assert text.count("<tr>") == text.count('<th scope="row"') + text.count("<thead>")


@pytest.mark.parametrize("path", ["/fees/", "/api/v1/fees/"])
def test_queries_stay_the_same_however_many_reasons(client: Client, django_assert_num_queries: Any, path: str) -> None:
    client.get(path)
    for number in range(10):
        OutcomeReason.objects.create(code=f"more-{number}", title=f"More {number}", responsible="customer")
    with django_assert_num_queries(len(RequestType) + 3):  # settings, each type's schedule, reasons, announced
        client.get(path)


def test_home_and_help_lead_to_the_page(client: Client) -> None:
    for path in ("/", "/help/cost/"):
        assert 'href="/fees/"' in client.get(path).content.decode()


def test_api_gives_money_as_strings(client: Client) -> None:
    answer = data(client)
    money = {"amount": "279.22", "currency": "USD"}
    assert answer["in_force"][0] == {
        "request_type": "install", **money, "effective_from": "2025-06-12", "effective_until": None,
    }  # fmt: skip
    assert (answer["quote_days"], answer["without_fee"]) == (14, ["maintenance"])
    (row,) = [
        one
        for one in answer["decisions"]
        if one["status"] == "site_visit_unsuccessful" and one["reasons"] == ["package-missing"]
    ]
    assert (row["visit"], row["responsible"]) == ("failed", "customer")
    types = ["install", "removal", "replacement"]
    assert row["fee"] == {
        "due": True,
        "rule": "D3",
        "why": "At least one reason of the failed visit was on the customer's side.",
        "amounts": [{"request_type": kind, **money} for kind in types],
    }
    assert row["refund"]["visits"][0]["comes_back"] is False
    assert row["refund"]["amounts"] == []


def test_api_names_each_reason_and_mixed_ones(client: Client) -> None:
    rows = [one for one in data(client)["decisions"] if one["status"] == "site_visit_unsuccessful"]
    alone = OutcomeReason.objects.filter(at_site=True, is_active=True)
    assert [one["reasons"] for one in rows if len(one["reasons"]) == 1] == [[reason.code] for reason in alone]
    assert [one["responsible"] for one in rows if len(one["reasons"]) == 2] == ["both"]


def test_api_is_throttled_like_the_other_public_calls(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PublicThrottle, "get_rate", lambda _self: "1/hour")
    cache.clear()
    assert [client.get("/api/v1/fees/").status_code for _turn in range(2)] == [200, 429]
    cache.clear()
