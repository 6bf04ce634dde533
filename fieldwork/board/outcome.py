"""What a planning run found, in words and figures for the dispatcher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from fieldwork.board.picture import duration
from fieldwork.models import PlanRun, SiteVisit
from fieldwork.planning import results
from fieldwork.schedule import problem

_PERCENT = 100


@dataclass(frozen=True)
class Outcome:
    """`unserved` are visits, each with why. `before` is the board as it is now, None once the plan is taken."""

    served: int
    drive: str
    per_visit: str
    before: str
    before_per_visit: str
    unserved: list[tuple[SiteVisit, str]]
    moved: list[str]
    findings: list[str]
    engine: str
    iterations: int
    seconds: str


def outcome_of(run: PlanRun) -> Outcome:
    """Of a run that is done. The number of queries is fixed."""
    result = run.result
    served = sum(len(route["stops"]) for route in result["routes"])
    before, before_per_visit = ("", "") if run.taken_at else _before(run)
    return Outcome(
        served=served,
        drive=_hours(result["drive"]),
        per_visit=_each(result["drive"], served),
        before=before,
        before_per_visit=before_per_visit,
        unserved=_unserved(run),
        moved=results.moves(run),
        findings=results.findings(run),
        engine=result["engine"],
        iterations=result["iterations"],
        seconds=str(result["seconds"]),
    )


def _before(run: PlanRun) -> tuple[str, str]:
    stands = problem.board_plan(problem.build(run.from_on, run.until_on))
    stops = sum(len(route.stops) for route in stands.routes)
    if not stops:
        return "", ""
    return _hours(stands.drive), _each(stands.drive, stops)


def _unserved(run: PlanRun) -> list[tuple[SiteVisit, str]]:
    why = dict(results.unserved(run))
    rows = (
        SiteVisit.objects.filter(pk__in=why)
        .select_related("order__round__msa_request")
        .order_by("order__due_on", "pk")
    )
    return [(row, why[row.pk]) for row in rows]


def _hours(seconds: int) -> str:
    return duration(round(seconds / 60))


def _each(seconds: int, stops: int) -> str:
    return _("%(minutes)s min a visit") % {"minutes": round(seconds / 60 / stops, 1)} if stops else ""


def progress(run: PlanRun) -> dict[str, Any]:
    """A sentence and, while the engine improves, how much of its time has passed (0 to 100)."""
    reported = run.progress
    phases = {
        "reading": _("Reading visits, technicians and driving times …"),
        "constructing": _("Making a first plan …"),
        "improving": _("Looking for less driving …"),
        "checking": _("Checking the plan against every rule …"),
    }
    said = phases.get(reported.get("phase", ""), _("Working …"))
    if run.state == PlanRun.State.QUEUED:
        said = _("Waits for a worker …")
    if run.cancel_asked_at:
        said = _("Being canceled …")
    share = reported.get("share")
    return {
        "said": said,
        "percent": None if share is None else min(_PERCENT, round(_PERCENT * share)),
        "unserved": reported.get("unserved"),
        "drive": _hours(reported["drive"]) if reported.get("drive") else "",
    }
