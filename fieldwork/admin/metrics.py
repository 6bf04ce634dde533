"""Figures of the field: charts, each with its table, and the same as CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork import metrics
from fieldwork.metrics import By, Figures, Made
from msa_portal import csv_export, formats
from msa_portal.business_days.calendar import local_day

# The reports of visits carry how each technician fared: whoever reads those may read this.
_PERMISSIONS = ("fieldwork.view_sitevisit", "fieldwork.view_closeout")
MOST_DAYS = 366
_USUAL_DAYS = 90
# More bars than this cannot be told apart; the table has them all.
MOST_BARS = 12


class PeriodForm(forms.Form):
    from_on = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until_on = forms.DateField(label=gettext_lazy("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    by = forms.ChoiceField(label=gettext_lazy("Told apart by"), choices=By.choices)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("from_on"), cleaned.get("until_on")
        if first and last and last < first:
            self.add_error("until_on", _("The last day is before the first."))
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("until_on", _("Choose at most %(days)s days.") % {"days": MOST_DAYS})
        return cleaned


@dataclass(frozen=True)
class Column:
    """`chart`: drawn too, from 0 to `most` (None: as far as it goes)."""

    title: str | Promise
    value: Callable[[Figures], Any]
    unit: str = ""
    chart: bool = False
    most: int | None = None


COLUMNS = (
    Column(gettext_lazy("Visits"), lambda figures: figures.visits),
    Column(gettext_lazy("Successful"), lambda figures: figures.succeeded),
    Column(gettext_lazy("First visits"), lambda figures: figures.first_visits),
    Column(gettext_lazy("First-visit success"), lambda figures: figures.first_success, "%", chart=True, most=100),
    Column(gettext_lazy("Visits per day"), lambda figures: figures.per_day, chart=True),
    Column(gettext_lazy("Driving per visit, minutes"), lambda figures: figures.drive_minutes, chart=True),
    Column(gettext_lazy("Driving per visit, miles"), lambda figures: figures.drive_miles),
    Column(gettext_lazy("Mean minutes late"), lambda figures: figures.minutes_late),
    Column(gettext_lazy("Over 15 minutes late"), lambda figures: figures.late, "%", chart=True, most=100),
    Column(gettext_lazy("Within the window told"), lambda figures: figures.in_window, "%"),
)


def urls(site: admin.AdminSite) -> list[URLPattern]:
    return [
        path("figures/", site.admin_view(page), name="fieldwork_figures"),
        path("figures/<slug:table>.csv", site.admin_view(export), name="fieldwork_figures_csv"),
    ]


def page(request: HttpRequest) -> HttpResponse:
    form, rows = _asked(request)
    by = By(form.cleaned_data["by"]) if form.is_valid() else By.TECHNICIAN
    groups, weeks, reasons = metrics.by_group(rows, by), metrics.by_week(rows), metrics.by_reason(rows)
    named = [(group.name, figures) for group, figures in groups]
    dated = [(formats.day(week), figures) for week, figures in weeks]
    context = {
        **admin.site.each_context(request),
        "title": _("Figures"),
        "form": form,
        "by": by,
        "is_valid": form.is_valid(),
        "total": metrics.figures_of(rows),
        "columns": COLUMNS,
        "groups": [(name, _cells(figures)) for name, figures in named],
        "weeks": [(week, _cells(figures)) for week, figures in dated],
        "reasons": reasons,
        "charts": _charts(named, dated, reasons, str(by.label)),
        "bars": MOST_BARS if len(groups) > MOST_BARS else 0,
        "query": request.GET.urlencode(),
    }
    return render(request, "admin/fieldwork/figures.html", context, status=200 if form.is_valid() else 422)


def export(request: HttpRequest, table: str) -> HttpResponseBase:
    """`groups`, `weeks` or `reasons` of the period, as they stand on the page."""
    form, rows = _asked(request)
    if not form.is_valid() or table not in {"groups", "weeks", "reasons"}:
        return HttpResponse(_("Choose a period first."), status=422, content_type="text/plain; charset=utf-8")
    by = By(form.cleaned_data["by"])
    titles = [f"{column.title}, {column.unit}" if column.unit else str(column.title) for column in COLUMNS]
    if table == "reasons":
        header, lines = [_("Reason"), _("Failed visits"), _("Share of failed visits, %")], metrics.by_reason(rows)
    elif table == "weeks":
        header = [_("Week from"), *titles]
        lines = [(week.isoformat(), *_numbers(figures)) for week, figures in metrics.by_week(rows)]
    else:
        header = [str(by.label), *titles]
        lines = [(group.name, *_numbers(figures)) for group, figures in metrics.by_group(rows, by)]
    name = f"figures-{table}-{form.cleaned_data['from_on']}-{form.cleaned_data['until_on']}.csv"
    return csv_export.download(header, lines, name=name)


def _asked(request: HttpRequest) -> tuple[PeriodForm, list[Made]]:
    """What is asked for, the last three months where nothing is; no visits where it cannot be."""
    if not request.user.has_perms(_PERMISSIONS):
        raise PermissionDenied
    today = local_day(timezone.now())
    usual = {"from_on": _iso(today - timedelta(days=_USUAL_DAYS)), "until_on": _iso(today), "by": By.TECHNICIAN.value}
    form = PeriodForm(usual | {name: value for name, value in request.GET.items() if name in usual})
    rows = metrics.load(form.cleaned_data["from_on"], form.cleaned_data["until_on"]) if form.is_valid() else []
    return form, rows


def _iso(day: date) -> str:
    return day.isoformat()


def _cells(figures: Figures) -> list[str]:
    """As they read; a dash where there is nothing to tell it from."""
    values = ((column.value(figures), column.unit) for column in COLUMNS)
    return ["–" if value is None else f"{value}{unit}" for value, unit in values]


def _numbers(figures: Figures) -> list[Any]:
    return [_plain(column.value(figures)) for column in COLUMNS]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) else value


def _charts(
    groups: list[tuple[str, Figures]],
    weeks: list[tuple[str, Figures]],
    reasons: list[tuple[str, int, int]],
    by: str,
) -> dict[str, dict[str, Any]]:
    """What the script draws, by the id of the canvas; each stands in a table too."""
    shown = groups[:MOST_BARS]
    charts = {
        f"chart-{number}": {
            "title": f"{column.title} · {by}",
            "unit": column.unit,
            "most": column.most,
            "labels": [name for name, _each in shown],
            "values": [column.value(figures) for _name, figures in shown],
            "shape": "bar",
        }
        for number, column in enumerate(COLUMNS)
        if column.chart
    }
    charts["chart-weeks"] = {
        "title": _("First-visit success by week"),
        "unit": "%",
        "most": 100,
        "labels": [week for week, _each in weeks],
        "values": [figures.first_success for _week, figures in weeks],
        "shape": "line",
    }
    charts["chart-reasons"] = {
        "title": _("Why visits failed"),
        "unit": "",
        "most": None,
        "labels": [reason for reason, _count, _share in reasons],
        "values": [count for _reason, count, _share in reasons],
        "shape": "bar",
    }
    return charts
