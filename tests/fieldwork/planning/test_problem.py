"""From rows to what dispatch is asked, and who works when."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import numpy as np
import pytest

from fieldwork import dispatch
from fieldwork.dispatch.problem import DayWindow, Fixed
from fieldwork.models import (
    Absence,
    DayChange,
    District,
    ServiceOrder,
    SiteVisit,
    Skill,
    Technician,
    UnsuitableDay,
    VisitDuration,
    WorkingHours,
)
from fieldwork.planning import board
from fieldwork.schedule import driving, problem, shifts
from fieldwork.visits import closeouts, orders
from msa_portal.accounts.models import User
from msa_portal.business_days.models import ClosureDay
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import at_yard, put, waiting

pytestmark = pytest.mark.django_db
HOUR = 3600
MORNING, AFTERNOON = (8 * HOUR, 12 * HOUR), (12 * HOUR, 17 * HOUR)


def week() -> tuple[date, date]:
    return business_day(1), business_day(5)


def asked(translated: problem.Translated) -> dict[Any, dispatch.Visit]:
    return {visit.id: visit for visit in translated.problem.visits}


def hours_of(technician: Technician) -> list[tuple[date, int, int]]:
    rota = shifts.load(*week())
    return [
        (on, day.starts, day.ends)
        for (pk, on), day in sorted(rota.work.items(), key=lambda entry: entry[0][1])
        if pk == technician.pk
    ]


def test_usual_day_where_nobody_entered_hours(technician: Technician):
    assert hours_of(technician) == [(business_day(n), 8 * HOUR, 17 * HOUR) for n in range(1, 6)]


def test_hours_count_by_weekday_and_the_other_days_are_free(technician: Technician):
    day = business_day(2)
    WorkingHours.objects.create(technician=technician, weekday=day.weekday(), starts=time(7, 30), ends=time(15))
    assert hours_of(technician) == [(day, 7 * HOUR + 1800, 15 * HOUR)]


def test_absence_takes_a_day_or_half_of_it(technician: Technician):
    for n, part in enumerate(Absence.Part.values, 1):
        Absence.objects.create(technician=technician, from_on=business_day(n), until_on=business_day(n), part=part)
    assert hours_of(technician) == [
        (business_day(2), 12 * HOUR, 17 * HOUR),
        (business_day(3), 8 * HOUR, 12 * HOUR),
        (business_day(4), 8 * HOUR, 17 * HOUR),
        (business_day(5), 8 * HOUR, 17 * HOUR),
    ]


def test_closure_day_is_no_shift(technician: Technician):
    first, last = week()
    ClosureDay.objects.create(on=first, name="Storm", kind=ClosureDay.Kind.UTILITY)
    translated = problem.build(first, last)
    assert first not in translated.days
    assert (first, 8 * HOUR, 17 * HOUR) not in hours_of(technician)


def test_shift_carries_yard_skills_districts_and_minutes():
    technician = at_yard("T-5", daily_minutes=400)
    technician.skills.add(Skill.objects.create(code="heavy", title="Heavy"))
    district = District.objects.create(name="North")
    technician.districts.add(district)
    translated = problem.build(business_day(1), business_day(1))
    [shift] = translated.problem.shifts
    assert translated.problem.places[shift.start_place] == (34.14, -118.01)
    assert (shift.technician, shift.day, shift.end_place) == (technician.pk, 0, shift.start_place)
    assert (shift.most_work, shift.skills, shift.districts) == (400 * 60, {"heavy"}, {str(district.pk)})


def test_inactive_technician_has_no_shift():
    at_yard("T-6", is_active=False)
    assert problem.build(*week()).problem.shifts == ()


def test_visit_may_go_into_each_half_day_that_suits(technician: Technician):
    [visit] = waiting()
    owner = visit.order.round.msa_request.owner
    UnsuitableDay.objects.create(order=visit.order, on=business_day(1), part="morning", named_by=owner)
    UnsuitableDay.objects.create(order=visit.order, on=business_day(2), part="all_day", named_by=owner)
    visit_asked = asked(problem.build(business_day(1), business_day(3)))[visit.pk]
    assert visit_asked.windows == (DayWindow(0, *AFTERNOON), DayWindow(2, *MORNING), DayWindow(2, *AFTERNOON))
    assert (visit_asked.fixed, visit_asked.published, visit_asked.required) == (None, None, False)


def test_day_that_the_customer_asked_away_from_does_not_suit(technician: Technician, dispatcher: User):
    [visit] = waiting()
    orders.schedule(visit, by=dispatcher, technician=technician, on=business_day(1), window="morning")
    owner = visit.order.round.msa_request.owner
    wish = {"was_on": business_day(1), "was_window": "morning", "asked_by": owner}
    DayChange.objects.create(order=visit.order, visit=visit, **wish)
    visit_asked = asked(problem.build(business_day(1), business_day(2)))[visit.pk]
    assert {window.day for window in visit_asked.windows} == {1}


def test_skills_come_from_type_and_device(technician: Technician):
    [visit] = waiting()
    msa_request = visit.order.round.msa_request
    Skill.objects.create(code="type", title="Type", request_types=[msa_request.request_type])
    Skill.objects.create(code="device", title="Device").devices.add(msa_request.device)
    Skill.objects.create(code="other", title="Other", request_types=["removal"])
    assert asked(problem.build(*week()))[visit.pk].skills == {"type", "device"}


def test_what_is_due_is_required_and_late_is_urgent(technician: Technician):
    due, late, later = waiting(3)
    for visit, on in ((due, business_day(5)), (late, date(2020, 1, 2)), (later, business_day(20))):
        ServiceOrder.objects.filter(pk=visit.order_id).update(due_on=on)
    visits = asked(problem.build(*week()))
    assert [visits[visit.pk].required for visit in (due, late, later)] == [True, True, False]
    assert visits[late.pk].urgency > visits[due.pk].urgency > visits[later.pk].urgency >= 1


def test_fixed_visit_is_a_commitment(technician: Technician, dispatcher: User):
    [visit] = waiting()
    put(visit, technician, by=dispatcher, on=business_day(2), window="afternoon")
    board.fix(visit, True, by=dispatcher)
    visit_asked = asked(problem.build(*week()))[visit.pk]
    assert (visit_asked.fixed, visit_asked.required) == (Fixed(technician.pk, 1, *AFTERNOON), True)


def test_published_visit_says_where_it_is(technician: Technician, dispatcher: User):
    [visit] = waiting()
    orders.schedule(visit, by=dispatcher, technician=technician, on=business_day(2), window="morning")
    visit_asked = asked(problem.build(*week()))[visit.pk]
    assert (visit_asked.published, visit_asked.fixed, visit_asked.required) == (
        Fixed(technician.pk, 1, *MORNING),
        None,
        True,
    )


def test_visit_without_a_position_or_in_dispute_is_left_out(technician: Technician):
    lost, disputed = waiting(2)
    ServiceOrder.objects.filter(pk=lost.order_id).update(latitude=None, longitude=None)
    round_ = disputed.order.round
    type(round_).objects.filter(pk=round_.pk).update(disputed=True)
    translated = problem.build(*week())
    assert translated.left_out == {lost.pk: "no_position", disputed.pk: "disputed"}
    assert translated.problem.visits == ()


def test_what_began_or_stands_on_another_day_is_not_planned(technician: Technician, dispatcher: User):
    on_site, elsewhere = waiting(2)
    orders.schedule(on_site, by=dispatcher, technician=technician, on=business_day(1), window="morning")
    orders.schedule(elsewhere, by=dispatcher, technician=technician, on=business_day(9), window="morning")
    closeouts.go_on_site(on_site, by=technician.user)
    visits = asked(problem.build(*week()))
    assert [(pk, visit.fixed is not None) for pk, visit in visits.items()] == [(on_site.pk, True)]


def test_sites_of_one_zip_code_are_never_next_door():
    places = [dispatch.Place(34.14, -118.0)] * 3
    travel = driving.between(places, first_site=1, patience=1)
    least = driving.LEAST_BETWEEN_SITES
    assert np.array_equal(travel.seconds, [[0, 0, 0], [0, 0, least], [0, least, 0]])


def test_road_server_that_fails_is_left_alone_for_a_while(settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.OSRM_URL = "http://127.0.0.1:1"
    asked_for: list[float] = []

    def table(_places: Any, _url: str, *, timeout: float) -> Any:
        asked_for.append(timeout)
        raise driving.osrm.Unreachable("down")

    monkeypatch.setattr(driving.osrm, "table", table)
    places = [dispatch.Place(34.14, -118.0), dispatch.Place(34.2, -118.1)]
    for _again in range(2):
        travel = driving.between(places, first_site=1, patience=2)
        assert travel.seconds[0, 1] == dispatch.haversine(places).seconds[0, 1] > 0
    assert asked_for == [2]


def test_road_server_is_believed(settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.OSRM_URL = "http://127.0.0.1:1"
    roads = dispatch.Travel(np.array([[0, 777], [778, 0]]), np.array([[0, 9], [9, 0]]))
    monkeypatch.setattr(driving.osrm, "table", lambda *_places, **_options: roads)
    places = [dispatch.Place(34.14, -118.0), dispatch.Place(34.2, -118.1)]
    assert np.array_equal(driving.between(places, first_site=1, patience=2).seconds, roads.seconds)


@pytest.mark.parametrize(("technicians", "visits"), [(1, 2), (3, 5)])
def test_reading_asks_as_often_whatever_there_is(
    dispatcher: User, technicians: int, visits: int, django_assert_num_queries: Any
):
    people = [at_yard(f"T-{n}") for n in range(technicians)]
    for person in people:
        WorkingHours.objects.create(technician=person, weekday=0, starts=time(8), ends=time(16))
        Absence.objects.create(technician=person, from_on=business_day(2), until_on=business_day(2))
        person.skills.add(Skill.objects.create(code=person.employee_number.lower(), title=person.employee_number))
    made = waiting(visits)
    put(made[0], people[0], by=dispatcher)
    for visit in made:
        owner = visit.order.round.msa_request.owner
        UnsuitableDay.objects.create(order=visit.order, on=business_day(3), part="morning", named_by=owner)
    with django_assert_num_queries(14):
        translated = problem.build(*week())
        assert len(translated.problem.visits) == visits
        translated.hash()


def test_same_rows_are_the_same_problem(technician: Technician):
    waiting(2)
    one = problem.build(*week())
    assert one.hash() == problem.build(*week()).hash()
    VisitDuration.objects.create(
        request_type=one.visits[min(one.visits)].order.round.msa_request.request_type, set_minutes=77
    )
    assert one.hash() != problem.build(*week()).hash()


def test_board_is_a_plan_that_the_checker_accepts(technician: Technician, dispatcher: User):
    placed, free = waiting(2)
    put(placed, technician, by=dispatcher, on=business_day(2))
    translated = problem.build(*week())
    plan = problem.board_plan(translated)
    assert [[stop.visit for stop in route.stops] for route in plan.routes] == [[placed.pk]]
    assert [unserved.visit for unserved in plan.unserved] == [free.pk]
    assert dispatch.check(translated.problem, plan) == ()


def test_time_of_a_day_follows_the_clock_on_the_wall():
    before, after = date(2026, 3, 7), date(2026, 3, 8)  # clocks go forward on March 8
    assert shifts.moment(after, 9 * HOUR) - shifts.moment(before, 9 * HOUR) == timedelta(hours=24)
    assert shifts.moment(after, 9 * HOUR).utcoffset() == timedelta(hours=-7)
    assert shifts.seconds_of(shifts.moment(after, 9 * HOUR)) == 9 * HOUR
    assert SiteVisit.Window.values == list(shifts.WINDOWS)
