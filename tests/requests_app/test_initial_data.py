"""What a fresh database knows."""

from __future__ import annotations

from datetime import date

import pytest

from payments.models import FeeSchedule
from requests_app.application import steps
from requests_app.eligibility import BY_NUMBER
from requests_app.models import CorrectionReason, IncompatiblePanel, OutcomeReason, Product, ProgramSettings
from requests_app.models.reference import normalized_panel_model

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_products_are_there_with_their_facts_and_none_is_approved():
    """D20: an unconfirmed figure is empty, and nothing is approved or verified."""
    rows = [
        (product.manufacturer, product.model, product.isolating, product.requires_storage, product.max_service_amps)
        for product in Product.objects.all()
    ]
    assert rows == [
        ("ConnectDER", "EV MSA", False, False, None),
        ("ConnectDER", "IslandDER", True, True, None),
        ("ConnectDER", "Solar MSA", False, False, None),
        ("Enphase", "IQ Meter Collar", True, False, None),
        ("Tesla", "Backup Switch", True, True, 200),
    ]
    assert not Product.objects.exclude(approved_from=None, approved_until=None, verified=False).exists()


def test_panels_of_e8_are_there_by_their_normalized_model():
    panels = IncompatiblePanel.objects.all()
    assert len(panels) == 10
    assert all(panel.normalized == normalized_panel_model(panel.model) for panel in panels)


def test_each_visit_reason_names_who_is_responsible():
    """D3 charges by it, D13 moves the visit where nobody was at the site."""
    reasons = {
        reason.code: (reason.rule, reason.responsible, reason.at_site) for reason in OutcomeReason.objects.all()
    }
    assert reasons == {
        "package-missing": ("E13", "customer", True),
        "msa-condition": ("E14", "customer", True),
        "rating-or-standard": ("E3, E4", "customer", True),
        "liquid-tight-communication": ("E9", "customer", True),
        "liquid-tight-missing": ("E10", "customer", True),
        "conduit-obstruction": ("E11", "customer", True),
        "instrument-rated": ("E2", "customer", True),
        "double-sided-clips": ("E8", "customer", True),
        "backfeed-over-rating": ("E5", "customer", True),
        "socket-incompatible": ("E7", "customer", True),
        "safety-hazard": ("E12", "customer", True),
        "no-access": ("E17", "customer", True),
        "weather": ("", "utility", False),
        "crew-or-vehicle": ("", "utility", False),
        "meter-or-record-error": ("", "utility", True),
    }


def test_corrections_cover_every_check_and_rule_and_point_at_the_forms_fields():
    reasons = list(CorrectionReason.objects.all())
    assert {reason.check_code for reason in reasons} == {f"C{n}" for n in range(1, 8)}
    assert set(BY_NUMBER) - {reason.rule for reason in reasons} == set()
    assert {reason.field for reason in reasons} - {""} <= set(steps.ALL_FIELDS)
    assert {reason.rule for reason in reasons if reason.kind == "cannot_be_served"} == {"E1", "E2", "E3", "E4", "E8"}


@pytest.mark.parametrize("request_type", ["install", "removal", "replacement"])
def test_a_site_visit_costs_279_22(request_type: str):
    """F1, from the day the program was expanded."""
    assert FeeSchedule.objects.in_force(request_type, date(2025, 6, 11)) is None
    schedule = FeeSchedule.objects.in_force(request_type, date(2025, 6, 12))
    assert schedule is not None
    assert schedule.amount_cents == 27922


def test_maintenance_has_no_fee():
    """D16"""
    assert FeeSchedule.objects.in_force("maintenance", date(2026, 11, 23)) is None


def test_first_rows_stand_in_the_history():
    for model in (Product, IncompatiblePanel, OutcomeReason, CorrectionReason, FeeSchedule, ProgramSettings):
        history = model.history.all()
        assert {(row.history_type, row.history_change_reason) for row in history} == {("+", "Initial data")}
        assert history.count() == model._default_manager.count()
