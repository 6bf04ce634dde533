"""Technicians, yards, districts, skills and durations on the staff desk, with errors that say what to do."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fieldwork.models import Absence, District, DistrictZip, ServiceOrder, Skill, Technician, VisitDuration, Yard
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from tests import factories
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import put, waiting

pytestmark = pytest.mark.django_db
HOURS, ABSENCES = "working_hours", "absences"


@pytest.fixture
def desk(client: Client, dispatcher: User) -> Client:
    client.force_login(dispatcher)
    return client


def post(desk: Client, path: str, values: dict[str, Any]) -> tuple[list[str], Any]:
    """The errors of the form; none where it was saved."""
    answer = desk.post(f"/admin/fieldwork/{path}/", {**values, "_save": "Save"})
    if answer.status_code == 302:
        return [], answer
    context = answer.context
    errors = [str(error) for field in context["adminform"].form.errors.values() for error in field]
    for inline in context["inline_admin_formsets"]:
        errors += [str(error) for form in inline.formset.errors for field in form.values() for error in field]
    return errors, answer


def rows(prefix: str, *values: dict[str, Any]) -> dict[str, Any]:
    """An inline's posted rows, all of them new."""
    posted: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(values), f"{prefix}-INITIAL_FORMS": 0}
    for number, row in enumerate(values):
        posted |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return posted


def person(technician: Technician, **more: Any) -> dict[str, Any]:
    own = {
        "user": technician.user_id,
        "employee_number": technician.employee_number,
        "is_active": "on",
        "yard": technician.yard_id or "",
        "home_latitude": "",
        "home_longitude": "",
        "daily_minutes": 400,
    }
    return own | rows(HOURS) | rows(ABSENCES) | more


def save(desk: Client, technician: Technician, **more: Any) -> tuple[list[str], Any]:
    return post(desk, f"technician/{technician.pk}/change", person(technician, **more))


def test_dispatcher_enters_where_when_and_what(desk: Client, technician: Technician):
    district, skill = District.objects.create(name="North"), Skill.objects.create(code="heavy", title="Heavy")
    day = business_day(3)
    more = (
        {
            "districts": [district.pk],
            "skills": [skill.pk],
            "yard": "",
            "home_latitude": "34.1",
            "home_longitude": "-118",
        }
        | rows(HOURS, {"weekday": 0, "starts": "07:00", "ends": "15:30"})
        | rows(ABSENCES, {"from_on": day, "until_on": day, "part": "morning"})
    )
    assert save(desk, technician, **more)[0] == []
    technician.refresh_from_db()
    assert (technician.start, technician.daily_minutes) == ((34.1, -118.0), 400)
    assert list(technician.districts.all()) == [district]
    assert list(technician.skills.all()) == [skill]
    hours = technician.working_hours.get()
    assert (hours.weekday, hours.starts, hours.ends) == (0, time(7), time(15, 30))
    assert technician.absences.get().part == "morning"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"home_latitude": "34.1"}, "Enter both latitude and longitude of the home, or neither."),
        ({"home_latitude": "91", "home_longitude": "1"}, "Ensure this value is less than or equal to 90."),
        ({"daily_minutes": "5"}, "Ensure this value is greater than or equal to 30."),
        (
            rows(HOURS, {"weekday": 0, "starts": "16:00", "ends": "08:00"}),
            "The day ends before it begins. Enter a later time.",
        ),
        (
            rows(
                HOURS,
                {"weekday": 0, "starts": "08:00", "ends": "12:00"},
                {"weekday": 0, "starts": "13:00", "ends": "17:00"},
            ),
            "This weekday stands there twice. Keep one row of it.",
        ),
        (
            rows(ABSENCES, {"from_on": "2030-01-03", "until_on": "2030-01-02", "part": "all_day"}),
            "The last day is before the first. Enter that day or a later one.",
        ),
    ],
)
def test_what_cannot_be_is_told_in_words(desk: Client, technician: Technician, more: dict[str, Any], error: str):
    assert save(desk, technician, **more)[0] == [error]
    technician.refresh_from_db()
    assert (technician.daily_minutes, technician.working_hours.count(), technician.absences.count()) == (420, 0, 0)


