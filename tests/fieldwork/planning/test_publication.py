"""Publishing: customers are told what differs, once (design: Dispatch)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from fieldwork.models import Placement, SiteVisit, Technician
from fieldwork.planning import board
from fieldwork.planning.board import Seen
from fieldwork.visits import orders
from msa_portal.accounts.models import User
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from requests_app.enums import EventKind, Status
from requests_app.models import MSARequest, RequestEvent
from tests import factories
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import at_yard, put, seen, standing, waiting

pytestmark = pytest.mark.django_db

PLANS = (EventKind.VISIT_SCHEDULED, EventKind.VISIT_MOVED, EventKind.VISIT_CANCELED)


def publish(by: User, **more: Any) -> board.Published:
    return board.publish(business_day(1), business_day(5), by=by, **more)


def counts(report: board.Published) -> tuple[int, int, int, int, int]:
    return report.new, report.moved, report.technician, report.removed, len(report.failed)


def told(visit: SiteVisit) -> list[str]:
    """The events of that visit's plan."""
    events = RequestEvent.objects.filter(msa_request=visit.order.round.msa_request, kind__in=PLANS)
    return list(events.order_by("pk").values_list("kind", flat=True))


def test_publish_tells_what_is_new_and_copies_the_board(technician: Technician, dispatcher: User):
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    put(two, technician, by=dispatcher, window="afternoon")
    assert counts(publish(dispatcher)) == (2, 0, 0, 0, 0)
    for visit in (one, two):
        visit.refresh_from_db()
        placed = Placement.objects.get(visit=visit)
        assert (visit.state, visit.technician, visit.scheduled_on, visit.window) == (
            "scheduled",
            technician,
            business_day(),
            placed.window,
        )
        assert (visit.position, visit.arrives_at, visit.minutes, visit.drive_seconds, visit.drive_meters) == (
            placed.position,
            placed.arrives_at,
            placed.minutes,
            placed.drive_seconds,
            placed.drive_meters,
        )
        assert visit.published_at is not None
        assert told(visit) == ["visit_scheduled"]
        assert factories.refreshed(visit.order.round.msa_request).status == Status.SERVICE_ORDER_ISSUED
    assert NoticeMessage.objects.filter(kind="visit_scheduled").count() == 2


def test_publishing_twice_tells_once(technician: Technician, dispatcher: User):
    [visit] = waiting()
    put(visit, technician, by=dispatcher)
    publish(dispatcher)
    assert board.differences(business_day(1), business_day(5)) == []
    assert counts(publish(dispatcher)) == (0, 0, 0, 0, 0)
    assert (told(visit), NoticeMessage.objects.filter(kind="visit_scheduled").count()) == (["visit_scheduled"], 1)


def test_differences_name_each_kind(technician: Technician, dispatcher: User):
    other = at_yard("T-2")
    new, moved, handed, removed, same = waiting(5)
    for visit in (moved, handed, removed, same):
        put(visit, technician, by=dispatcher)
    publish(dispatcher)
    put(new, technician, by=dispatcher)
    put(moved, technician, by=dispatcher, on=business_day(2))
    put(handed, other, by=dispatcher)
    board.unplace(removed, seen=seen(technician, business_day()), by=dispatcher)
    differences = board.differences(business_day(1), business_day(5))
    assert [(difference.visit, difference.kind.value) for difference in differences] == [
        (new, "new"),
        (moved, "moved"),
        (handed, "technician"),
        (removed, "removed"),
    ]
    assert counts(publish(dispatcher)) == (1, 1, 1, 1, 0)
    assert [told(visit) for visit in (new, moved, handed, removed, same)] == [
        ["visit_scheduled"],
        ["visit_scheduled", "visit_moved"],
        ["visit_scheduled", "visit_moved"],
        ["visit_scheduled", "visit_canceled"],
        ["visit_scheduled"],
    ]


def test_one_that_cannot_be_published_holds_no_other_up(technician: Technician, dispatcher: User):
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    put(two, technician, by=dispatcher)
    technician.is_active = False
    technician.save()
    other = at_yard("T-2")
    put(two, other, by=dispatcher)
    report = publish(dispatcher)
    assert (counts(report), report.failed) == ((1, 0, 0, 0, 1), [(one, "This technician is not active.")])
    assert (told(one), told(two)) == ([], ["visit_scheduled"])


