"""The same close-out five times at once (fault 18), with the lock and without it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from fieldwork.models import CloseOut, SiteVisit, Technician, VisitPhoto
from fieldwork.visits import closeouts, orders
from requests_app.enums import Status
from tests import factories
from tests.fieldwork.conftest import failure
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

AT_ONCE = 5


def send_at_once(visit: SiteVisit, sent: closeouts.Report, technician: Technician) -> tuple[list[Any], list[Any]]:
    rows = [SiteVisit.objects.select_related("order__round__msa_request").get(pk=visit.pk) for _ in range(AT_ONCE)]
    return at_once(*[lambda row=row: closeouts.close_out(row, sent, by=technician.user).pk for row in rows])


def a_report() -> closeouts.Report:
    return failure(id=uuid4(), photos=[closeouts.Photo(b"one", "1" * 64), closeouts.Photo(b"two", "2" * 64)])


def test_one_report_five_times_at_once_is_one_visit_and_one_set_of_photos(visit: SiteVisit, technician: Technician):
    sent = a_report()
    assert send_at_once(visit, sent, technician) == ([sent.id] * AT_ONCE, [])
    assert (CloseOut.objects.count(), VisitPhoto.objects.count()) == (1, 2)
    assert visit.order.round.msa_request.events.filter(kind="fail").count() == 1
    assert factories.refreshed(visit.order.round.msa_request).status == Status.SITE_VISIT_UNSUCCESSFUL


def test_without_the_lock_the_race_is_lost(visit: SiteVisit, technician: Technician, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(orders, "lock", lambda row: type(row)._default_manager.get(pk=row.pk))
    _answers, failures = send_at_once(visit, a_report(), technician)
    assert failures != []
