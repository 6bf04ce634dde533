"""Planning runs: asked for here, watched, and put on the board."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from fieldwork.admin.base import ReadOnlyAdmin, only
from fieldwork.admin.board import BOARD
from fieldwork.admin.board_script import SCHEDULE
from fieldwork.board import outcome
from fieldwork.board.forms import PlanForm
from fieldwork.board.span import Span
from fieldwork.models import PlanRun
from fieldwork.planning import runs
from msa_portal import formats
from msa_portal.business_days import calendar
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_as_message, refusal_in_form

_LANES_SHOWN = 5


@admin.register(PlanRun)
class PlanRunAdmin(ReadOnlyAdmin):
    list_display = ["days", "state", "requested_by", "requested_at", "finished_at", "taken_at"]
    list_filter = ["state"]
    list_select_related = ["requested_by"]
    change_list_template = "admin/fieldwork/planrun/list.html"

    @admin.display(description=gettext_lazy("days"), ordering="from_on")
    def days(self, row: PlanRun) -> str:
        return f"{formats.day(row.from_on)} – {formats.day(row.until_on)}"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(SCHEDULE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SCHEDULE)

    def get_urls(self) -> list[URLPattern]:
        views = {
            "plan/": ("fieldwork_planrun_plan", self.plan_view),
            "<int:pk>/run/": ("fieldwork_planrun_run", self.run_view),
            "<int:pk>/state/": ("fieldwork_planrun_state", require_GET(self.state_view)),
        }
        wrap = self.admin_site.admin_view
        return [*(path(route, wrap(view), name=name) for route, (name, view) in views.items()), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return redirect("admin:fieldwork_planrun_run", object_id)

    @only(SCHEDULE)
    def plan_view(self, request: HttpRequest) -> HttpResponse:
        """Asks for a plan of some days."""
        form = PlanForm(request.POST if request.method == "POST" else None, initial=_days(request))
        if form.is_valid():
            with refusal_in_form(form):
                run = runs.request(**form.cleaned_data, by=user_of(request))
                return redirect("admin:fieldwork_planrun_run", run.pk)
        context = {**self._context(request, _("Plan")), "form": form}
        return render(request, "admin/fieldwork/planrun/plan.html", context, status=422 if form.errors else 200)

    @only(SCHEDULE)
    def run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far it is; what it found; cancel it, or put it on the board."""
        run = get_object_or_404(PlanRun.objects.select_related("requested_by", "taken_by"), pk=pk)
        if request.method == "POST":
            return self._act(request, run)
        context = {**self._context(request, str(_("Plan of %(days)s")) % {"days": self.days(run)}), **_shown(run)}
        return render(request, "admin/fieldwork/planrun/run.html", context)

    @only(SCHEDULE)
    def state_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that changes while the run goes on."""
        run = get_object_or_404(PlanRun.objects.select_related("requested_by", "taken_by"), pk=pk)
        return render(request, "admin/fieldwork/planrun/state.html", _shown(run))

    @staticmethod
    def _act(request: HttpRequest, run: PlanRun) -> HttpResponse:
        here = redirect("admin:fieldwork_planrun_run", run.pk)
        with refusal_as_message(request):
            match request.POST.get("do"):
                case "cancel":
                    runs.cancel(run, by=user_of(request))
                    messages.success(request, _("The run is canceled. The board is as it was."))
                    return here
                case "take":
                    taken = runs.take(run, by=user_of(request))
                    _tell(request, taken)
                    return redirect(f"{reverse(BOARD)}?{Span('week', run.from_on).query}")
            raise Http404
        return here

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts}


def _days(request: HttpRequest) -> dict[str, Any]:
    """The days of the board that one comes from, from tomorrow on; else the next five business days."""
    today = calendar.local_day(timezone.now())
    days = calendar.load()
    first, last = days.add(today, 1), days.add(today, 5)
    try:
        asked = date.fromisoformat(request.GET.get("from_on", "")), date.fromisoformat(request.GET.get("until_on", ""))
    except ValueError:
        return {"from_on": first, "until_on": last}
    start = max(asked[0], today + timedelta(days=1))
    return {"from_on": start, "until_on": asked[1]} if start <= asked[1] else {"from_on": first, "until_on": last}


def _shown(run: PlanRun) -> dict[str, Any]:
    return {
        "run": run,
        "is_open": run.state in PlanRun.OPEN_STATES,
        "progress": outcome.progress(run),
        "outcome": outcome.outcome_of(run) if run.state == PlanRun.State.DONE else None,
        "board_query": Span("week", run.from_on).query,
    }


def _tell(request: HttpRequest, taken: runs.Taken) -> None:
    said = ngettext("%(count)s visit placed", "%(count)s visits placed", taken.placed) % {"count": taken.placed}
    messages.success(
        request, _("The plan is on the board: %(said)s. Customers are told when you publish.") % {"said": said}
    )
    if taken.removed:
        words = ngettext(
            "%(count)s visit has no place in it and waits at the side.",
            "%(count)s visits have no place in it and wait at the side.",
            taken.removed,
        )
        messages.warning(request, words % {"count": taken.removed})
    for sentence in taken.left[:_LANES_SHOWN]:
        messages.warning(request, _("Left as it is: %(why)s") % {"why": sentence})
    more = len(taken.left) - _LANES_SHOWN
    if more > 0:
        words = ngettext("%(count)s more day was left as it is.", "%(count)s more days were left as they are.", more)
        messages.warning(request, words % {"count": more})
