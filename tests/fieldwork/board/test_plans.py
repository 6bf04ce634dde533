"""The page of a planning run: asking, watching, canceling, taking."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from fieldwork.models import Placement, PlanRun
from fieldwork.planning import execution
from tests import factories
from tests.fieldwork.board.conftest import place, waiting
from tests.fieldwork.conftest import business_day, planned

PLAN, RUN, STATE = (f"admin:fieldwork_planrun_{name}" for name in ("plan", "run", "state"))


def ask(client: Any, **values: Any) -> Any:
    days = {"from_on": business_day(1).isoformat(), "until_on": business_day(2).isoformat()}
    return client.post(reverse(PLAN), days | {"seconds": 1, "seed": 7} | values)


@pytest.fixture
def run(client, dan, tess) -> PlanRun:
    assert ask(client).status_code == 302
    return PlanRun.objects.get()


def page(client: Any, run: PlanRun) -> str:
    return client.get(reverse(RUN, args=[run.pk])).content.decode()


def test_asking_begins_a_run_with_what_was_said(client, dan, tess):
    answer = ask(client)
    run = PlanRun.objects.get()
    assert answer.headers["Location"] == reverse(RUN, args=[run.pk])
    assert (run.seconds, run.seed, run.requested_by) == (1, 7, dan)
    assert "Waits for a worker" in page(client, run)


def test_days_that_cannot_be_planned_are_refused_at_their_field(client, dan, tess):
    answer = ask(client, from_on="2020-01-01")
    assert answer.status_code == 422
    assert "Planning begins tomorrow" in str(answer.context["form"].errors["from_on"])
    assert ask(client, seconds=0).status_code == 422


def test_form_takes_the_days_of_the_board(client, dan):
    days = {"from_on": business_day(2).isoformat(), "until_on": business_day(3).isoformat()}
    assert client.get(reverse(PLAN), days).context["form"].initial["until_on"] == business_day(3)
    past = {"from_on": "2020-01-01", "until_on": "2020-01-05"}
    assert client.get(reverse(PLAN), past).context["form"].initial["from_on"] == business_day(1)


def test_second_run_of_the_same_days_says_who_asked_before(client, run):
    answer = ask(client)
    assert answer.status_code == 422
    assert "is having" in answer.content.decode()


def test_progress_shows_how_far_it_is(client, run):
    progress = {"phase": "improving", "share": 0.42, "drive": 7200, "unserved": 3}
    PlanRun.objects.update(state=PlanRun.State.RUNNING, progress=progress)
    html = client.get(reverse(STATE, args=[run.pk])).content.decode()
    assert 'value="42"' in html
    assert "Driving so far: 2 h 0 min." in html
    assert "3 visits without a place so far." in html


def test_canceled_run_leaves_the_board(client, run):
    html = client.post(reverse(RUN, args=[run.pk]), {"do": "cancel"}, follow=True).content.decode()
    assert "Canceled. The board is as it was." in html
    assert PlanRun.objects.get().state == PlanRun.State.CANCELED
    again = client.post(reverse(RUN, args=[run.pk]), {"do": "cancel"}, follow=True).content.decode()
    assert "already" in again


def test_failed_run_says_why(client, run):
    PlanRun.objects.update(state=PlanRun.State.FAILED, finished_at=timezone.now(), error="The planner failed (Boom).")
    assert "The planner failed (Boom)." in page(client, run)


def test_done_run_shows_figures_and_is_taken_to_the_board(client, run, tess):
    visits = [waiting(), waiting()]
    execution.execute(run.pk)
    html = page(client, run)
    assert "The plan is ready" in html
    assert "Driving" in html
    assert not Placement.objects.exists()
    answer = client.post(reverse(RUN, args=[run.pk]), {"do": "take"}, follow=True)
    assert "The plan is on the board: 2 visits placed." in answer.content.decode()
    assert {placement.visit_id for placement in Placement.objects.all()} == {visit.pk for visit in visits}
    assert "put this plan on the board" in page(client, run)


def test_unserved_visits_stand_with_their_reason(client, run, tess):
    visit = waiting()
    tess.working_hours.create(weekday=0, starts="03:00", ends="03:30")
    execution.execute(run.pk)
    html = page(client, run)
    assert str(visit.order) in html
    assert "Visits without a place, and why" in html


def test_moved_published_visits_stand_with_why(client, run, tess):
    visit = planned(tess)
    result = {
        "routes": [],
        "unserved": [],
        "left_out": [],
        "drive": 0,
        "engine": "none",
        "iterations": 0,
        "seconds": 0.1,
    }
    slot = {"technician": tess.pk, "on": business_day(1).isoformat(), "window": "morning"}
    result |= {"moved": [{"visit": visit.pk, "was": slot, "now": slot | {"window": "afternoon"}, "why": "made_room"}]}
    PlanRun.objects.update(state=PlanRun.State.DONE, finished_at=timezone.now(), result=result | {"lanes": []})
    html = page(client, run)
    assert "Published visits that move, and why" in html
    assert "a visit that is due had no other place" in html


def test_a_lane_that_changed_since_is_left_and_said(client, run, tess):
    waiting()
    execution.execute(run.pk)
    lane = PlanRun.objects.get().result["routes"][0]
    after = 1 if lane["on"] == business_day(1).isoformat() else 2
    place(waiting(), tess, after=after)
    html = client.post(reverse(RUN, args=[run.pk]), {"do": "take"}, follow=True).content.decode()
    assert "Left as it is: Dora Dispatch changed Tess Lund" in html


def test_only_dispatchers_plan(client, run):
    client.force_login(factories.staff())
    assert client.get(reverse(PLAN)).status_code == 404
    assert ask(client).status_code == 404
    for name in (RUN, STATE):
        assert client.get(reverse(name, args=[run.pk])).status_code == 404
    assert client.post(reverse(RUN, args=[run.pk]), {"do": "cancel"}).status_code == 404
    assert PlanRun.objects.get().state == PlanRun.State.QUEUED


def test_list_of_runs_leads_to_planning(client, run):
    html = client.get(reverse("admin:fieldwork_planrun_changelist")).content.decode()
    assert reverse(PLAN) in html
    change = client.get(reverse("admin:fieldwork_planrun_change", args=[run.pk]))
    assert change.headers["Location"] == reverse(RUN, args=[run.pk])
