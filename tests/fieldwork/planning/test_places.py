"""Where sites are, how long visits take, and by when they are due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from fieldwork.models import CloseOut, District, DistrictZip, ServiceOrder, SiteVisit, Technician, VisitDuration
from fieldwork.schedule import durations, facts, positions
from fieldwork.visits import due_dates
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.business_days.models import ClosureDay
from msa_portal.errors import Refused
from requests_app.models import MSARequest, ProgramSettings, ServiceAccount
from tests import factories, jobs
from tests.fieldwork.conftest import business_day, visit_of
from tests.fieldwork.planning.conftest import waiting

pytestmark = pytest.mark.django_db


def order_of(msa_request: MSARequest) -> ServiceOrder:
    return ServiceOrder.objects.get(round__msa_request=msa_request)


def account_of(msa_request: MSARequest, **fields: Any) -> ServiceAccount:
    row, _created = ServiceAccount.objects.update_or_create(
        account_number=msa_request.account_number,
        defaults={
            "name": "Alice",
            "street": "12 Oak Street",
            "city": "Monrovia",
            "zip_code": "91016",
            "service_class": "residential",
            "meter_kind": "self_contained",
            **fields,
        },
    )
    return row


def test_position_of_the_record_comes_first():
    msa_request = factories.valid()
    account_of(msa_request, latitude=Decimal("34.142508"), longitude=Decimal("-117.998112"))
    order = order_of(factories.ordered(msa_request))
    assert (order.latitude, order.longitude, order.position_source) == (
        Decimal("34.142508"),
        Decimal("-117.998112"),
        "record",
    )


def test_middle_of_the_zip_code_is_second_and_the_district_is_known():
    msa_request = factories.valid()
    district = District.objects.create(name="Foothills")
    DistrictZip.objects.create(district=district, zip_code=msa_request.zip_code)
    order = order_of(factories.ordered(msa_request))
    middle = positions.middle_of(msa_request.zip_code)
    assert middle is not None
    assert (order.latitude, order.longitude) == middle
    assert (order.position_source, order.district) == ("zip_code", district)
    assert positions.middle_of("00000") is None
    assert positions.middle_of("nonsense") is None


def test_dispatcher_puts_a_position_right_and_it_stays(dispatcher: User):
    [visit] = waiting()
    order = visit.order
    with pytest.raises(Refused, match="Only a dispatcher"):
        positions.move_position(order, Decimal(34), Decimal(-118), by=factories.staff())
    with pytest.raises(Refused, match="from -90 to 90") as refusal:
        positions.move_position(order, Decimal(91), Decimal(-118), by=dispatcher)
    assert list(refusal.value.fields) == ["latitude"]
    positions.move_position(order, Decimal("34.5"), Decimal("-118.25"), by=dispatcher)
    positions.locate(order)
    order.refresh_from_db()
    assert (order.latitude, order.longitude, order.position_source) == (
        Decimal("34.5"),
        Decimal("-118.25"),
        "dispatcher",
    )


def test_orders_without_a_position_are_looked_up_again():
    [visit] = waiting()
    ServiceOrder.objects.update(latitude=None, longitude=None, position_source="")
    assert positions.locate_missing() == 1
    assert order_of(visit.order.round.msa_request).position_source == "zip_code"
    assert positions.locate_missing() == 0


def test_orders_follow_when_a_district_is_drawn(dispatcher: User):
    [visit] = waiting()
    code = visit.order.round.msa_request.zip_code
    north, south = District.objects.create(name="North"), District.objects.create(name="South")
    with pytest.raises(Refused, match="Only a dispatcher"):
        positions.draw_district(north, [code], by=factories.staff())
    assert positions.draw_district(north, [code], by=dispatcher) == 1
    assert order_of(visit.order.round.msa_request).district == north
    with pytest.raises(Refused, match=f"{code} is in another district already"):
        positions.draw_district(south, [code], by=dispatcher)
    assert positions.draw_district(north, ["91001"], by=dispatcher) == 1
    assert order_of(visit.order.round.msa_request).district is None
    assert list(north.zips.values_list("zip_code", flat=True)) == ["91001"]


# Durations


def closed(visit: SiteVisit, technician: Technician, minutes: float, **fields: Any) -> None:
    """A report from the page `minutes` after the technician came."""
    now = timezone.now()
    SiteVisit.objects.filter(pk=visit.pk).update(on_site_at=now - timedelta(minutes=minutes))
    report = {"outcome": "complete", "accepted": True, "body_hash": uuid4().hex, **fields}
    CloseOut.objects.create(visit=visit, by=technician, **report)


def learned() -> dict[tuple[str, bool], tuple[int | None, int]]:
    return {
        (row.request_type, row.device_id is not None): (row.learned_minutes, row.samples)
        for row in VisitDuration.objects.all()
    }


def test_learned_is_the_median_pulled_toward_what_was_believed(technician: Technician):
    usual = ProgramSettings.current().visit_minutes
    visits = waiting(5)
    MSARequest.objects.update(device=visits[0].order.round.msa_request.device)
    for visit, minutes in zip(visits, (50, 60, 70, 80, 200), strict=True):
        closed(visit, technician, minutes)
    assert durations.learn() == 2
    of_type = round((5 * 70 + 10 * usual) / 15)
    of_device = round((5 * 70 + 10 * of_type) / 15)
    assert learned() == {("install", False): (of_type, 5), ("install", True): (of_device, 5)}


def test_few_visits_or_absurd_times_say_nothing(technician: Technician):
    for visit, minutes in zip(waiting(6), (50, 60, 70, 80, 1, 900), strict=True):
        closed(visit, technician, minutes)
    assert durations.learn() == 0
    assert learned() == {}


def test_reports_that_waited_in_a_phone_count_by_the_phone_s_times(technician: Technician):
    usual = ProgramSettings.current().visit_minutes
    hours_off = timezone.now() - timedelta(hours=7)  # a wrong clock, and the report came hours later
    for visit in waiting(5):
        times = {"opened_at": hours_off, "device_time": hours_off + timedelta(minutes=45)}
        closed(visit, technician, 400, via=CloseOut.Via.OUTBOX, **times)
    durations.learn()
    assert learned()["install", False] == (round((5 * 45 + 10 * usual) / 15), 5)


def test_report_from_a_phone_without_its_times_says_nothing(technician: Technician):
    for visit in waiting(5):
        closed(visit, technician, 45, via=CloseOut.Via.OUTBOX)
    assert durations.learn() == 0


def test_conflicts_are_not_learned_from(technician: Technician):
    for visit in waiting(5):
        closed(visit, technician, 45, accepted=False, conflict=CloseOut.Conflict.CANCELED)
    assert durations.learn() == 0


def test_staff_s_figure_stands_and_the_most_particular_row_counts(technician: Technician):
    one, other = waiting(2)
    msa_request = one.order.round.msa_request
    usual = ProgramSettings.current().visit_minutes
    assert durations.minutes_for([one, other], usual=usual) == {one.pk: usual, other.pk: usual}
    of_type = VisitDuration.objects.create(request_type=msa_request.request_type, set_minutes=33, learned_minutes=50)
    assert durations.minutes_for([one], usual=usual) == {one.pk: 33}
    VisitDuration.objects.create(request_type=msa_request.request_type, device=msa_request.device, learned_minutes=44)
    assert durations.minutes_for([one], usual=usual) == {one.pk: 44}
    for visit in waiting(5):
        closed(visit, technician, 100)
    durations.learn()
    of_type.refresh_from_db()
    assert (of_type.set_minutes, of_type.minutes) == (33, 33)


@pytest.mark.parametrize("count", [1, 4])
def test_durations_take_one_query(technician: Technician, count: int, django_assert_num_queries: Any):
    pks = [visit.pk for visit in waiting(count)]
    visits = list(facts.with_relations(SiteVisit.objects.filter(pk__in=pks)))
    with django_assert_num_queries(1):
        assert len(durations.minutes_for(visits, usual=60)) == count


# Due days


def test_due_day_moves_with_a_closure_day(django_capture_on_commit_callbacks: Any, monkeypatch: Any):
    [visit] = waiting()
    order = visit.order
    before = order.due_on
    asked = jobs.kept(monkeypatch)
    with django_capture_on_commit_callbacks(execute=True):
        day = ClosureDay.objects.create(on=business_day(3), name="Storm", kind=ClosureDay.Kind.UTILITY)
    assert asked == [("fieldwork.refresh_due_dates",)]
    assert due_dates.refresh() == 1
    order.refresh_from_db()
    assert order.due_on == calendar.load().add(before, 1)
    assert due_dates.refresh() == 0
    with django_capture_on_commit_callbacks(execute=True):
        day.delete()
    assert len(asked) == 2
    due_dates.refresh()
    order.refresh_from_db()
    assert order.due_on == before


def test_closed_order_keeps_its_due_day():
    [visit] = waiting()
    before = visit.order.due_on
    ServiceOrder.objects.update(state=ServiceOrder.State.CLOSED)
    ClosureDay.objects.create(on=business_day(3), name="Storm", kind=ClosureDay.Kind.UTILITY)
    assert due_dates.refresh() == 0
    assert visit_of(visit.order.round.msa_request).order.due_on == before


def test_due_day_is_the_clock_s_of_v2():
    msa_request = factories.ordered()
    submitted = msa_request.events.filter(kind="submit").get().at
    assert isinstance(submitted, datetime)
    days = ProgramSettings.current().visit_days
    assert order_of(msa_request).due_on == calendar.load().add(calendar.local_day(submitted), days)


@pytest.mark.parametrize("count", [1, 3])
def test_due_days_of_all_orders_in_as_many_queries(count: int, django_assert_num_queries: Any):
    waiting(count)
    ServiceOrder.objects.update(due_on=date(2020, 1, 2))
    with django_assert_num_queries(7):
        assert due_dates.refresh() == count
