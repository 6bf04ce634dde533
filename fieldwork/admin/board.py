"""The dispatcher's board: its pages, which work without script."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fieldwork.admin.base import ReadOnlyAdmin, only
from fieldwork.admin.board_script import SCHEDULE, ScriptViews, cost_of, visit_of, waits, where
from fieldwork.board import geography, picture, publishing, script_words, span, tokens
from fieldwork.board.forms import MoveForm, seen_of, seen_values
from fieldwork.board.span import Span
from fieldwork.models import Lane, SiteVisit
from fieldwork.phone import contacts
from fieldwork.planning import board
from fieldwork.schedule import facts
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused, Stale
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_as_message

BOARD = "admin:fieldwork_board"


@admin.register(Lane)
class BoardAdmin(ScriptViews, ReadOnlyAdmin):
    """Stands for the board in the list of the staff desk; its list of lanes is the board."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(SCHEDULE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SCHEDULE)

    def get_urls(self) -> list[URLPattern]:
        views = {
            "board/": ("fieldwork_board", require_GET(self.board_view)),
            "board/changes/": ("fieldwork_board_changes", require_POST(self.changes_view)),
            "board/preview/": ("fieldwork_board_preview", require_GET(self.preview_view)),
            "board/place/": ("fieldwork_board_place", require_POST(self.place_view)),
            "board/unplace/": ("fieldwork_board_unplace", require_POST(self.unplace_view)),
            "board/visits/<int:pk>/": ("fieldwork_board_visit", self.visit_view),
            "board/publish/": ("fieldwork_board_publish", self.publish_view),
        }
        wrap = self.admin_site.admin_view
        return [*(path(route, wrap(view), name=name) for route, (name, view) in views.items()), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect(BOARD)

    @only(SCHEDULE)
    def board_view(self, request: HttpRequest) -> HttpResponse:
        today = local_day(timezone.now())
        shown = span.of_query(request.GET, today=today)
        read = picture.read(shown, today=today)
        side, more = picture.side(shown, today=today)
        context = {
            **self._context(request, _("Board")),
            "board": read,
            "span": shown,
            "side": side,
            "side_more": more,
            "side_token": read.tokens.side,
            "today": today,
            "untold": script_words.untold(publishing.untold_count(shown.from_on, shown.until_on)),
            "words": script_words.all_words(),
            "map": geography.of_map(),
            "unsent": contacts.unsent(timezone.now()),
        }
        return render(request, "admin/fieldwork/board/board.html", context)

    @only(SCHEDULE)
    def visit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Moves a visit in two steps: say where, see what it costs and breaks, then place it."""
        visit, today = visit_of(pk), local_day(timezone.now())
        if request.method == "POST":
            answer = self._act(request, visit)
            if answer is not None:
                return answer
            visit = visit_of(pk)
        query = request.POST if request.method == "POST" else request.GET
        form = MoveForm(query if "on" in query else None, initial=_stands(visit))
        context = {
            **self._context(request, str(visit.order)),
            "visit": visit,
            "msa_request": visit.order.round.msa_request,
            "board_block": picture.Block(visit, today),
            "form": form,
            "view": query.get("view", ""),
            **_proposal(visit, form, today),
        }
        return render(request, "admin/fieldwork/board/visit.html", context, status=422 if form.errors else 200)

    @staticmethod
    def _act(request: HttpRequest, visit: SiteVisit) -> HttpResponse | None:
        """None where it was not done: the page says why, and keeps what was chosen."""
        with refusal_as_message(request):
            said, on = _done(request, visit)
            if said is None:
                return None
            messages.success(request, said)
            if on is None:
                return redirect("admin:fieldwork_board_visit", visit.pk)
            back = Span("day" if request.POST.get("view") == "day" else "week", on)
            return redirect(f"{reverse(BOARD)}?{back.query}#visit-{visit.pk}")
        return None

    @only(SCHEDULE)
    def publish_view(self, request: HttpRequest) -> HttpResponse:
        """What publishing would tell, and to whom; then it is told."""
        today = local_day(timezone.now())
        query = request.POST if request.method == "POST" else request.GET
        shown = span.of_query(query, today=today)
        if request.method == "POST":
            try:
                seen = seen_of(request.POST.getlist("seen"))
                done = board.publish(shown.from_on, shown.until_on, by=user_of(request), seen=seen)
            except Stale as stale:
                messages.error(request, _("Nothing was published. %(why)s") % {"why": stale})
            except Refused as refusal:
                messages.error(request, str(refusal))
            else:
                publishing.tell_outcome(request, done)
                return redirect(f"{reverse(BOARD)}?{shown.query}")
        context = {
            **self._context(request, _("Publish")),
            "span": shown,
            "seen": seen_values(tokens.read(shown.from_on, shown.until_on, today=today).versions),
            "changes": publishing.changes(shown.from_on, shown.until_on),
        }
        return render(request, "admin/fieldwork/board/publish.html", context)

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "tiles": settings.TILE_URL}


def _done(request: HttpRequest, visit: SiteVisit) -> tuple[str | None, date | None]:
    """What was done, in a sentence (None: the form has errors), and the day of the board to go back to."""
    seen, by = seen_of(request.POST.getlist("seen")), user_of(request)
    match request.POST.get("do"):
        case "place":
            form = MoveForm(request.POST)
            if not form.is_valid():
                return None, None
            change = board.place(visit, **form.cleaned_data, seen=seen, by=by)
            for sentence in change.breaks:
                messages.warning(request, sentence)
            return f"{visit.order}: {where(form.cleaned_data)}", form.cleaned_data["on"]
        case "unplace":
            board.unplace(visit, seen=seen, by=by)
            return waits(visit), None
        case "fix":
            board.fix(visit, True, by=by)
            return _("Fixed: the planner leaves it where it stands."), None
        case "unfix":
            board.fix(visit, False, by=by)
            return _("Not fixed any more: the planner may move it."), None
    raise Http404


def _stands(visit: SiteVisit) -> dict[str, Any]:
    slot = facts.board_slot(visit) or facts.published_slot(visit)
    return {"technician": slot.technician, "on": slot.on, "window": slot.window} if slot else {}


def _proposal(visit: SiteVisit, form: MoveForm, today: date) -> dict[str, Any]:
    """What the move would cost and break, the lane as it is now, and the versions of the lanes that it touches."""
    slot = facts.board_slot(visit)
    keys = {(slot.technician, slot.on)} if slot else set()
    cost: dict[str, Any] = {}
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data
        target = (chosen["technician"].pk, chosen["on"])
        cells = picture.some([target], Span("day", chosen["on"]), today=today)
        cost = {"cost": cost_of(visit, chosen), "chosen": chosen, "cell": cells[0] if cells else None}
        keys.add(target)
    rows = Lane.objects.filter(technician__in=[key[0] for key in keys], on__in=[key[1] for key in keys])
    versions = {(row.technician_id, row.on): row.version for row in rows}
    return {**cost, "seen": seen_values({key: versions.get(key, 0) for key in keys})}
