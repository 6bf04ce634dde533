from __future__ import annotations

import re
from datetime import date

import pytest
from django import forms
from django.template.loader import render_to_string
from django.urls import reverse

from msa_portal.help import search
from msa_portal.help.topics import TOPICS, topic
from payments.models import FeeSchedule
from requests_app.models import Product
from tests import factories, schedules
from tests.markup import laid_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fee() -> None:
    schedules.change({"request_type": "install"}, amount_cents=27922)


def test_home_says_what_how_much_how_long_and_what_to_do(client):
    page = client.get("/").content.decode()
    for words in ("$279.22", "30 business days", "Check my home", "Start a request", "800-600-6290", "Sign in"):
        assert words in page


def test_fee_on_the_pages_is_the_one_in_force(client):
    FeeSchedule.objects.create(request_type="install", effective_from=date(2026, 1, 1), amount_cents=30150)
    for path in ("/", reverse("help_topic", args=["cost"])):
        page = client.get(path).content.decode()
        assert "$301.50" in page
        assert "$279.22" not in page


@pytest.mark.parametrize("slug", [entry.slug for entry in TOPICS])
def test_topic_has_a_page_with_one_heading_and_related_ones_exist(client, slug):
    page = client.get(reverse("help_topic", args=[slug])).content.decode()
    assert page.count("<h1") == 1
    assert "{fee}" not in page
    assert all(topic(other) for other in topic(slug).related)


def test_unknown_topic_is_not_found(client):
    assert client.get("/help/nothing-here/").status_code == 404


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("what is an MSA", "what-is-an-msa"),
        ("can my contractor install", "who-installs"),
        ("approved product list", "devices"),
        ("double-sided clips", "panels"),
        ("MBED3042", "panels"),
        ("disqualify", "what-disqualifies"),
        ("GMA", "msa-and-gma"),
        ("overhead", "overhead-service"),
        ("gas meter clearance", "gas-meter-clearance"),
        ("when request", "when-to-request"),
        ("how much", "cost"),
        ("refund", "cost"),
        ("400 amp", "400-amp"),
        ("how long", "how-long"),
        ("RULE 21", "rule-21"),
        ("lock ring", "lock-rings"),
        ("pilot history", "program-history"),
        ("checklist", "vendor-checklist"),
        ("evaluation", "product-evaluation"),
        ("phone", "contacts"),
        ("sign agreement", "paper"),
        ("screen reader", "accessibility"),
    ],
)
def test_question_of_the_program_is_found(client, question, slug):
    assert slug in [entry.slug for entry in search.find(question)]
    page = client.get("/help/", {"q": question}).content.decode()
    assert reverse("help_topic", args=[slug]) in page


def test_search_without_a_match_says_so_and_keeps_the_words_inert(client):
    page = client.get("/help/", {"q": "<script>zzz"}).content.decode()
    assert "We found nothing" in page
    assert "<script>zzz" not in page
    assert "All questions" in page


def test_products_page_shows_what_is_approved_today(client):
    Product.objects.all().delete()
    Product.objects.create(manufacturer="Acme", model="On the list", isolating=True, approved_from=date(2025, 6, 12))
    Product.objects.create(manufacturer="Acme", model="Not yet decided", isolating=True)
    page = client.get("/products/").content.decode()
    assert "On the list" in page
    assert "Not yet decided" not in page


def test_products_page_without_products_says_so(client):
    Product.objects.all().delete()
    assert "No adapter is approved at the moment" in client.get("/products/").content.decode()


def test_products_page_asks_the_database_as_often_for_many(client, django_assert_max_num_queries):
    Product.objects.all().delete()
    for number in range(20):
        Product.objects.create(
            manufacturer="Acme", model=f"M{number}", isolating=False, approved_from=date(2025, 6, 12)
        )
    with django_assert_max_num_queries(1):
        client.get("/products/")


@pytest.mark.parametrize("path", ["/", "/help/", "/products/", "/accounts/login/", "/accounts/signup/"])
def test_page_has_nothing_inline(client, path):
    response = client.get(path)
    page = response.content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", page) == []
    assert re.findall(r"\sstyle=|\son[a-z]+=|<style", page) == []
    assert "unsafe" not in response["Content-Security-Policy"]


def test_too_large_a_post_is_told_so(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = client.post("/accounts/login/", {"login": "x" * 500})
    assert response.status_code == 413
    assert "15 MB" in response.content.decode()


def test_missing_page_says_what_to_do(client):
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_broken_page_stands_without_a_request():
    assert "Something broke here" in render_to_string("500.html")


def test_process_is_alive_without_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


class SampleForm(forms.Form):
    name = forms.CharField(help_text="As on the bill.")
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    agree = forms.BooleanField()
    note = forms.CharField(required=False, widget=forms.Textarea)


def test_form_has_labels_hints_and_errors_tied_to_their_fields():
    html = laid_out(SampleForm({}).as_div())
    assert '<label class="usa-label usa-label--error" for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert html.count('aria-invalid="true"') == 4
    assert '<legend class="usa-legend">Kind' in html
    assert html.count("(required)") == 3


def test_error_summary_links_to_every_field():
    html = render_to_string("partials/error_summary.html", {"form": SampleForm({})})
    assert re.findall(r'href="#([^"]+)"', html) == ["id_name", "id_kind_0", "id_agree"]
    assert "role=" in html


def test_error_summary_is_empty_without_errors():
    assert "<div" not in render_to_string("partials/error_summary.html", {"form": SampleForm()})


@pytest.mark.parametrize(
    "address",
    ["/verify/?sha256=%00", "/requests/a%00b/", "/requests/?status=%00", "/pay/%00/", "/api/v1/requests/%00/"],
)
def test_nul_in_an_address_is_no_request_of_a_browser(client, address):
    """PostgreSQL refuses to look for one, which answered 500."""
    client.force_login(factories.UserFactory())
    assert client.get(address).status_code == 400
