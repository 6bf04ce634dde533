"""A plan as it is stored with its run, in ids and codes; and the sentences that are made of it when it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork.dispatch import Moved, Plan, Violation
from fieldwork.models import PlanRun, SiteVisit
from fieldwork.planning import words
from fieldwork.schedule.problem import Translated
from msa_portal import formats

# Why re-planning moved a published visit, by the engine's code.
WHY_MOVED = {
    "no_shift": gettext_lazy("the technician does not work then"),
    "closed": gettext_lazy("that half day does not suit the customer any more"),
    "may_not": gettext_lazy("the technician lacks the skill or the district that it needs"),
    "no_room": gettext_lazy("the day has become too short for it"),
    "made_room": gettext_lazy("a visit that is due had no other place"),
}
# Why a visit is in no route: the engine's code, or `problem.Translated.left_out`'s.
WHY_UNSERVED = {
    "no_technician": gettext_lazy("nobody who works on these days has its skills and its district"),
    "no_window": gettext_lazy("nobody works in a half day that suits the customer"),
    "too_long": gettext_lazy("it does not fit even as the only visit of a day"),
    "full": gettext_lazy("the days are full"),
    "disputed": gettext_lazy("the payment of its fee is disputed"),
    "held": gettext_lazy("a new rule speaks against its panel or device: look at it first"),
    "no_position": gettext_lazy("its position is not known: set it on the service order"),
    "nobody_works": gettext_lazy("it is fixed on a day on which its technician does not work"),
}
_OTHER = gettext_lazy("the days are full")


def stored(translated: Translated, plan: Plan, moved: Iterable[Moved]) -> dict[str, Any]:
    return {
        "routes": [
            {
                "technician": route.technician,
                "on": translated.days[route.day].isoformat(),
                "drive": route.drive,
                "meters": route.meters,
                "stops": [
                    {
                        "visit": stop.visit,
                        "window": translated.window(stop.window),
                        "arrives": stop.arrives,
                        "begins": stop.begins,
                        "leaves": stop.leaves,
                        "drive": stop.drive,
                        "meters": stop.meters,
                    }
                    for stop in route.stops
                ],
            }
            for route in plan.routes
        ],
        "unserved": [{"visit": unplaced.visit, "reason": unplaced.reason} for unplaced in plan.unserved],
        "left_out": [{"visit": pk, "reason": reason} for pk, reason in translated.left_out.items()],
        "moved": [
            {
                "visit": move.visit,
                "was": _slot(translated, move.was),
                "now": _slot(translated, move.now) if move.now else None,
                "why": move.why,
            }
            for move in moved
        ],
        "drive": plan.drive,
        "engine": plan.engine,
        "iterations": plan.iterations,
        "seconds": round(plan.seconds, 1),
    }


def _slot(translated: Translated, fixed: Any) -> dict[str, Any]:
    return {
        "technician": fixed.technician,
        "on": translated.days[fixed.day].isoformat(),
        "window": translated.window(fixed),
    }


def finding(translated: Translated, violation: Violation) -> dict[str, Any]:
    on = translated.days[violation.day].isoformat() if violation.day is not None else None
    return {"code": violation.code, "visit": violation.visit, "technician": violation.technician, "on": on}


def moves(run: PlanRun) -> list[str]:
    """Which published visits the plan moves, where to, and why."""
    rows = run.result.get("moved", [])
    visits = words.names_of_visits(row["visit"] for row in rows)
    slots = [slot for row in rows for slot in (row["was"], row["now"]) if slot]
    people = words.names_of_technicians(slot["technician"] for slot in slots)
    return [_move(row, visits, people) for row in rows]


def _move(row: Mapping[str, Any], visits: Mapping[int, str], people: Mapping[int, str]) -> str:
    values = {
        "visit": visits.get(row["visit"], _("A visit")),
        "was": _place(row["was"], people),
        "why": WHY_MOVED.get(row["why"], _OTHER),
    }
    if row["now"] is None:
        return _("%(visit)s, %(was)s, has no place any more: %(why)s.") % values
    values["now"] = _place(row["now"], people)
    return _("%(visit)s moves from %(was)s to %(now)s: %(why)s.") % values


def _place(slot: Mapping[str, Any], people: Mapping[int, str]) -> str:
    return _("%(day)s %(window)s with %(technician)s") % {
        "day": formats.day(date.fromisoformat(slot["on"])),
        "window": SiteVisit.Window(slot["window"]).label,
        "technician": people.get(slot["technician"], "?"),
    }


def unserved(run: PlanRun) -> list[tuple[int, str]]:
    """The visits without a place in the plan, by id, each with why in words."""
    rows = [*run.result.get("unserved", []), *run.result.get("left_out", [])]
    return [(row["visit"], str(WHY_UNSERVED.get(row["reason"], _OTHER))) for row in rows]


def findings(run: PlanRun) -> list[str]:
    """What the checker found against the plan."""
    visits = words.names_of_visits(row["visit"] for row in run.findings if row["visit"])
    people = words.names_of_technicians(row["technician"] for row in run.findings if row["technician"])
    return [
        words.sentence(
            row["code"],
            technician=people.get(row["technician"], _("A technician")),
            on=date.fromisoformat(row["on"]) if row["on"] else None,
            visit=visits.get(row["visit"], _("A visit")),
        )
        for row in run.findings
    ]
