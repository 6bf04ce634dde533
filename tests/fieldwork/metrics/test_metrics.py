"""Figures of visits made: each by hand, then the page, its charts and its CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fieldwork import metrics
from fieldwork.metrics import By
from fieldwork.models import District, ServiceOrder, SiteVisit
from msa_portal.business_days.calendar import UTILITY_ZONE
from requests_app.follow_ups import follow_ups
from requests_app.models import Product
from tests import factories
from tests.fieldwork.conftest import new_technician
from tests.fieldwork.learning.learned import PANEL, socket, technician, visited
from tests.markup import laid_out

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 2)
PERIOD = "from_on=2026-11-01&until_on=2026-11-30"


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTILITY_ZONE)


@pytest.fixture
def device() -> Product:
    return factories.ProductFactory()


def made(device: Product, *reasons: Any, on: date = MONDAY, came: tuple[int, int] = (9, 0), **more: Any) -> SiteVisit:
    """Planned for 9 a.m. in the morning's window; `came` says when the technician was there. One hour at the site."""
    visit = visited(PANEL, device, *reasons, **more.pop("facts", {}))
    values = {
        "window": "morning",
        "arrives_at": at(on, 9),
        "on_site_at": at(on, *came),
        "closed_at": at(on, *came) + timedelta(hours=1),
        "drive_seconds": 600,
        "drive_meters": 16093,
    }
    SiteVisit.objects.filter(pk=visit.pk).update(**values | more)
    visit.refresh_from_db()
    return visit


def november() -> list[metrics.Made]:
    return metrics.load(date(2026, 11, 1), date(2026, 11, 30))


def test_figures_are_those_worked_out_by_hand(device: Product):
    technician()
    other = new_technician("T-9")
    made(device)
    made(device, socket(), came=(9, 20), drive_seconds=1800, drive_meters=None)
    made(device, came=(12, 1), drive_seconds=None, drive_meters=None, technician=other)
    made(device, on=MONDAY + timedelta(days=1), came=(8, 30))
    assert metrics.figures_of(november()) == metrics.Figures(
        visits=4,
        succeeded=3,
        first_visits=4,
        first_success=75,
        per_day=1.3,  # 4 visits on 3 technicians' days
        drive_minutes=16.7,  # 10, 30 and 10
        drive_miles=10.0,
        minutes_late=50.2,  # 0, 20, 181 and, too early, 0
        late=50,
        in_window=75,
    )


def test_nothing_made_is_nothing_told(device: Product):
    made(device, on=date(2026, 10, 31))
    assert metrics.figures_of(november()) == metrics.Figures(0, 0, 0, None, None, None, None, None, None, None)
    assert (metrics.by_week([]), metrics.by_reason([]), metrics.by_group([], By.DEVICE)) == ([], [], [])


def test_days_are_the_utilitys_and_both_ends_count(device: Product):
    made(device, closed_at=at(date(2026, 11, 30), 23, 59))
    made(device, closed_at=at(date(2026, 11, 1), 0))
    made(device, closed_at=at(date(2026, 12, 1), 0))
    made(device, closed_at=at(date(2026, 10, 31), 23, 59))
    assert [row.on for row in november()] == [date(2026, 11, 1), date(2026, 11, 30)]


def test_report_that_came_later_does_not_say_when_they_came(device: Product):
    late = at(MONDAY, 20)
    made(device, on_site_at=late, closed_at=late + timedelta(seconds=2))
    [row] = november()
    assert (row.minutes_late, row.in_window) == (None, None)


def test_open_canceled_and_conflicting_visits_are_not_made(device: Product):
    visit = made(device)
    visit.close_outs.update(accepted=False, conflict="canceled")
    assert november() == []


def test_second_visit_counts_but_not_as_a_first_one_and_with_its_own_device(device: Product):
    visit = made(device, socket())
    msa_request = factories.refreshed(visit.order.round.msa_request)
    newer = factories.ProductFactory()
    follow_ups.save_modification(msa_request, by=factories.actor_of(msa_request), device=newer)
    assert [group.name for group, _each in metrics.by_group(november(), By.DEVICE)] == [str(device)]
    visit.order.round.number = 7
    visit.order.round.save()
    [row] = november()
    assert (row.is_first, metrics.figures_of([row]).first_success) == (False, None)
    assert row.groups[By.DEVICE].name == str(newer)


def test_groups_of_one_name_stay_apart_and_the_busiest_comes_first(device: Product):
    name = technician().user.name
    twin = new_technician("T-8")
    twin.user.name = name
    twin.user.save()
    district = District.objects.create(name="Monrovia")
    company = factories.CompanyFactory()
    for _n in range(2):
        made(device, technician=twin)
    visit = made(device, facts={"company": company, "owner": None})
    ServiceOrder.objects.filter(pk=visit.order_id).update(district=district)
    rows = november()
    groups = {
        by: [(group.name, figures.visits) for group, figures in metrics.by_group(rows, by)]
        for by in (By.TECHNICIAN, By.DISTRICT, By.COMPANY)
    }
    assert groups == {
        By.TECHNICIAN: [(twin.user.name, 2), (twin.user.name, 1)],
        By.DISTRICT: [("No district", 2), ("Monrovia", 1)],
        By.COMPANY: [("No agent", 2), (company.name, 1)],
    }


