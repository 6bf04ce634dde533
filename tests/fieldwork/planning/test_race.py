"""Two dispatchers at once, with the lock and without it (fault 15)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from fieldwork.models import Lane, Placement, SiteVisit, Technician
from fieldwork.planning import board, guards, publication
from fieldwork.planning.board import Seen
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.errors import Stale
from msa_portal.notices.models import NoticeMessage
from requests_app.models import RequestEvent
from tests import factories
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import put, waiting
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def dispatchers() -> list[User]:
    names = ("Dan Dispatcher", "Olive Other")
    return [factories.UserFactory(name=name, roles=[Role.DISPATCHER]) for name in names]


def placing(visit: SiteVisit, technician: Technician, by: User) -> Callable[[], Any]:
    """By somebody who saw the lane empty."""
    looked = [Seen(technician.pk, business_day(), 0)]
    return lambda: board.place(
        visit, technician=technician, on=business_day(), window="morning", position=1, seen=looked, by=by
    )


def test_two_on_one_lane_at_once_one_wins_and_the_other_hears_of_it(technician: Technician):
    Lane.objects.create(technician=technician, on=business_day())
    acts = [placing(visit, technician, by) for visit, by in zip(waiting(2), dispatchers(), strict=True)]
    answers, failures = at_once(*acts)
    assert ([type(answer) for answer in answers], [type(failure) for failure in failures]) == ([board.Change], [Stale])
    winner = Placement.objects.get().placed_by
    assert str(failures[0]).startswith(f"{winner} changed Tess T-1's ")
    assert Lane.objects.get().version == 1


def test_two_on_a_lane_that_is_not_there_yet(technician: Technician):
    acts = [placing(visit, technician, by) for visit, by in zip(waiting(2), dispatchers(), strict=True)]
    answers, failures = at_once(*acts)
    assert ([type(answer) for answer in answers], [type(failure) for failure in failures]) == ([board.Change], [Stale])
    assert (Placement.objects.count(), Lane.objects.count()) == (1, 1)


def test_without_the_lock_one_overwrites_the_other(technician: Technician, monkeypatch: pytest.MonkeyPatch):
    """The control: the two are let look at the same moment, before either writes."""
    Lane.objects.create(technician=technician, on=business_day())
    both_looked = threading.Barrier(2, timeout=10)
    check = guards.check_seen

    def unlocked(keys: Any) -> dict[Any, Lane]:
        return {(lane.technician_id, lane.on): lane for lane in Lane.objects.filter(technician=technician)}

    def looked(held: Any, seen: Any) -> None:
        check(held, seen)
        both_looked.wait()

    monkeypatch.setattr(board.technician_days, "lock_lanes", unlocked)
    monkeypatch.setattr(board, "check_seen", looked)
    acts = [placing(visit, technician, by) for visit, by in zip(waiting(2), dispatchers(), strict=True)]
    answers, _failures = at_once(*acts)
    assert len(answers) == 2
    assert Lane.objects.get().version == 1  # two changes, and one of them left no trace


def told() -> tuple[int, int]:
    notices = NoticeMessage.objects.filter(kind="visit_scheduled").count()
    return RequestEvent.objects.filter(kind="visit_scheduled").count(), notices


def test_publishing_at_once_tells_once(technician: Technician):
    [visit], people = waiting(), dispatchers()
    put(visit, technician, by=people[0])
    acts = [lambda by=by: board.publish(business_day(), business_day(), by=by) for by in people]
    answers, failures = at_once(*acts)
    assert (sorted(answer.new for answer in answers), failures) == ([0, 1], [])
    assert [answer.failed for answer in answers] == [[], []]
    assert told() == (1, 1)


def test_without_a_second_look_both_publish(technician: Technician, monkeypatch: pytest.MonkeyPatch):
    """The control: what was found before the lock is believed."""
    [visit], people = waiting(), dispatchers()
    put(visit, technician, by=people[0])
    [first] = publication.differences(business_day(), business_day())
    monkeypatch.setattr(publication, "difference", lambda _visit: first)
    acts = [lambda by=by: board.publish(business_day(), business_day(), by=by) for by in people]
    answers, _failures = at_once(*acts)
    assert sorted(answer.new for answer in answers) == [1, 1]
