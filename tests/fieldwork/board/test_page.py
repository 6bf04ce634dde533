"""What the board's page shows, to whom, and with how many queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fieldwork.models import SiteVisit
from msa_portal.accounts.roles import Role
from msa_portal.business_days.calendar import local_day
from tests import factories
from tests.fieldwork.board.conftest import BOARD, move, place, post_json, waiting
from tests.fieldwork.conftest import business_day, new_technician, planned


def page(client: Any, **values: Any) -> str:
    values = {"view": "week", "on": business_day().isoformat()} | values
    answer = client.get(reverse(BOARD), values)
    assert answer.status_code == 200
    return answer.content.decode()


def lane_of(html: str, technician: Any, after: int = 1) -> str:
    """The part of the page that is that technician's day."""
    _before, _mark, rest = html.partition(f'data-lane="{technician.pk}:{business_day(after).isoformat()}"')
    return rest.partition("</td>")[0]


def side_of(html: str) -> str:
    return html.partition("data-side")[2].partition("</section>")[0]


def test_board_shows_lanes_with_their_stops_and_what_waits(client, dan, tess, theo):
    here, there, side = waiting(), waiting(), waiting()
    place(here, tess)
    place(there, theo, window="afternoon")
    html = page(client)
    assert str(here.order) in lane_of(html, tess)
    assert "New, not told yet" in lane_of(html, tess)
    assert str(there.order) in lane_of(html, theo)
    assert str(side.order) in side_of(html)
    assert str(here.order) not in side_of(html)


def test_what_waits_stands_by_its_due_day(client, dan, tess):
    late, early = waiting(), waiting()
    today = local_day(timezone.now())
    for visit, days in ((late, 9), (early, -1)):
        visit.order.due_on = today + timedelta(days=days)
        visit.order.save()
    side = side_of(page(client))
    assert side.index(str(early.order)) < side.index(str(late.order))
    assert "Overdue since" in side


def test_published_moved_and_closed_visits_say_so(client, dan, tess, theo):
    told, moved = planned(tess), planned(tess)
    place(moved, theo, after=2)
    html = page(client)
    assert "Customer told" in lane_of(html, tess)
    assert "Moved, not told yet" in html
    SiteVisit.objects.filter(pk=told.pk).update(state=SiteVisit.State.ON_SITE)
    assert "Technician on site" in lane_of(page(client), tess)


def test_a_broken_rule_stands_on_its_block(client, dan, tess):
    visit = waiting()
    visit.order.due_on = local_day(timezone.now()) - timedelta(days=3)
    visit.order.save()
    place(visit, tess)
    assert f"{visit.order} is due before" in lane_of(page(client), tess)


def test_a_visit_left_over_from_a_past_day_waits_at_the_side(client, dan, tess):
    visit = planned(tess)
    lane = visit.placement.lane
    lane.on = local_day(timezone.now()) - timedelta(days=30)
    lane.save()
    assert str(visit.order) in side_of(page(client))


def test_one_day_and_one_lane(client, dan, tess, theo):
    html = page(client, view="day", technician=theo.pk)
    assert "Show the week" in html
    assert html.count("data-lane=") == 1
    assert f'data-lane="{theo.pk}:' in html


def test_nonsense_in_the_address_shows_the_week(client, dan, tess):
    assert "Board: week of" in page(client, view="month", on="never", technician="x")


def test_board_without_technicians_says_what_to_do(client, dan):
    assert "There is no active technician yet" in page(client)


def test_queries_do_not_grow_with_technicians_and_visits(client, dan, tess):
    place(waiting(), tess)
    waiting()

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            page(client)
        return len(caught)

    page(client)
    few = count()
    for number in range(3, 7):
        technician = new_technician(f"T-{number}")
        place(waiting(), technician, after=number % 3 + 1)
        place(waiting(), technician, window="afternoon")
        waiting()
    assert count() == few


def test_polling_takes_as_many_queries_for_many_lanes(client, dan, tess, theo):
    place(waiting(), tess)
    place(waiting(), theo)
    one, two = (
        {f"{person.pk}:{business_day().isoformat()}": "old" for person in people} for people in ([tess], [tess, theo])
    )
    post_json(client, f"{BOARD}_changes", tokens=one, side="")
    counts = []
    for tokens in (one, two):
        with CaptureQueriesContext(connection) as caught:
            assert len(post_json(client, f"{BOARD}_changes", tokens=tokens, side="").json()["lanes"]) == len(tokens)
        counts.append(len(caught))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("role", [Role.PROGRAM_STAFF])
def test_staff_who_do_not_dispatch_find_nothing_and_change_nothing(client, tess, role):
    client.force_login(factories.UserFactory(roles=[role]))
    visit = waiting()
    for name, kwargs in ((BOARD, {}), (f"{BOARD}_publish", {}), (f"{BOARD}_visit", {"pk": visit.pk})):
        assert client.get(reverse(name, kwargs=kwargs)).status_code == 404
    assert client.post(reverse(f"{BOARD}_publish")).status_code == 404
    assert post_json(client, f"{BOARD}_place", **move(visit, tess)).status_code == 404
    assert post_json(client, f"{BOARD}_unplace", visit=visit.pk).status_code == 404
    assert post_json(client, f"{BOARD}_changes", tokens={}).status_code == 404
    assert client.get(reverse(f"{BOARD}_preview"), move(visit, tess)).status_code == 404
    assert not hasattr(SiteVisit.objects.get(pk=visit.pk), "placement")


def test_supervisor_may_dispatch(client, tess):
    client.force_login(factories.supervisor())
    assert "Tess Lund" in page(client)
    assert reverse("admin:fieldwork_lane_changelist") in client.get(reverse("admin:index")).content.decode()


def test_words_of_customers_are_inert(client, dan, tess):
    place(waiting(street="<script>alert(1)</script> Road"), tess)
    html = page(client)
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html
