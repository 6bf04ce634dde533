"""What was kept as free words before each reason had its proof is kept as cures."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

BEFORE, AFTER = [("requests_app", "0012_deadlines")], [("requests_app", "0014_cures")]


def migrated(target):
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return MigrationExecutor(connection).loader.project_state(target).apps


def a_request(apps, **fields):
    user, _created = apps.get_model("accounts", "User").objects.get_or_create(email="ida@example.com", name="Ida")
    return user, apps.get_model("requests_app", "MSARequest").objects.create(
        created_by=user, owner=user, request_type="install", **fields
    )


@pytest.mark.django_db(transaction=True)
def test_words_become_cures_and_open_items_are_counted():
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        apps = migrated(BEFORE)
        model = apps.get_model
        user, failed = a_request(apps, reference="T-1", status="reschedule_requested")
        reason = model("requests_app", "OutcomeReason").objects.create(
            code="gate", title="Gate", responsible="customer"
        )
        rounds = model("requests_app", "VisitRound").objects
        now = timezone.now()
        first = rounds.create(request=failed, number=1, outcome="unsuccessful", closed_at=now)
        first.reasons.add(reason)
        second = rounds.create(request=failed, number=2)
        model("requests_app", "FollowUp").objects.create(
            request=failed, kind="reschedule", round=second, cures={"gate": "It is open."}, created_by=user
        )
        _user, corrected = a_request(apps, reference="T-2", status="corrections_required")
        screening = model("requests_app", "Screening").objects.create(request=corrected)
        why = model("requests_app", "CorrectionReason").objects.create(code="why", title="Why")
        model("requests_app", "Correction").objects.create(
            request=corrected, screening=screening, reason=why, required_by=user
        )

        apps = migrated(AFTER)
        cure = apps.get_model("requests_app", "Cure").objects.get()
        assert (cure.round_id, cure.reason.code, cure.statement, cure.proof) == (
            first.pk,
            "gate",
            "It is open.",
            "statement",
        )
        counts = apps.get_model("requests_app", "MSARequest").objects.order_by("reference")
        assert list(counts.values_list("reference", "open_corrections")) == [("T-1", 0), ("T-2", 1)]
    finally:
        MigrationExecutor(connection).migrate(latest)
