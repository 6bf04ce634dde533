"""Another day asked for five times at once, with the lock and without it; two who want the last place of a half day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from fieldwork.day_changes import offers, unsuitable_days
from fieldwork.day_changes import requests as day_requests
from fieldwork.models import DayChange, SiteVisit, Technician
from fieldwork.schedule import technician_days
from msa_portal.errors import Refused
from requests_app.enums import EventKind
from requests_app.models import MSARequest
from tests.fieldwork.conftest import business_day, planned, visit_of
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

AT_ONCE = 5


@pytest.fixture
def far(technician: Technician) -> SiteVisit:
    return planned(technician, on=business_day(6))


def choice(visit: SiteVisit, on: date, window: str = "morning") -> Callable[[], Any]:
    msa_request = MSARequest.objects.select_related("owner").get(pk=visit.order.round.msa_request_id)
    assert msa_request.owner is not None
    return lambda: day_requests.choose(msa_request, on=on, window=window, by=msa_request.owner).scheduled_on


def asked(visit: SiteVisit) -> int:
    return visit.order.round.msa_request.events.filter(kind=EventKind.DAY_CHANGE_ASKED).count()


def test_five_at_once_change_the_day_once(far: SiteVisit):
    """Each wants a day of its own: the first has it, the others read that it was changed once already."""
    days = [offer.on for offer in offers.find(far) if offer.window == "morning"]
    assert len(days) >= 2
    answers, failures = at_once(*(choice(far, days[number % len(days)]) for number in range(AT_ONCE)))
    [wish] = DayChange.objects.all()
    moved = visit_of(far.order.round.msa_request)
    assert set(answers) == {wish.to_on} == {moved.scheduled_on}
    assert {(type(failure), getattr(failure, "code", "")) for failure in failures} <= {(Refused, "already_used")}
    assert (moved.moves, asked(far)) == (1, 1)


def test_without_the_lock_the_race_is_lost(far: SiteVisit, monkeypatch: pytest.MonkeyPatch):
    """The row that there is once for each order stops the second, but with no answer that a person could read."""
    monkeypatch.setattr(day_requests, "lock", lambda row: type(row)._default_manager.get(pk=row.pk))
    day = next(offer.on for offer in offers.find(far) if offer.window == "morning")
    _answers, failures = at_once(*(choice(far, day) for _number in range(AT_ONCE)))
    assert [failure for failure in failures if not isinstance(failure, Refused)] != []
    assert DayChange.objects.count() == 1


def the_last_place(technician: Technician) -> tuple[list[SiteVisit], date]:
    """Two visits of other days, and a half day that has room for one of them."""
    Technician.objects.filter(pk=technician.pk).update(daily_minutes=70)
    visits = [planned(technician, on=business_day(ahead)) for ahead in (6, 7)]
    return visits, business_day(4)


def test_two_who_want_the_last_place_get_it_once(technician: Technician):
    visits, day = the_last_place(technician)
    answers, failures = at_once(*(choice(visit, day) for visit in visits))
    assert (answers, [getattr(failure, "code", failure) for failure in failures]) == ([day], ["taken"])
    assert SiteVisit.objects.filter(scheduled_on=day).count() == 1


def test_without_the_lanes_lock_both_get_the_last_place(technician: Technician, monkeypatch: pytest.MonkeyPatch):
    visits, day = the_last_place(technician)
    monkeypatch.setattr(
        offers, "technician_days", SimpleNamespace(ORDER=technician_days.ORDER, lock_lanes=lambda _keys: {})
    )
    met = threading.Barrier(2, timeout=20)
    hold = offers.hold

    def unheld(*args: Any) -> Any:
        held = hold(*args)
        met.wait()
        return held

    monkeypatch.setattr(offers, "hold", unheld)
    answers, failures = at_once(*(choice(visit, day) for visit in visits))
    assert (answers, failures) == ([day, day], [])


def test_naming_days_at_once_keeps_one_row_a_day(far: SiteVisit):
    msa_request = MSARequest.objects.select_related("owner").get(pk=far.order.round.msa_request_id)
    halves = [(business_day(3), "morning"), (business_day(6), "afternoon")]
    assert msa_request.owner is not None
    answers, failures = at_once(
        *(lambda: unsuitable_days.name(msa_request, halves, by=msa_request.owner) for _each in range(3))
    )
    assert (answers, failures) == ([2, 2, 2], [])
    assert msa_request.events.filter(kind=EventKind.UNSUITABLE_DAYS_NAMED).count() == 1
