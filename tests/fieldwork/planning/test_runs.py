"""Runs of the planner: asked for, worked on, canceled, taken (design: Dispatch; fault 26)."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from fieldwork import dispatch
from fieldwork.models import Absence, Placement, PlanRun, ServiceOrder, SiteVisit, Skill, Technician
from fieldwork.planning import board, execution, results, runs
from fieldwork.visits import closeouts
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from tests import factories
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import at_yard, put, standing, waiting

pytestmark = pytest.mark.django_db


def asked(by: User, *, days: int = 2, **more: Any) -> PlanRun:
    return runs.request(business_day(1), business_day(days), by=by, **{"seconds": 1, **more})


def planned(by: User, **more: Any) -> PlanRun:
    run = asked(by, **more)
    execution.execute(run.pk)
    run.refresh_from_db()
    assert run.state == "done", (run.error, run.findings)
    return run


def where(run: PlanRun) -> list[tuple[int, str, int, str]]:
    return [
        (stop["visit"], route["on"], route["technician"], stop["window"])
        for route in run.result["routes"]
        for stop in route["stops"]
    ]


def test_plan_serves_what_can_be_served_and_tells_nobody(technician: Technician, dispatcher: User):
    visits = waiting(3)
    run = planned(dispatcher)
    assert sorted(placed[0] for placed in where(run)) == [visit.pk for visit in visits]
    assert (run.findings, run.attempts, run.progress["phase"], run.progress["served"]) == ([], 1, "done", 3)
    assert len(run.problem_hash) == 64
    assert run.result["drive"] > 0
    assert not Placement.objects.exists()
    assert not NoticeMessage.objects.filter(kind__startswith="visit").exists()


def test_same_seed_is_the_same_plan(technician: Technician, dispatcher: User):
    at_yard("T-2")
    waiting(4)
    one, other = planned(dispatcher, seed=7), planned(dispatcher, seed=7)
    assert one.problem_hash == other.problem_hash
    assert where(one) == where(other)


def repeated(run: PlanRun) -> str:
    out = StringIO()
    call_command("repeat_plan", str(run.pk), stdout=out)
    return out.getvalue().strip()


def test_finished_run_can_be_repeated_while_the_rows_are_the_same(technician: Technician, dispatcher: User):
    at_yard("T-2")
    waiting(5)
    run = planned(dispatcher, seed=11)
    assert repeated(run) == f"Run {run.pk} gives the same plan again."
    PlanRun.objects.update(result=run.result | {"routes": []})
    with pytest.raises(CommandError, match="another plan now"):
        repeated(run)
    waiting(1)
    with pytest.raises(CommandError, match="changed since"):
        repeated(run)
    with pytest.raises(CommandError, match="no finished run"):
        repeated(asked(dispatcher))


def test_only_a_dispatcher_asks_and_only_for_days_to_come(technician: Technician, dispatcher: User):
    with pytest.raises(Refused, match="Only a dispatcher"):
        asked(factories.staff())
    today = calendar.local_day(timezone.now())
    with pytest.raises(Refused, match="Planning begins tomorrow") as refusal:
        runs.request(today, business_day(2), by=dispatcher)
    assert list(refusal.value.fields) == ["from_on"]
    with pytest.raises(Refused, match="before the first"):
        runs.request(business_day(2), business_day(1), by=dispatcher)
    with pytest.raises(Refused, match="from 1 to 15"):
        asked(dispatcher, days=16)
    assert not PlanRun.objects.exists()


def test_days_that_are_being_planned_are_refused_to_a_second(technician: Technician, dispatcher: User):
    first = asked(dispatcher, days=3)
    span = f"{formats.day(business_day(1))} to {formats.day(business_day(3))}"
    with pytest.raises(Refused, match=f"Dan Dispatcher is having {span} planned"):
        runs.request(business_day(3), business_day(4), by=factories.dispatcher())
    runs.request(business_day(4), business_day(5), by=dispatcher)
    runs.cancel(first, by=dispatcher)
    asked(dispatcher)


def test_plan_with_faults_is_refused_and_the_run_says_failed(
    technician: Technician, dispatcher: User, monkeypatch: pytest.MonkeyPatch
):
    [visit] = waiting()
    run = asked(dispatcher)
    fault = dispatch.Violation("skill", technician.pk, 0, visit.pk)
    monkeypatch.setattr(dispatch, "check", lambda _problem, _plan: (fault,))
    execution.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.result) == ("failed", {})
    assert "The checker found faults" in run.error
    name = f"{visit.order} ({visit.order.round.msa_request.full_address})"
    assert results.findings(run) == [f"Tess T-1 lacks a skill that {name} needs."]
    with pytest.raises(Refused, match="no plan to take"):
        runs.take(run, by=dispatcher)
    assert not Placement.objects.exists()


def test_planner_that_breaks_is_told(technician: Technician, dispatcher: User, monkeypatch: pytest.MonkeyPatch):
    waiting()
    run = asked(dispatcher)

    def solve(*_args: Any, **_options: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(dispatch, "solve", solve)
    execution.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (
        "failed",
        "The planner failed (MemoryError). The log says more; plan again, or fewer days.",
    )


def test_progress_is_seen_while_it_plans(technician: Technician, dispatcher: User, monkeypatch: pytest.MonkeyPatch):
    waiting(2)
    run = asked(dispatcher)
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(execution, "BEAT_SECONDS", 0)
    beat = execution.Heart.beat

    def watched(heart: execution.Heart, progress: dict[str, Any]) -> None:
        beat(heart, progress)
        told.append(PlanRun.objects.get(pk=run.pk).progress)

    monkeypatch.setattr(execution.Heart, "beat", watched)
    execution.execute(run.pk)
    phases = [progress["phase"] for progress in told]
    assert list(dict.fromkeys(phases)) == ["reading", "constructing", "improving", "checking"]
    shares = [progress["share"] for progress in told if progress["phase"] == "improving"]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_one_that_waits_is_canceled_at_once_and_never_begun(technician: Technician, dispatcher: User):
    run = asked(dispatcher)
    with pytest.raises(Refused, match="Only a dispatcher"):
        runs.cancel(run, by=factories.staff())
    runs.cancel(run, by=dispatcher)
    assert (run.state, run.finished_at is not None) == ("canceled", True)
    execution.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("canceled", 0)
    with pytest.raises(Stale, match="Canceled"):
        runs.cancel(run, by=dispatcher)


def test_one_that_is_worked_on_ends_soon(technician: Technician, dispatcher: User, monkeypatch: pytest.MonkeyPatch):
    waiting(2)
    run = asked(dispatcher, seconds=60)
    solve = dispatch.solve

    def canceled_in_the_middle(*args: Any, **options: Any) -> Any:
        runs.cancel(run, by=dispatcher)
        return solve(*args, **options)

    monkeypatch.setattr(dispatch, "solve", canceled_in_the_middle)
    before = timezone.now()
    execution.execute(run.pk)
    assert timezone.now() - before < timedelta(seconds=10)
    run.refresh_from_db()
    assert (run.state, run.result) == ("canceled", {})


def silent(run: PlanRun, **more: Any) -> None:
    long_ago = timezone.now() - runs.SILENT_AFTER - timedelta(seconds=1)
    values = {"state": "running", "attempts": 1, "started_at": long_ago, "heartbeat_at": long_ago, **more}
    PlanRun.objects.filter(pk=run.pk).update(**values)


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[int]:
    """Whom a worker is asked to begin."""
    asked: list[int] = []
    monkeypatch.setattr(runs, "kick", lambda _job, run_pk: asked.append(run_pk))
    return asked


def test_run_whose_worker_fell_silent_is_begun_again(technician: Technician, dispatcher: User, handed_over: list[int]):
    waiting()
    run = asked(dispatcher, seed=5)
    assert handed_over == [run.pk]
    silent(run)
    assert runs.sweep() == 1
    assert handed_over == [run.pk, run.pk]
    execution.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.seed) == ("done", 2, 5)
    assert runs.sweep() == 0


def test_run_that_is_alive_is_left_alone(technician: Technician, dispatcher: User, handed_over: list[int]):
    run = asked(dispatcher)
    silent(run, heartbeat_at=timezone.now())
    assert runs.sweep() == 0
    execution.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("running", 1)


def test_run_that_the_broker_lost_is_found(technician: Technician, dispatcher: User, handed_over: list[int]):
    run = asked(dispatcher)
    assert runs.sweep() == 0
    PlanRun.objects.update(requested_at=timezone.now() - runs.LOST_AFTER - timedelta(seconds=1))
    assert runs.sweep() == 1
    assert handed_over == [run.pk, run.pk]


def test_run_that_fells_every_worker_is_given_up(technician: Technician, dispatcher: User, handed_over: list[int]):
    run = asked(dispatcher)
    silent(run, attempts=runs.MOST_ATTEMPTS)
    assert runs.sweep() == 0
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "The worker ended in the middle 3 times. Look at its log and memory.")


def test_run_that_was_canceled_while_its_worker_died_is_over(
    technician: Technician, dispatcher: User, handed_over: list[int]
):
    run = asked(dispatcher)
    silent(run)
    runs.cancel(run, by=dispatcher)
    assert run.state == "running"
    runs.sweep()
    run.refresh_from_db()
    assert run.state == "canceled"


def test_worker_that_lost_its_run_writes_nothing(
    technician: Technician, dispatcher: User, monkeypatch: pytest.MonkeyPatch
):
    """It was taken for dead, and another began the run again."""
    waiting()
    run = asked(dispatcher)
    solve = dispatch.solve

    def overtaken(*args: Any, **options: Any) -> Any:
        PlanRun.objects.filter(pk=run.pk).update(attempts=2)
        return solve(*args, **options)

    monkeypatch.setattr(dispatch, "solve", overtaken)
    execution.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.result) == ("running", 2, {})


def test_taking_puts_the_plan_on_the_board(technician: Technician, dispatcher: User):
    visits = waiting(3)
    run = planned(dispatcher)
    taken = runs.take(run, by=dispatcher)
    assert (taken.placed, taken.removed, taken.left) == (3, 0, [])
    rows = Placement.objects.order_by("lane__on", "position").select_related("lane")
    assert [(row.visit_id, str(row.lane.on), row.lane.technician_id, row.window) for row in rows] == sorted(
        where(run), key=lambda placed: placed[1]
    )
    assert {row.run for row in rows} == {run}
    assert (run.taken_by, run.taken_at is not None) == (dispatcher, True)
    assert not NoticeMessage.objects.filter(kind__startswith="visit").exists()
    report = board.publish(business_day(1), business_day(2), by=dispatcher)
    assert (report.new, report.failed) == (len(visits), [])


def test_lane_that_changed_since_planning_began_is_left_and_named(technician: Technician, dispatcher: User):
    other = at_yard("T-2")
    visits = waiting(2)
    run = planned(dispatcher, days=1)
    [late] = waiting(first=2)
    lanes = {placed[2] for placed in where(run)}
    touched = technician if technician.pk in lanes else other
    put(late, touched, by=dispatcher)
    taken = runs.take(run, by=dispatcher)
    assert len(taken.left) == 1
    assert taken.left[0].startswith(f"Dan Dispatcher changed {touched}'s {formats.day(business_day(1))} at ")
    assert standing(touched) == [(late.pk, "morning")]
    stays = [placed for placed in where(run) if placed[2] == touched.pk]
    assert taken.placed == len(visits) - len(stays)


@pytest.mark.parametrize("happened", ["on site", "fixed"])
def test_visit_that_began_or_was_fixed_meanwhile_is_not_moved(technician: Technician, dispatcher: User, happened: str):
    """What happened changed no lane's version, or it is that lane's guard that holds; the visit's own does here."""
    other = at_yard("T-2")
    [visit] = waiting()
    put(visit, other, by=dispatcher)
    board.publish(business_day(1), business_day(1), by=dispatcher)
    Absence.objects.create(technician=other, from_on=business_day(1), until_on=business_day(1))
    run = planned(dispatcher, days=1)
    assert [placed[2] for placed in where(run)] == [technician.pk]
    if happened == "on site":
        closeouts.go_on_site(visit, by=other.user)
    else:
        SiteVisit.objects.update(is_fixed=True)
    assert (runs.take(run, by=dispatcher).placed, standing(other)) == (0, [(visit.pk, "morning")])


