"""Signatures from before sections were rows get their rows, and requests the number of their newest agreement."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tests.requests_app.test_cure_migration import a_request, migrated

BEFORE, AFTER = [("requests_app", "0006_product_rules")], [("requests_app", "0008_envelope")]


@pytest.mark.django_db(transaction=True)
def test_signatures_get_a_row_a_section_and_requests_their_newest_version():
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        apps = migrated(BEFORE)
        model = apps.get_model
        user, signed = a_request(apps, reference="T-1")
        a_request(apps, reference="T-2")
        wording = model("requests_app", "AgreementWording").objects.create(
            version="t", title="T", customer_terms="C", authorization="A", submittal="S", consent="I agree."
        )
        for version, state in ((1, "superseded"), (2, "signing")):
            agreement = model("requests_app", "Agreement").objects.create(
                request=signed,
                version=version,
                wording=wording,
                facts={},
                sections=["customer_terms", "authorization", "submittal"],
                state=state,
            )
        for party, sections in (
            ("customer", ["customer_terms", "authorization"]),
            ("agent", ["authorization", "submittal"]),
        ):
            model("requests_app", "Signature").objects.create(
                agreement=agreement, party=party, sections=sections, name="N", user=user, signed_at=timezone.now()
            )

        apps = migrated(AFTER)
        rows = apps.get_model("requests_app", "SignedSection").objects.order_by("pk")
        assert list(rows.values_list("agreement__version", "party", "section")) == [
            (2, "customer", "customer_terms"),
            (2, "customer", "authorization"),
            (2, "agent", "authorization"),
            (2, "agent", "submittal"),
        ]
        assert all(row.signature.party == row.party for row in rows.select_related("signature"))
        requests = apps.get_model("requests_app", "MSARequest").objects.order_by("reference")
        assert list(requests.values_list("reference", "agreement_version")) == [("T-1", 2), ("T-2", 0)]
    finally:
        MigrationExecutor(connection).migrate(latest)