def test_absence_says_which_visits_stand_in_it(desk: Client, technician: Technician, dispatcher: User):
    [visit] = waiting()
    put(visit, technician, by=dispatcher, on=business_day(2))
    day = business_day(2)
    afternoon = rows(ABSENCES, {"from_on": day, "until_on": day, "part": "afternoon"})
    assert "Move it on the board" not in told(desk, save(desk, technician, **afternoon)[1])
    all_day = rows(ABSENCES, {"from_on": day, "until_on": day, "part": "all_day"})
    assert "1 visit stands on a day on which Tess T-1 does not work. Move it on the board." in told(
        desk, save(desk, technician, **all_day)[1]
    )


def told(desk: Client, answer: Any) -> str:
    assert answer.status_code == 302
    return desk.get(answer["Location"]).content.decode()


def test_absences_that_are_over_are_not_shown(desk: Client, technician: Technician):
    today = calendar.local_day(timezone.now())
    for days in (-9, 0):
        on = today + timedelta(days=days)
        Absence.objects.create(technician=technician, from_on=on, until_on=on)
    page = desk.get(f"/admin/fieldwork/technician/{technician.pk}/change/")
    [shown] = [formset for formset in page.context["inline_admin_formsets"] if formset.formset.prefix == ABSENCES]
    assert [form.instance.from_on for form in shown.formset.initial_forms] == [today]


def test_district_takes_a_list_of_zip_codes_and_orders_follow(desk: Client):
    [visit] = waiting()
    code = visit.order.round.msa_request.zip_code
    assert post(desk, "district/add", {"name": "North", "zip_codes": f"{code}, 91001\n91001"})[0] == []
    north = District.objects.get()
    assert {row.zip_code for row in north.zips.all()} == {code, "91001"}
    assert ServiceOrder.objects.get().district == north
    assert post(desk, "district/add", {"name": "South", "zip_codes": "91001 91002"})[0] == [
        "In another district already: 91001 (North). Take them out there first."
    ]
    assert post(desk, "district/add", {"name": "South", "zip_codes": "9100, abc"})[0] == [
        "Not five digits: 9100, abc."
    ]
    assert post(desk, f"district/{north.pk}/change", {"name": "North", "zip_codes": "91001"})[0] == []
    assert list(DistrictZip.objects.values_list("zip_code", flat=True)) == ["91001"]
    assert ServiceOrder.objects.get().district is None


def test_yard_skill_and_duration_are_entered(desk: Client):
    assert post(desk, "yard/add", {"name": "Covina", "latitude": "34.08", "longitude": "-117.88"})[0] == []
    assert Yard.objects.get().latitude == Decimal("34.08")
    skill = {"title": "Removals", "code": "removals", "request_types": ["removal"]}
    assert post(desk, "skill/add", skill)[0] == []
    assert Skill.objects.get(code="removals").request_types == ["removal"]
    duration = {"request_type": "install", "device": "", "set_minutes": "50"}
    assert post(desk, "visitduration/add", duration)[0] == []
    assert VisitDuration.objects.get().minutes == 50
    twice = ["This type and device have a row already. Change that one."]
    assert post(desk, "visitduration/add", duration)[0] == twice


def test_dispatcher_corrects_the_position_of_an_order(desk: Client):
    [visit] = waiting()
    path = f"serviceorder/{visit.order_id}/change"
    assert post(desk, path, {"latitude": "", "longitude": ""})[0] == [
        "Enter degrees north, such as 34.142508.",
        "Enter degrees east, negative in California, such as -117.998112.",
    ]
    assert post(desk, path, {"latitude": "34.2", "longitude": "-118.1"})[0] == []
    order = ServiceOrder.objects.get()
    assert (order.latitude, order.longitude, order.position_source) == (
        Decimal("34.2"),
        Decimal("-118.1"),
        "dispatcher",
    )


@pytest.mark.parametrize("path", ["technician/add", "yard/add", "district/add", "skill/add", "visitduration/add"])
def test_program_staff_only_look(client: Client, path: str):
    client.force_login(factories.staff())
    assert client.get(f"/admin/fieldwork/{path}/").status_code == 403
    assert client.get(f"/admin/fieldwork/{path.removesuffix('add')}").status_code == 200


def test_program_staff_do_not_move_a_position(client: Client):
    [visit] = waiting()
    client.force_login(factories.staff())
    path = f"/admin/fieldwork/serviceorder/{visit.order_id}/change/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"latitude": "1", "longitude": "1"}).status_code == 403
    visit.order.refresh_from_db()
    assert visit.order.position_source != "dispatcher"
