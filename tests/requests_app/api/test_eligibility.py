"""POST /api/v1/eligibility/ as docs/api.md has it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client

from requests_app.models import IncompatiblePanel, Product
from requests_app.throttling import PublicThrottle
from tests.requests_app.eligibility.facts import READY

pytestmark = pytest.mark.django_db
URL = "/api/v1/eligibility/"


@pytest.fixture
def product() -> Product:
    return Product.objects.create(
        manufacturer="Acme",
        model="Collar",
        isolating=True,
        required_companions=["storage"],
        max_service_amps=200,
        approved_from=date(2025, 6, 12),
    )


@pytest.fixture
def ready(product: Product) -> dict[str, Any]:
    return READY | {"device": product.pk}


def post(client: Client, body: Any, **extra: Any) -> Any:
    return client.post(URL, body, content_type="application/json", **extra)


def test_answers_for_a_ready_home(client: Client, ready: dict[str, Any]):
    response = post(client, ready)
    assert response.status_code == 200
    assert response.json() == {"outcome": "eligible", "findings": [], "unknown": []}


def test_finding_names_rule_severity_field_and_says_why_and_what_to_do(client: Client, ready: dict[str, Any]):
    IncompatiblePanel.objects.get_or_create(normalized="MBED3042B200PV", defaults={"model": "MBED3042B200PV"})
    response = post(client, ready | {"panel_model": "mbed-3042 b200pv/2"})
    assert response.json() == {
        "outcome": "not_eligible",
        "findings": [
            {
                "rule": "E8",
                "severity": "blocks",
                "field": "panel_model",
                "message": "In this panel, double-sided clips hold the bus bars. An MSA cannot sit safely in such a "
                "socket. Check the model on the panel's label. If it is right, ask your installer about another panel.",
            }
        ],
        "unknown": [],
    }


def test_only_the_type_is_required(client: Client):
    assert post(client, {"request_type": "removal"}).json() == {
        "outcome": "incomplete",
        "findings": [],
        "unknown": ["service_class", "existing_adapter", "clear_meter_access"],
    }


def test_null_is_the_same_as_missing(client: Client):
    nothing = dict.fromkeys(READY) | {"request_type": "install"}
    assert post(client, nothing).json() == post(client, {"request_type": "install"}).json()
    assert post(client, {"request_type": "install", "panel_model": ""}).json()["outcome"] == "incomplete"


def test_whole_number_with_a_decimal_point_is_a_whole_number(client: Client, ready: dict[str, Any]):
    """As JSON Schema has it, and so our description of the field."""
    assert post(client, ready | {"service_amps": 200.0}).json()["outcome"] == "eligible"


@pytest.mark.parametrize("device", [0, -1, 999_999, 10**30])
def test_device_that_is_not_on_the_list_is_a_finding(client: Client, ready: dict[str, Any], device: int):
    [finding] = post(client, ready | {"device": device}).json()["findings"]
    assert (finding["rule"], finding["field"]) == ("E6", "device")


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [
        ("2025-06-12T06:59:00Z", "not_eligible"),  # still the 11th at the utility
        ("2025-06-12T07:00:00Z", "eligible"),
        ("2026-01-01T07:59:00Z", "eligible"),  # still the last day
        ("2026-01-01T08:00:00Z", "not_eligible"),
    ],
)
def test_device_counts_as_approved_on_the_utilitys_day(
    client: Client, ready: dict[str, Any], product: Product, moment: str, outcome: str
):
    product.approved_until = date(2025, 12, 31)
    product.save()
    with time_machine.travel(moment, tick=False):
        assert post(client, ready).json()["outcome"] == outcome


WRONG: list[tuple[str, Any]] = [
    ("request_type", None),
    ("request_type", "upgrade"),
    ("request_type", ["install"]),
    ("service_class", 1),
    ("service_class", ""),
    ("service_class", "Residential"),
    ("meter_kind", {"a": 1}),
    ("service_amps", "200"),
    ("service_amps", True),
    ("service_amps", 200.5),
    ("panel_rating_amps", -1),
    ("panel_rating_amps", 10**30),
    ("panel_rating_amps", 1e300),
    ("backfeed_amps", []),
    ("panel_model", 200),
    ("panel_model", "x" * 201),
    ("panel_model", "a\x00b"),
    ("double_sided_clips", "false"),
    ("double_sided_clips", 0),
    ("has_solar", 1),
    ("device", "1"),
    ("device", True),
    ("device", 1.5),
    ("energized_conductors_in_liquid_tight", False),
    ("existing_adapter", "\ud800"),
    ("panel_size", 200),
    ("<script>", 1),
    ("\ud800", 1),
]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=ascii)
def test_wrong_kind_of_value_and_unknown_field_are_named(client: Client, field: str, value: Any):
    response = post(client, {"request_type": "install", field: value})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == "invalid"
    assert list(body["errors"]) == ["\\ud800" if field == "\ud800" else field]


def test_all_wrong_fields_are_named_at_once(client: Client):
    errors = post(client, {"panel_size": 1, "device": "x"}).json()["errors"]
    assert set(errors) == {"panel_size", "device", "request_type"}


@pytest.mark.parametrize("body", ["[]", "null", '"install"', "5", "{", "", '{"request_type": NaN}', "[" * 100_000])
def test_body_that_is_no_json_object_is_a_problem(client: Client, body: str):
    response = post(client, body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_body_in_another_format_is_a_problem(client: Client):
    response = client.post(URL, {"request_type": "install"})
    assert (response.status_code, response["Content-Type"]) == (415, "application/problem+json")


def test_body_that_is_too_large_is_a_problem(client: Client):
    response = post(client, " " * 2_500_001)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_get_is_not_allowed(client: Client):
    assert client.get(URL).status_code == 405


def test_signed_in_browser_needs_no_csrf_token_where_nothing_changes(django_user_model: Any):
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_user("carol@example.com"))
    assert post(client, {"request_type": "install"}).status_code == 200


def test_query_count_does_not_grow(client: Client, ready: dict[str, Any], django_assert_num_queries: Any):
    with django_assert_num_queries(2):  # the device, the panels
        post(client, ready)


class TestThrottle:
    @pytest.fixture(autouse=True)
    def three_an_hour(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("requests_app.throttling.PublicThrottle.rate", "3/hour", raising=False)

    def test_address_that_calls_too_often_is_told_when_to_come_back(self, client: Client):
        with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
            statuses = [post(client, {"request_type": "install"}).status_code for _ in range(3)]
            refused = client.get("/api/v1/products/")
        assert statuses == [200, 200, 200]
        assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "throttled", "3601")

    def test_made_up_forwarding_header_gives_no_fresh_count(self, client: Client):
        for n in range(3):
            post(client, {"request_type": "install"}, headers={"X-Forwarded-For": f"198.51.100.{n}"})
        assert (
            post(client, {"request_type": "install"}, headers={"X-Forwarded-For": "198.51.100.9"}).status_code == 429
        )

    def test_address_that_the_proxy_vouches_for_is_counted_whatever_the_caller_puts_before_it(self, settings: Any):
        settings.TRUSTED_PROXIES = ["127.0.0.1"]
        client = Client()
        statuses = [
            post(
                client, {"request_type": "install"}, headers={"X-Forwarded-For": f"{n}.1.1.1, 198.51.100.7"}
            ).status_code
            for n in range(1, 5)
        ]
        assert statuses == [200, 200, 200, 429]

    def test_another_address_has_its_own_count(self, client: Client):
        for _ in range(4):
            post(client, {"request_type": "install"})
        assert post(client, {"request_type": "install"}, REMOTE_ADDR="198.51.100.7").status_code == 200


def test_public_rate_is_2000_an_hour():
    assert (PublicThrottle().num_requests, PublicThrottle().duration) == (2000, 3600)
