"""What the program's staff keep and most rules read: settings, closure days, panel models."""

from __future__ import annotations

import json
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import CharField, JSONField, QuerySet, StringAgg, Subquery, TextField, Value
from django.db.models.functions import Cast, JSONObject

from msa_portal.business_days import calendar as business_days
from msa_portal.business_days.calendar import BusinessCalendar
from msa_portal.business_days.models import ClosureDay
from msa_portal.db import is_held
from requests_app import eligibility
from requests_app.eligibility import Panels
from requests_app.eligibility.facts import Taught
from requests_app.models import IncompatiblePanel, MSARequest, PanelRestriction, ProgramSettings, case


class Program:
    """Each part is read when it is first asked for, and stays as it was then: as long as one page or one judgment."""

    @cached_property
    def figures(self) -> ProgramSettings:
        return ProgramSettings.current()

    @cached_property
    def calendar(self) -> BusinessCalendar:
        return business_days.load()

    @cached_property
    def panels(self) -> Panels:
        return eligibility.load_panels()


def of(msa_request: MSARequest) -> Program:
    """The one that this request shares with those that `with_case()` loaded beside it; else one of its own.

    Under a lock it stays the same for as long as the lock holds: a judgment in several steps is of one piece.
    """
    if not is_held(msa_request):
        return msa_request.case.once(load, otherwise=Program)
    own: Program | None = vars(msa_request).get("_program")
    if own is None:
        under_lock = msa_request.case.under_lock  # none before it is saved
        own = vars(msa_request)["_program"] = _of_row(under_lock.row) if under_lock else load()
    return own


def load() -> Program:
    """All of it in one query."""
    return _of_row(ProgramSettings.objects.filter(pk=1).annotate(**_LISTS).first())


def _of_row(row: Any) -> Program:
    """From the row of settings, or from a request's row that has them beside it."""
    program = Program()
    if row is None:
        return program
    if isinstance(row, ProgramSettings):
        program.figures = row
    elif row.figures is None:
        return program
    else:
        program.figures = ProgramSettings(**{name: row.figures[name] for name in _FIGURES})
    taught = [json.loads(line) for line in _split(row.learned)]
    facts = (Taught(rule["panel"], rule["device"], rule["why"]) for rule in taught)
    program.calendar = BusinessCalendar(frozenset(map(date.fromisoformat, _split(row.closed))))
    program.panels = eligibility.panels_of(_split(row.listed), facts)
    return program


def _lines(rows: QuerySet[Any], value: Any) -> Subquery:
    """One text of all those rows, a line each; neither a day, a normalized model nor JSON has a line's end in it."""
    grouped = rows.order_by().annotate(all=Value(1)).values("all")
    return Subquery(grouped.annotate(lines=StringAgg(value, Value("\n"))).values("lines"))


def _split(lines: str | None) -> list[str]:
    return lines.split("\n") if lines else []


_LISTS = {
    "closed": _lines(ClosureDay.objects.all(), Cast("on", CharField())),
    "listed": _lines(IncompatiblePanel.objects.all(), "normalized"),
    "learned": _lines(
        PanelRestriction.objects.filter(is_active=True),
        Cast(JSONObject(panel="normalized", device="device_id", why="explanation"), TextField()),
    ),
}
_FIGURES = [field.attname for field in ProgramSettings._meta.concrete_fields]
case.BESIDE.update(
    _LISTS,
    figures=Subquery(
        ProgramSettings.objects.filter(pk=1).values(all=JSONObject(**{name: name for name in _FIGURES})),
        output_field=JSONField(),
    ),
)
