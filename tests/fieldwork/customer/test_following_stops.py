"""When somebody is expected follows the stops before, and who waits is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fieldwork.customer import arrival_watch
from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import arrivals
from fieldwork.visits.arrivals import Stop
from tests import factories
from tests.fieldwork.conftest import planned
from tests.fieldwork.customer.conftest import MONDAY, told

TODAY = MONDAY.date()
DRIVE, TAKES = timedelta(minutes=20), timedelta(minutes=60)


def at(hour: int, minute: int = 0) -> datetime:
    """That Monday in Los Angeles, which is eight hours behind."""
    return datetime(2027, 3, 1, hour, minute, tzinfo=UTC) + timedelta(hours=8)


def stop(number: int, **moments: Any) -> Stop:
    return Stop(**{"id": number, "opens": at(8), "takes": TAKES, "drive": DRIVE} | moments)


@pytest.mark.parametrize(
    ("first", "now", "expected"),
    [
        # Nobody has set out: the plan's own time, and each stop after the one before and the way.
        ({"planned_at": at(8, 10)}, at(7), {1: at(8, 10), 2: at(9, 30)}),
        # The day began late: nobody arrives in the past.
        ({"planned_at": at(8, 10)}, at(9), {1: at(9), 2: at(10, 20)}),
        # On the way: when it was left, and the way.
        ({"on_the_way_at": at(8, 30)}, at(8, 35), {1: at(8, 50), 2: at(10, 10)}),
        # On site: until its minutes are over.
        ({"on_site_at": at(9)}, at(9, 30), {1: at(9), 2: at(10, 20)}),
        # On site for longer than was thought: the next one moves with the clock.
        ({"on_site_at": at(9)}, at(10, 40), {1: at(9), 2: at(11)}),
        # Done early: the next one comes earlier.
        ({"on_site_at": at(9), "closed_at": at(9, 15)}, at(9, 15), {2: at(9, 35)}),
    ],
)
def test_arrival_follows_the_stop_before(first: dict[str, Any], now: datetime, expected: dict[int, datetime]):
    assert arrivals.follow([stop(1, **first), stop(2, planned_at=at(9, 25))], now) == expected


def test_nobody_arrives_before_the_window_opens():
    morning, afternoon = stop(1, closed_at=at(9)), stop(2, opens=at(12))
    assert arrivals.follow([morning, afternoon], at(9)) == {2: at(12)}


def test_whom_the_technician_is_on_the_way_to_comes_first():
    arrives = arrivals.follow([stop(1), stop(2, on_the_way_at=at(9))], at(9))
    assert arrives == {2: at(9, 20), 1: at(10, 40)}


@pytest.mark.parametrize(
    ("now_expected", "news"),
    [(at(10, 30), False), (at(10, 31), True), (at(9, 29), True), (at(9, 31), False)],
)
def test_half_an_hour_off_is_news(now_expected: datetime, news: bool):
    assert arrivals.is_news(at(10), now_expected, on=TODAY, window="morning") is news


def test_leaving_the_window_is_news():
    assert arrivals.is_news(at(11, 50), at(12, 5), on=TODAY, window="morning")
    assert not arrivals.is_news(at(11, 50), at(11, 59), on=TODAY, window="morning")


def test_times_are_said_to_five_minutes():
    assert arrivals.about(at(10, 38)) == "about 10:40 a.m."
    assert arrivals.between(at(11, 52)) == "between 11:35 a.m. and 12:05 p.m."


# --- With visits -------------------------------------------------------------------------
@pytest.fixture
def day(tess: Technician) -> list[SiteVisit]:
    """Two visits of this morning; it is 9 a.m., and the technician has just left for the first one."""
    visits = [planned(tess, on=TODAY) for _each in range(2)]
    for number, visit in enumerate(visits, 1):
        SiteVisit.objects.filter(pk=visit.pk).update(position=number, minutes=60, drive_seconds=1200, arrives_at=at(8))
        visit.refresh_from_db()
    return visits


def set_out(visit: SiteVisit, told_for: datetime) -> None:
    SiteVisit.objects.filter(pk=visit.pk).update(on_the_way_at=at(9), expected_at=told_for)


def on_site_until_now(visit: SiteVisit) -> None:
    SiteVisit.objects.filter(pk=visit.pk).update(state="on_site", on_site_at=at(9))


@pytest.mark.django_db
def test_expected_of_a_day_takes_the_same_queries_for_all_stops(
    day: list[SiteVisit], tess: Technician, django_assert_num_queries: Any
):
    planned(tess, on=TODAY)
    with django_assert_num_queries(2):
        arrives = arrivals.expected(tess, TODAY, at(9))
    assert (arrives[day[0].pk], arrives[day[1].pk]) == (at(9), at(10, 20))


@pytest.mark.django_db
def test_leaving_now_gives_the_way_from_now(day: list[SiteVisit]):
    assert arrivals.leaving(day[0], at(9)) == at(9, 20)


@pytest.mark.django_db
def test_page_shows_the_arrival_as_it_is_now(day: list[SiteVisit], clock: Any):
    msa_request = day[1].order.round.msa_request
    client = Client()
    client.force_login(msa_request.owner)
    address = reverse("fieldwork:today", args=[msa_request.reference])
    assert "We send you a message when the technician is on the way." in client.get(address).content.decode()
    set_out(day[1], at(9, 20))
    words = client.get(address).content.decode()
    assert "On the way, expected about 9:20 a.m." in words
    assert f'hx-get="{address}"' in words
    on_site_until_now(day[0])
    clock.move_to(at(10, 30))
    assert "The stop before takes longer: now expected about 10:50 a.m." in client.get(address).content.decode()


@pytest.mark.django_db
def test_page_of_the_day_is_of_those_who_see_the_request(day: list[SiteVisit]):
    stranger = Client()
    stranger.force_login(factories.UserFactory())
    address = reverse("fieldwork:today", args=[day[0].order.round.msa_request.reference])
    assert stranger.get(address).status_code == 404


@pytest.mark.django_db
def test_little_is_no_news(day: list[SiteVisit], clock: Any):
    set_out(day[0], at(9, 20))
    clock.move_to(at(9, 45))
    assert arrival_watch.watch() == 0
    assert told("visit_expected_anew", day[0]) == []


@pytest.mark.django_db
def test_much_later_is_told_once_whatever_comes_after(day: list[SiteVisit], clock: Any):
    set_out(day[1], at(9, 20))
    on_site_until_now(day[0])
    clock.move_to(at(10))
    assert [arrival_watch.watch(), arrival_watch.watch()] == [1, 0]
    clock.move_to(at(12, 30))
    assert arrival_watch.watch() == 0
    [message] = told("visit_expected_anew", day[1])
    assert "about 10:20 a.m." in message.text


@pytest.mark.django_db
def test_who_is_not_on_the_way_is_not_told(day: list[SiteVisit], clock: Any):
    clock.move_to(at(13))
    assert arrival_watch.watch() == 0
