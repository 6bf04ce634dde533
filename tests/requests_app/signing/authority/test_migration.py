"""Authorities of before, which several customers could share, are parted: each is one customer's (D22)."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from requests_app.models import AgentAuthority, MSARequest
from tests import factories
from tests.requests_app.signing.authority.conftest import authorized

pytestmark = pytest.mark.django_db


@pytest.mark.both_databases
def test_authority_of_several_customers_is_parted(company, alice):
    hers = [authorized(company, alice), authorized(company, alice)]
    eves = factories.executed(factories.complete_request(company=company, customer_email="Eve@example.com"))
    shared = hers[0].authority_id
    MSARequest.objects.update(authority=shared)
    AgentAuthority.objects.exclude(pk=shared).delete()
    AgentAuthority.objects.update(customer=None, customer_email="")

    import_module("requests_app.migrations.0005_two_people").name_customers(
        apps, type("Editor", (), {"connection": connection})
    )
    rows = {row.customer_email: row for row in AgentAuthority.objects.all()}
    assert sorted(rows) == sorted([alice.email, "eve@example.com"])
    assert (rows[alice.email].customer, rows["eve@example.com"].customer) == (alice, None)
    of_requests = dict(MSARequest.objects.values_list("pk", "authority"))
    assert [of_requests[row.pk] for row in (*hers, eves)] == [
        *[rows[alice.email].pk] * 2,
        rows["eve@example.com"].pk,
    ]
