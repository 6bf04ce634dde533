"""A worker's part of a run: plan, verify, store. Whoever lost the claim meanwhile writes nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork import dispatch
from fieldwork.models import Lane, PlanRun
from fieldwork.planning import results, runs
from fieldwork.schedule import problem
from fieldwork.schedule.problem import Translated

log = structlog.get_logger(__name__)

BEAT_SECONDS = 0.5
REPEAT_SECONDS = 3600


class Stopped(Exception):
    """The run was canceled, or is another worker's now."""


@dataclass
class Heart:
    """Shows that the run is worked on, how far it is, and hears whether it was canceled."""

    run: PlanRun
    stopped: bool = False
    last: float = field(default=0.0)

    def beat(self, progress: dict[str, Any]) -> None:
        """At most every half second. Raises `Stopped` never: the engine ends in its own way when asked."""
        if self.stopped or time.monotonic() - self.last < BEAT_SECONDS:
            return
        self.last = time.monotonic()
        mine = runs.of_attempt(self.run)
        held = mine.filter(cancel_asked_at__isnull=True).update(heartbeat_at=timezone.now(), progress=progress)
        self.stopped = not held

    def progress(self, share: float, drive: int, unserved: int) -> None:
        """As the engine tells it while it improves the plan."""
        self.beat({"phase": "improving", "share": round(share, 3), "drive": drive, "unserved": unserved})

    def check(self, progress: dict[str, Any]) -> None:
        """Between the steps: beat, and end here where it was stopped."""
        self.last = 0.0
        self.beat(progress)
        if self.stopped:
            raise Stopped


def execute(run_pk: int) -> None:
    """Safe to call twice: the second finds the run claimed, and does nothing."""
    run = runs.claim(run_pk)
    if run is None:
        return
    heart = Heart(run)
    try:
        outcome = _plan(run, heart)
    except Stopped:
        _finish(run, PlanRun.State.CANCELED)
    except Exception as error:
        log.exception("planning_failed", run=run.pk)
        words = _("The planner failed (%(error)s). The log says more; plan again, or fewer days.")
        _finish(run, PlanRun.State.FAILED, error=(words % {"error": type(error).__name__})[:300])
    else:
        _finish(run, **outcome)


def _plan(run: PlanRun, heart: Heart) -> dict[str, Any]:
    """How the run ends: with the plan in ids, or with what the checker has against it. Such a plan is not kept."""
    heart.check({"phase": "reading"})
    seen = lanes_seen(run)
    translated = problem.build(run.from_on, run.until_on)
    runs.of_attempt(run).update(problem_hash=translated.hash())
    heart.check({"phase": "constructing"})
    plan, moved = _solve(run, translated, heart)
    heart.check({"phase": "checking"})
    findings = [results.finding(translated, violation) for violation in dispatch.check(translated.problem, plan)]
    if findings:
        log.error("plan_refused", run=run.pk, findings=findings[:20])
        words = _("The checker found faults in this plan, so it is not offered. Plan again with another seed.")
        return {"state": PlanRun.State.FAILED, "findings": findings, "error": words}
    return {
        "state": PlanRun.State.DONE,
        "result": results.stored(translated, plan, moved) | {"lanes": seen},
        "progress": {"phase": "done", "served": sum(len(route.stops) for route in plan.routes), "drive": plan.drive},
    }


def lanes_seen(run: PlanRun) -> list[dict[str, Any]]:
    """The versions of the board before anything of it is read: what changes from now on is noticed when it is taken."""
    rows = Lane.objects.filter(on__range=(run.from_on, run.until_on)).values_list("technician", "on", "version")
    return [{"technician": technician, "on": on.isoformat(), "version": version} for technician, on, version in rows]


def _solve(
    run: PlanRun, translated: Translated, heart: Heart | None = None
) -> tuple[dispatch.Plan, tuple[dispatch.Moved, ...]]:
    """Published visits stay as far as they can, and the engine says which could not. Without a heart: as many iterations
    as the run had, however long they take."""
    options: dict[str, Any] = {"seconds": run.seconds, "seed": run.seed}
    if heart is None:
        options |= {"seconds": REPEAT_SECONDS, "iterations": run.result["iterations"]}
    else:
        options |= {"progress": heart.progress, "stop": lambda: heart.stopped}
    if any(visit.published for visit in translated.problem.visits):
        replanned = dispatch.replan(translated.problem, **options)
        return replanned.plan, replanned.moved
    return dispatch.solve(translated.problem, **options), ()


class Repeat(StrEnum):
    SAME = "same"
    OTHER_PLAN = "other_plan"
    OTHER_PROBLEM = "other_problem"


def repeat(run: PlanRun) -> Repeat:
    """Plan a finished run again with its seed, and compare. Writes nothing. Where visits, technicians or days changed
    since, the problem is another, and nothing can be said."""
    translated = problem.build(run.from_on, run.until_on)
    if translated.hash() != run.problem_hash:
        return Repeat.OTHER_PROBLEM
    plan, moved = _solve(run, translated)
    routes = results.stored(translated, plan, moved)["routes"]
    return Repeat.SAME if routes == run.result["routes"] else Repeat.OTHER_PLAN


def _finish(run: PlanRun, state: str, **values: Any) -> None:
    """Only while the run is still this attempt's. Without a cancel, a stop means that the claim was lost: nothing."""
    runs.of_attempt(run).update(state=state, finished_at=timezone.now(), **values)
