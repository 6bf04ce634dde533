"""What a serial number's pattern may be: read alike on the server and on phones, refused where it's typed (fault 69)."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwork.visits.closeout_report import serial_matches
from requests_app.models import Product, serial_patterns
from tests import factories


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (r"TG1\d{11}", "TG1[0-9]{11}"),
        ("tg1[0-9]{11}", "TG1[0-9]{11}"),
        (" BS-20[0-9]{2}-[0-9]{6} ", "BS-20[0-9]{2}-[0-9]{6}"),
        ("(?:AB|CD)?[A-F0-9]{2,4}", "(?:AB|CD)?[A-F0-9]{2,4}"),
        (r"A\.B/1", r"A\.B/1"),
    ],
)
def test_pattern_is_stored_as_both_sides_read_it(typed, stored):
    assert serial_patterns.read(typed) == stored


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("TG1[0-9{11}", "[0-9{11}"),
        (r"(?i)TG1\d{11}", "?I)TG1"),
        (r"TG1\d{11}\Z", r"\Z"),
        ("TG1 [0-9]{11}", " [0-9]{11}"),
        ("^TG1$", "^TG1$"),
        (r"TG1\D", r"\D"),
        ("A*", "*"),
        ("A+", "+"),
        ("A{2,}", "{2,}"),
        ("A{61}", "{61}"),
        ("A{4,2}", "{4,2}"),
        ("A{0}", "{0}"),
        ("(AB){2}", "{2}"),
        ("A?{2}", "{2}"),
        ("?A", "?A"),
        ("A)", ")"),
        ("[Z-A]", "Z-A]"),
        ("[^A]", "[^A]"),
        ("É", "É"),
        ("A.B", ".B"),
    ],
)
def test_what_the_two_read_differently_is_refused_with_its_place(typed, rest):
    with pytest.raises(ValidationError) as refused:
        serial_patterns.read(typed)
    assert (
        f"“{rest}" in refused.value.message % refused.value.params if refused.value.params else refused.value.message
    )
    assert rest in str(refused.value)


@pytest.mark.parametrize(("typed", "words"), [("(AB", "isn't closed"), ("A?" * 7, "can vary")])
def test_other_refusals(typed, words):
    with pytest.raises(ValidationError, match=words):
        serial_patterns.read(typed)


@settings(deadline=None)
@given(st.text("A1[]{}()?|-.\\dZ,:/ ", max_size=30))
def test_whatever_is_accepted_compiles_and_stays_the_same(text):
    try:
        stored = serial_patterns.read(text)
    except ValidationError:
        return
    re.compile(stored)
    assert serial_patterns.read(stored) == stored


@pytest.mark.parametrize(
    ("number", "matches"),
    [
        ("TG1 1234 5678901", True),
        ("tg112345678901", True),
        ("TG1123456789012", False),
        ("XTG112345678901", False),
        ("", None),
    ],
)
def test_number_is_compared_in_capitals_without_spaces(number, matches):
    assert serial_matches(number, Product(serial_pattern="TG1[0-9]{11}")) is matches
    assert serial_matches(number, Product(serial_pattern="")) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pattern", "sample", "field", "words"),
    [
        ("TG1[0-9{11}", "TG112345678901", "serial_pattern", "“[0-9{11}”"),
        (r"TG1\d{11}", "", "serial_sample", "Enter a number from a label"),
        (r"TG1\d{11}", "TG1123", "serial_sample", "doesn't fit this number"),
    ],
)
def test_staff_are_told_when_they_save_it(client: Client, pattern, sample, field, words):
    product = factories.ProductFactory()
    client.force_login(factories.supervisor())
    page = reverse("admin:requests_app_product_change", args=[product.pk])
    answer = client.post(page, posted(client, page, serial_pattern=pattern, serial_sample=sample))
    assert words in str(answer.context["adminform"].form.errors[field][0])
    product.refresh_from_db()
    assert product.serial_pattern == ""


@pytest.mark.django_db
def test_pattern_that_fits_is_saved_as_phones_read_it(client: Client):
    product = factories.ProductFactory()
    client.force_login(factories.supervisor())
    page = reverse("admin:requests_app_product_change", args=[product.pk])
    saved = client.post(page, posted(client, page, serial_pattern=r"tg1\d{11}", serial_sample="TG1 1234 5678901"))
    assert saved.status_code == 302
    product.refresh_from_db()
    assert product.serial_pattern == "TG1[0-9]{11}"


@pytest.mark.django_db
def test_new_product_with_other_mistakes_is_asked_again(client: Client):
    """The row has no values yet where its form was refused."""
    client.force_login(factories.supervisor())
    page = reverse("admin:requests_app_product_add")
    answer = client.post(page, {"manufacturer": "\x00", "serial_pattern": "\x00", "serial_sample": "\x00"})
    assert answer.status_code == 200
    assert "serial_pattern" in answer.context["adminform"].form.errors


def posted(client: Client, page: str, **more: str) -> dict[str, object]:
    """The page's own form, as a browser sends it, with these fields changed."""
    form = client.get(page).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)} | more