def test_replanning_moves_what_it_must_and_says_why(technician: Technician, dispatcher: User):
    other = at_yard("T-2")
    stays, goes = waiting(2)
    put(stays, technician, by=dispatcher)
    put(goes, other, by=dispatcher)
    board.publish(business_day(1), business_day(2), by=dispatcher)
    Absence.objects.create(technician=other, from_on=business_day(1), until_on=business_day(1))
    run = planned(dispatcher)
    assert {pk: on for pk, on, _technician, _window in where(run)}.keys() == {stays.pk, goes.pk}
    assert (stays.pk, str(business_day(1)), technician.pk, "morning") in where(run)
    [moved] = run.result["moved"]
    was = {"technician": other.pk, "on": str(business_day(1)), "window": "morning"}
    assert (moved["visit"], moved["was"], moved["why"]) == (goes.pk, was, "no_shift")
    [sentence] = results.moves(run)
    assert sentence.startswith(f"{goes.order} ({goes.order.round.msa_request.full_address}) moves from ")
    assert sentence.endswith(": the technician does not work then.")


def test_what_has_no_place_is_told_with_why(technician: Technician, dispatcher: User):
    lost, unskilled = waiting(2)
    ServiceOrder.objects.filter(pk=lost.order_id).update(latitude=None, longitude=None)
    Skill.objects.create(code="x", title="X").devices.add(unskilled.order.round.msa_request.device)
    run = planned(dispatcher)
    assert dict(results.unserved(run)) == {
        lost.pk: "its position is not known: set it on the service order",
        unskilled.pk: "nobody who works on these days has its skills and its district",
    }


@pytest.mark.parametrize("count", [2, 5])
def test_taking_asks_as_often_whatever_is_planned(
    technician: Technician, dispatcher: User, count: int, django_assert_num_queries: Any
):
    waiting(count)
    run = planned(dispatcher, days=1)
    with django_assert_num_queries(26):
        assert runs.take(run, by=dispatcher).placed == count
