"""GET /api/v1/products/."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from requests_app.models import Product

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"


def approved(model: str, **changes: Any) -> Product:
    traits = {"manufacturer": "Acme", "isolating": True, "approved_from": date(2025, 6, 12)}
    return Product.objects.create(model=model, **traits | changes)


def test_lists_the_fields_of_the_contract(client: Client):
    product = approved("Collar", part_number="A-1", approved_until=date(2027, 1, 1))
    approved("Never", approved_from=None)
    assert client.get(URL).json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": product.pk,
                "manufacturer": "Acme",
                "model": "Collar",
                "part_number": "A-1",
                "isolating": True,
                "requires_storage": False,
                "max_service_amps": None,
                "approved_from": "2025-06-12",
                "approved_until": "2027-01-01",
            }
        ],
    }


def test_pages_by_cursor_at_the_same_number_of_queries(client: Client, django_assert_num_queries: Any):
    approved("First")
    with django_assert_num_queries(1):
        client.get(URL)
    for n in range(5):
        approved(f"Device {n}")
    seen, page = [], f"{URL}?limit=4"
    while page:
        with django_assert_num_queries(1):
            answer = client.get(page).json()
        seen += [product["model"] for product in answer["results"]]
        page = answer["next"]
    assert seen == ["Device 4", "Device 3", "Device 2", "Device 1", "Device 0", "First"]


def test_cursor_of_somebody_elses_is_not_found(client: Client):
    assert client.get(f"{URL}?cursor=nonsense").status_code == 404


@pytest.mark.parametrize("limit", ["0", "201", "x", "-1", "", "1.5", "99999999999"])
def test_limit_that_cannot_be_used_is_named(client: Client, limit: str):
    response = client.get(URL, {"limit": limit})
    assert response.status_code == 400
    assert response.json()["errors"] == {"limit": ["Must be a whole number from 1 to 200."]}
