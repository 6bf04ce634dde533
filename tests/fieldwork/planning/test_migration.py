"""Visits that were scheduled before there was a board stand on it afterwards."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from fieldwork import orders
from fieldwork.models import Lane, Placement, Technician
from fieldwork.planning import board
from msa_portal.accounts.models import User
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import standing, waiting

pytestmark = pytest.mark.django_db
migration = import_module("fieldwork.migrations.0010_place_scheduled_visits")


def test_scheduled_visits_are_placed_so_that_publishing_cancels_none(technician: Technician, dispatcher: User):
    late, early, free = waiting(3)
    for visit, window in ((late, "afternoon"), (early, "morning")):
        orders.schedule(visit, by=dispatcher, technician=technician, on=business_day(), window=window)
    Placement.objects.all().delete()
    Lane.objects.all().delete()
    assert len(board.differences(business_day(), business_day())) == 2
    migration.place(apps, None)
    assert standing(technician) == [(early.pk, "morning"), (late.pk, "afternoon")]
    assert board.differences(business_day(), business_day()) == []
    assert not Placement.objects.filter(visit=free).exists()
    migration.place(apps, None)
    assert Placement.objects.count() == 2
