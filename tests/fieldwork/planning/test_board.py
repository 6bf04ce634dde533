"""What dispatchers do on the board (design: Dispatch; fault 15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fieldwork.models import (
    Absence,
    District,
    Lane,
    Placement,
    ServiceOrder,
    Skill,
    Technician,
    UnsuitableDay,
    VisitDuration,
)
from fieldwork.planning import board
from fieldwork.planning.board import Seen
from fieldwork.visits import closeouts, orders
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.business_days import calendar
from msa_portal.business_days.models import ClosureDay
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from tests import factories
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import at_yard, put, seen, standing, waiting

pytestmark = pytest.mark.django_db


def test_place_puts_the_visit_on_the_board_and_tells_nobody(technician: Technician, dispatcher: User):
    [visit] = waiting()
    change = put(visit, technician, by=dispatcher)
    placed = Placement.objects.get()
    assert (placed.visit, placed.lane.technician, placed.lane.on, placed.window) == (
        visit,
        technician,
        business_day(),
        "morning",
    )
    assert change == board.Change((Seen(technician.pk, business_day(), 1),), ())
    assert placed.placed_by == dispatcher
    visit.refresh_from_db()
    assert (visit.state, visit.technician, visit.scheduled_on, visit.published_at) == ("unscheduled", None, None, None)
    assert not NoticeMessage.objects.filter(kind__startswith="visit").exists()


def test_times_follow_the_order_of_the_day(technician: Technician, dispatcher: User):
    one, two, three = waiting(3)
    put(one, technician, by=dispatcher)
    put(two, technician, by=dispatcher, window="afternoon")
    put(three, technician, by=dispatcher, position=1)
    rows = list(Placement.objects.order_by("position"))
    assert [row.visit for row in rows] == [three, one, two]
    assert [row.position for row in rows] == [1, 2, 3]
    arrivals = [row.arrives_at.astimezone(calendar.UTILITY_ZONE) for row in rows if row.arrives_at]
    assert arrivals == sorted(arrivals)
    assert arrivals[0].hour == 8
    assert (arrivals[2].hour, arrivals[2].minute) == (12, 0)
    assert all(row.minutes > 0 and row.drive_meters > 0 for row in rows)


def test_moving_leaves_the_other_lane_in_order(technician: Technician, dispatcher: User):
    other = at_yard("T-2")
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    put(two, technician, by=dispatcher)
    change = put(one, other, by=dispatcher, window="afternoon")
    assert standing(technician) == [(two.pk, "morning")]
    assert standing(other) == [(one.pk, "afternoon")]
    assert {lane.technician: lane.version for lane in change.lanes} == {technician.pk: 3, other.pk: 1}


def test_lane_that_another_changed_is_stale_and_says_who(technician: Technician, dispatcher: User):
    mine, theirs = waiting(2)
    looked = seen(technician, business_day())
    other = factories.UserFactory(name="Olive Other", roles=[Role.DISPATCHER])
    put(theirs, technician, by=other)
    with pytest.raises(Stale, match=r"Olive Other changed Tess T-1's .* at .*\. Look at the board again\."):
        board.place(
            mine, technician=technician, on=business_day(), window="morning", position=None, seen=looked, by=dispatcher
        )
    assert standing(technician) == [(theirs.pk, "morning")]


def test_lane_that_the_visit_leaves_counts_too(technician: Technician, dispatcher: User):
    other = at_yard("T-2")
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    looked = [*seen(technician, business_day()), *seen(other, business_day())]
    put(two, technician, by=dispatcher)
    with pytest.raises(Stale):
        board.place(
            one, technician=other, on=business_day(), window="morning", position=None, seen=looked, by=dispatcher
        )


def test_unplace_puts_it_back_to_the_side(technician: Technician, dispatcher: User):
    [visit] = waiting()
    put(visit, technician, by=dispatcher)
    stale = [Seen(technician.pk, business_day(), 0)]
    with pytest.raises(Stale):
        board.unplace(visit, seen=stale, by=dispatcher)
    board.unplace(visit, seen=seen(technician, business_day()), by=dispatcher)
    assert not Placement.objects.exists()
    assert Lane.objects.get().version == 2
    with pytest.raises(Stale, match="not on the board"):
        board.unplace(visit, seen=[], by=dispatcher)


@pytest.mark.parametrize("act", ["place", "unplace", "fix", "publish"])
def test_only_a_dispatcher_changes_the_board(technician: Technician, act: str):
    [visit] = waiting()
    staff = factories.staff()
    acts: dict[str, Any] = {
        "place": lambda: put(visit, technician, by=staff),
        "unplace": lambda: board.unplace(visit, seen=[], by=staff),
        "fix": lambda: board.fix(visit, True, by=staff),
        "publish": lambda: board.publish(business_day(), business_day(), by=staff),
    }
    with pytest.raises(Refused, match="Only a dispatcher"):
        acts[act]()
    assert not Placement.objects.exists()


def test_day_that_is_past_or_closed_is_refused(technician: Technician, dispatcher: User):
    [visit] = waiting()
    with pytest.raises(Refused, match="past"):
        put(visit, technician, by=dispatcher, on=calendar.local_day(timezone.now()) - timedelta(days=1))
    closed = business_day(2)
    ClosureDay.objects.create(on=closed, name="Storm", kind=ClosureDay.Kind.UTILITY)
    with pytest.raises(Refused, match="not a business day"):
        put(visit, technician, by=dispatcher, on=closed)
    assert not Placement.objects.exists()


def test_visit_that_began_stays_where_it_is(technician: Technician, dispatcher: User):
    [visit] = waiting()
    orders.schedule(visit, by=dispatcher, technician=technician, on=business_day(), window="morning")
    closeouts.go_on_site(visit, by=technician.user)
    for act in (
        lambda: put(visit, technician, by=dispatcher, window="afternoon"),
        lambda: board.unplace(visit, seen=seen(technician, business_day()), by=dispatcher),
        lambda: board.fix(visit, True, by=dispatcher),
    ):
        with pytest.raises(Stale, match="Technician on site"):
            act()
    assert standing(technician) == [(visit.pk, "morning")]


def test_rules_may_be_broken_by_hand_and_are_told(technician: Technician, dispatcher: User):
    [visit] = waiting(due_on=business_day(1))
    msa_request = visit.order.round.msa_request
    north = District.objects.create(name="North")
    technician.districts.add(District.objects.create(name="South"))
    ServiceOrder.objects.update(district=north)
    skill = Skill.objects.create(code="heavy", title="Heavy panels", request_types=[msa_request.request_type])
    UnsuitableDay.objects.create(order=visit.order, on=business_day(2), part="morning", named_by=msa_request.owner)
    Absence.objects.create(technician=technician, from_on=business_day(2), until_on=business_day(2))
    name, day = f"{visit.order} ({msa_request.full_address})", formats.day(business_day(2))
    absent, late = f"Tess T-1 does not work on {day}.", f"{name} is due before {day}."
    assert put(visit, technician, by=dispatcher, on=business_day(2)).breaks == (
        f"Tess T-1 lacks a skill that {name} needs.",
        absent,
        f"The customer said that {day} does not suit: {name}.",
        late,
    )
    technician.skills.add(skill)
    outside = f"{name} is outside Tess T-1's districts."
    breaks = put(visit, technician, by=dispatcher, on=business_day(2), window="afternoon").breaks
    assert breaks == (outside, absent, late)


def test_preview_says_what_the_move_would_do_and_writes_nothing(technician: Technician, dispatcher: User):
    one, two = waiting(2)
    put(one, technician, by=dispatcher)
    before = list(Placement.objects.values())
    cost = board.preview(two, technician=technician, on=business_day(), window="morning", position=1)
    assert list(Placement.objects.values()) == before
    assert Lane.objects.get().version == 1
    [(shifted, minutes)] = cost.shifts_later
    assert (shifted, minutes > 0, cost.breaks) == (one, True, ())
    drive = sum(Placement.objects.values_list("drive_seconds", flat=True))
    put(two, technician, by=dispatcher, position=1)
    assert 0 < sum(Placement.objects.values_list("drive_seconds", flat=True)) - drive <= cost.extra_drive_seconds


def test_fixed_visit_has_a_place(technician: Technician, dispatcher: User):
    [visit] = waiting()
    with pytest.raises(Refused, match="Place the visit first"):
        board.fix(visit, True, by=dispatcher)
    put(visit, technician, by=dispatcher)
    board.fix(visit, True, by=dispatcher)
    visit.refresh_from_db()
    assert (visit.is_fixed, Lane.objects.get().version) == (True, 2)
    board.fix(visit, False, by=dispatcher)
    visit.refresh_from_db()
    assert not visit.is_fixed


@pytest.mark.parametrize("count", [2, 5])
def test_placing_asks_as_often_whatever_stands_there(
    technician: Technician, dispatcher: User, count: int, django_assert_num_queries: Any
):
    *others, visit = waiting(count)
    VisitDuration.objects.create(request_type=visit.order.round.msa_request.request_type, set_minutes=10)
    for other in others:
        put(other, technician, by=dispatcher)
    looked = seen(technician, business_day())
    with django_assert_num_queries(31):
        board.place(
            visit, technician=technician, on=business_day(), window="morning", position=1, seen=looked, by=dispatcher
        )