def test_lane_that_changed_since_it_was_seen_publishes_nothing(technician: Technician, dispatcher: User):
    [visit] = waiting()
    put(visit, technician, by=dispatcher)
    with pytest.raises(Stale, match="Dan Dispatcher changed"):
        publish(dispatcher, seen=[Seen(technician.pk, business_day(), 0)])
    assert told(visit) == []
    assert counts(publish(dispatcher, seen=seen(technician, business_day()))) == (1, 0, 0, 0, 0)


def test_what_changes_beside_a_published_stop_changes_its_time_and_tells_nobody(
    technician: Technician, dispatcher: User
):
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    publish(dispatcher)
    one.refresh_from_db()
    before = one.arrives_at
    put(two, technician, by=dispatcher, position=1)
    one.refresh_from_db()
    assert (one.position, one.arrives_at) == (1, before)
    publish(dispatcher)
    one.refresh_from_db()
    assert before is not None
    assert one.arrives_at is not None
    assert (one.position, one.arrives_at > before, told(one)) == (2, True, ["visit_scheduled"])


def test_single_visit_form_keeps_the_board_in_step(technician: Technician, dispatcher: User):
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    other = at_yard("T-2")
    orders.schedule(one, by=dispatcher, technician=other, on=business_day(2), window="afternoon")
    orders.schedule(two, by=dispatcher, technician=other, on=business_day(2), window="morning")
    assert standing(technician) == []
    assert standing(other, business_day(2)) == [(two.pk, "morning"), (one.pk, "afternoon")]
    assert board.differences(business_day(1), business_day(5)) == []
    one.refresh_from_db()
    assert one.published_at is not None
    assert one.arrives_at is not None
    assert (one.minutes or 0) > 0


def test_unschedule_takes_it_off_and_tells_once(technician: Technician, dispatcher: User):
    [visit] = waiting()
    orders.schedule(visit, by=dispatcher, technician=technician, on=business_day(), window="morning")
    with pytest.raises(Refused, match="Only a dispatcher"):
        orders.unschedule(visit, by=factories.staff(), why="weather")
    with pytest.raises(ValueError, match="because I say so"):
        orders.unschedule(visit, by=dispatcher, why="because I say so")
    orders.unschedule(visit, by=dispatcher, why=orders.Why.WEATHER)
    assert (visit.state, visit.technician, visit.scheduled_on, visit.published_at) == ("unscheduled", None, None, None)
    assert standing(technician) == []
    event = RequestEvent.objects.filter(kind=EventKind.VISIT_CANCELED).get()
    assert event.codes == {"visit": visit.pk, "moves": 0, "technician": technician.pk, "why": "weather"}
    with pytest.raises(Stale, match="To be scheduled"):
        orders.unschedule(visit, by=dispatcher, why=orders.Why.WEATHER)
    orders.schedule(visit, by=dispatcher, technician=technician, on=business_day(), window="morning")
    assert told(visit) == ["visit_scheduled", "visit_canceled", "visit_scheduled"]


def test_withdrawn_request_leaves_the_board(technician: Technician, dispatcher: User):
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    put(two, technician, by=dispatcher)
    factories.withdrawn(MSARequest.objects.get(pk=one.order.round.msa_request_id))
    assert standing(technician) == [(two.pk, "morning")]
    assert Placement.objects.get().position == 1


def test_publishing_says_when_the_customer_was_told(technician: Technician, dispatcher: User):
    [visit] = waiting()
    before = timezone.now()
    put(visit, technician, by=dispatcher)
    publish(dispatcher)
    visit.refresh_from_db()
    assert visit.published_at is not None
    assert before <= visit.published_at <= timezone.now()


@pytest.mark.parametrize("count", [1, 4])
def test_differences_ask_as_often_whatever_stands_there(
    technician: Technician, dispatcher: User, count: int, django_assert_num_queries: Any
):
    for visit in waiting(count):
        put(visit, technician, by=dispatcher)
    with django_assert_num_queries(4):
        assert len(board.differences(business_day(1), business_day(5))) == count
