"""What people type is shown as text, and nothing on a page would run it (fault 59)."""

from __future__ import annotations

import json
import re

import pytest
from django import forms
from django.test import Client
from django.utils.html import escape, format_html

from requests_app.forms.signing import SignForm
from tests.markup import laid_out

NAME = """Kim <i hx-post=. hx-vals='{"agrees":"on","name":"Kim"}' hx-trigger=load>"""
LIVE = "body > #live:first-child"


def test_name_in_a_hint_is_shown_as_typed() -> None:
    html = laid_out(SignForm(expected_name=NAME).as_div())
    assert f"As in the request: {escape(NAME)}" in html
    assert "<i " not in html


def test_hint_that_is_made_of_html_keeps_its_links() -> None:
    class Form(forms.Form):
        name = forms.CharField(help_text=format_html('See <a href="{}">{}</a>.', "/help/", NAME))

    assert f'See <a href="/help/">{escape(NAME)}</a>.' in Form().as_div()


@pytest.mark.django_db
def test_htmx_comes_only_with_a_page_that_asks_again(client: Client) -> None:
    asks, rests = client.get("/eligibility/").text, client.get("/products/").text
    assert "htmx" not in rests
    assert 'name="htmx-config"' in asks
    assert laid_out(asks).index("<body>") < laid_out(asks).index('<div id="live" hidden>')


@pytest.mark.django_db
def test_htmx_passes_over_all_but_the_elements_that_ask(client: Client) -> None:
    page = client.get("/eligibility/").text
    match = re.search(r"name=\"htmx-config\"\s+content='([^']+)'", page)
    assert match
    assert json.loads(match[1]) == {
        "disableSelector": f":not(html, body, {LIVE}, {LIVE} > *)",
        "disableInheritance": True,
        "allowEval": False,
        "allowScriptTags": False,
        "allowNestedOobSwaps": False,
        "selfRequestsOnly": True,
        "historyEnabled": False,
        "historyCacheSize": 0,
        "includeIndicatorStyles": False,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/eligibility/", "/products/", "/accounts/login/"])
def test_token_stands_in_forms_only(client: Client, path: str) -> None:
    page = client.get(path).text
    outside = re.sub(r"<form\b.*?</form>", "", page, flags=re.DOTALL)
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else None
    assert "csrf" not in outside.lower()
    assert token is None or token not in outside