def test_weeks_without_a_visit_stand_between_others(device: Product):
    made(device)
    made(device, socket(), on=MONDAY + timedelta(days=15))
    weeks = [(week, figures.visits, figures.first_success) for week, figures in metrics.by_week(november())]
    assert weeks == [
        (MONDAY, 1, 100),
        (MONDAY + timedelta(weeks=1), 0, None),
        (MONDAY + timedelta(weeks=2), 1, 0),
    ]


def test_reasons_are_counted_over_the_failed_visits(device: Product):
    made(device, socket(), factories.utility_reason())
    made(device, socket())
    made(device)
    assert metrics.by_reason(november()) == [
        ("The MSA does not fit the meter socket", 2, 100),
        ("The meter or the utility's record was wrong", 1, 50),
    ]


# The page


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(factories.staff())
    return client


def test_each_chart_has_its_numbers_in_a_table_beside_it(desk: Client, device: Product):
    made(device)
    made(device, socket(), came=(9, 30))
    page = desk.get(f"/admin/fieldwork/sitevisit/figures/?{PERIOD}&by=device")
    assert page.status_code == 200
    charts = json.loads(re.search(r'id="figures-data" type="application/json">(.*?)</script>', page.text)[1])  # type: ignore[index]
    assert {chart["title"]: (chart["labels"], chart["values"]) for chart in charts.values()} == {
        "First-visit success · Device": ([str(device)], [50]),
        "Visits per day · Device": ([str(device)], [2.0]),
        "Driving per visit, minutes · Device": ([str(device)], [10.0]),
        "Over 15 minutes late · Device": ([str(device)], [50]),
        "First-visit success by week": (["Mon, Nov 2, 2026"], [50]),
        "Why visits failed": (["The MSA does not fit the meter socket"], [1]),
    }
    for identifier in charts:
        assert f'<canvas id="{identifier}" role="img"' in laid_out(page.text)
    assert page.text.count("<td>50%</td>") >= 4
    assert page.text.count("<table>") == 3


def test_page_without_a_period_shows_the_last_three_months(desk: Client, device: Product):
    made(device, on=timezone.localdate() - timedelta(days=80))
    made(device, on=timezone.localdate() - timedelta(days=100))
    assert desk.get("/admin/fieldwork/sitevisit/figures/").context["total"].visits == 1


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("from_on=2026-11-30&until_on=2026-11-01", "The last day is before the first."),
        ("from_on=2020-01-01&until_on=2026-11-01", "Choose at most 366 days."),
        ("from_on=x", "Enter a valid date."),
        ("by=customer", "Select a valid choice."),
    ],
)
def test_period_that_cannot_be_is_named(desk: Client, asked: str, error: str):
    page = desk.get(f"/admin/fieldwork/sitevisit/figures/?{asked}")
    assert (page.status_code, error in page.text) == (422, True)
    assert desk.get(f"/admin/fieldwork/sitevisit/figures/groups.csv?{asked}").status_code == 422


def rows_of(answer: Any) -> list[list[str]]:
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))


def test_csv_has_the_tables_and_no_formula(desk: Client, device: Product):
    device.manufacturer = "=HYPERLINK(1)"
    device.save()
    made(device, socket())
    address = "/admin/fieldwork/sitevisit/figures/{}.csv?" + PERIOD + "&by=device"
    answer = desk.get(address.format("groups"))
    assert answer["Content-Disposition"] == 'attachment; filename="figures-groups-2026-11-01-2026-11-30.csv"'
    header, line = rows_of(answer)
    assert (header[0], header[4], len(header)) == ("Device", "First-visit success, %", 11)
    assert line == [f"'{device}", "1", "0", "1", "0", "1.0", "10.0", "10.0", "0.0", "0", "100"]
    assert rows_of(desk.get(address.format("weeks")))[1][:3] == ["2026-11-02", "1", "0"]
    assert rows_of(desk.get(address.format("reasons")))[1] == ["The MSA does not fit the meter socket", "1", "100"]
    assert desk.get(address.format("people")).status_code == 422


def test_whoever_may_not_read_reports_reads_no_figures(client: Client):
    for person in (factories.technician(), factories.UserFactory(is_staff=True)):
        client.force_login(person)
        for address in ("figures/", "figures/groups.csv"):
            assert client.get(f"/admin/fieldwork/sitevisit/{address}").status_code in {302, 403}


def test_page_takes_as_many_queries_with_many_visits_as_with_one(desk: Client, device: Product):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(f"/admin/fieldwork/sitevisit/figures/?{PERIOD}").status_code == 200
        return len(seen)

    made(device, socket())
    queries()
    one = queries()
    for number in range(3):
        made(factories.ProductFactory(), socket(), technician=new_technician(f"T-3{number}"))
    assert queries() == one


def test_list_of_visits_leads_to_the_figures(desk: Client):
    assert "/admin/fieldwork/sitevisit/figures/" in desk.get("/admin/fieldwork/sitevisit/").text
