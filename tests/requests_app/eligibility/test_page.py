"""/eligibility/: judged as a person answers, and carried over to a request."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from requests_app.eligibility import RULES
from requests_app.models import MSARequest, Product
from tests.requests_app.eligibility.facts import READY

pytestmark = pytest.mark.django_db
URL = "/eligibility/"


@pytest.fixture
def product() -> Product:
    return Product.objects.create(
        manufacturer="Acme",
        model="Collar",
        isolating=True,
        required_companions=["storage"],
        approved_from=date(2025, 6, 12),
    )


@pytest.fixture
def ready(product: Product) -> dict[str, Any]:
    return {name: value for name, value in READY.items() if name != "service_entrance"} | {"device": product.pk}


def ask(client: Client, answers: dict[str, Any], **headers: str) -> Any:
    return client.get(URL, answers, headers=headers)


def test_nobody_needs_an_account_and_only_the_type_is_asked_first(client: Client):
    response = client.get(URL)
    assert response.status_code == 200
    assert response.context["form"].shown == {"request_type"}
    assert "Choose what you need" in response.text


def test_ready_home_can_start_a_request(client: Client, ready: dict[str, Any]):
    response = ask(client, ready)
    assert response.context["verdict"].outcome == "eligible"
    assert "Start a request" in response.text


def test_finding_says_rule_why_and_what_to_do_with_a_link_to_help(client: Client, ready: dict[str, Any]):
    text = ask(client, ready | {"panel_model": "mbed3042-b200 pv"}).text
    assert "rule E8" in text
    assert "double-sided clips hold the bus bars" in text
    assert "Check the model on the panel&#x27;s label." in text
    assert 'href="/help/panels/"' in text
    assert "Start a request" not in text


def test_every_rule_links_a_help_page_that_is_there(client: Client):
    for topic in {rule.help_topic for rule in RULES}:
        assert client.get(reverse("help_topic", args=[topic])).status_code == 200


def test_script_gets_the_answer_alone(client: Client, ready: dict[str, Any]):
    response = ask(client, ready, hx_request="true")
    assert response.text.lstrip().startswith("<aside")
    assert response["Vary"].count("HX-Request") == 1


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ({"request_type": "removal"}, {"request_type", "service_class", "existing_adapter", "clear_meter_access"}),
        ({"request_type": "install", "has_solar": "True"}, {"backfeed_amps", "has_storage"}),
    ],
)
def test_questions_that_apply_are_shown(client: Client, answers: dict[str, str], shown: set[str]):
    form = ask(client, answers).context["form"]
    assert shown <= form.shown
    assert ("backfeed_amps" in form.shown) == ("has_solar" in answers)
    assert ("panel_rating_amps" in form.shown) == (answers["request_type"] == "install")


def test_unreadable_answer_is_named_and_kept(client: Client):
    response = ask(client, {"request_type": "install", "panel_rating_amps": "two hundred"})
    assert "panel_rating_amps" in response.context["form"].errors
    assert 'value="two hundred"' in response.text
    assert "panel_rating_amps" in response.context["verdict"].unknown


def test_typed_markup_is_inert(client: Client):
    text = ask(client, {"request_type": "install", "panel_model": '"><script>alert(1)</script>{{7*7}}'}).text
    assert "<script>alert" not in text
    assert "{{7*7}}" in text


def test_maintenance_gets_the_telephone_line_first(client: Client):
    """R2"""
    assert "800-600-6290" in ask(client, {"request_type": "maintenance"}).text


def test_get_keeps_nothing(client: Client, ready: dict[str, Any]):
    ask(client, ready)
    assert "eligibility_answers" not in client.session
    assert client.get("/eligibility/start/", ready).status_code == 405


def test_post_to_the_check_is_not_allowed(client: Client):
    assert client.post(URL).status_code == 405


def test_start_needs_a_csrf_token(ready: dict[str, Any]):
    assert Client(enforce_csrf_checks=True).post("/eligibility/start/", ready).status_code == 403


def test_answers_that_apply_are_carried_over_to_the_request(
    client: Client, ready: dict[str, Any], django_user_model: Any, product: Product
):
    response = client.post("/eligibility/start/", ready | {"owner": 1, "status": "submitted", "backfeed_amps": "x"})
    assert response["Location"] == "/requests/new/"
    kept = client.session["eligibility_answers"]
    assert kept["device"] == product.pk
    assert set(kept) == set(ready) - {"backfeed_amps"}
    client.force_login(django_user_model.objects.create_user("carol@example.com", name="Carol"))
    client.post("/requests/new/")
    msa_request = MSARequest.objects.get()
    assert (msa_request.request_type, msa_request.panel_rating_amps, msa_request.has_solar) == ("install", 200, True)
    assert (msa_request.device, msa_request.double_sided_clips, msa_request.backfeed_amps) == (product, False, None)


def test_answers_that_do_not_apply_are_left_behind(client: Client, ready: dict[str, Any]):
    client.post("/eligibility/start/", ready | {"request_type": "removal"})
    assert set(client.session["eligibility_answers"]) == {
        "request_type",
        "service_class",
        "existing_adapter",
        "clear_meter_access",
    }


def test_queries_do_not_grow_with_the_product_list(client: Client, ready: dict[str, Any], product: Product):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(client, ready)
        return len(queries)

    with_one = count()
    for n in range(5):
        Product.objects.create(manufacturer="Acme", model=f"M{n}", isolating=False, approved_from=date(2025, 6, 12))
    assert count() == with_one <= 4


def test_page_says_so_where_no_device_is_approved(client: Client):
    """D20: outside demo the list starts with none approved."""
    assert "No device is approved at the moment" in ask(client, {"request_type": "install"}).text
