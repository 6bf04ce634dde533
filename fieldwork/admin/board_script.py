"""What the board's script asks for: JSON in, JSON with lanes drawn anew out."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.admin.base import only
from fieldwork.board import picture, publishing, script_words, span, tokens
from fieldwork.board.forms import MoveForm, seen_of
from fieldwork.board.span import Span
from fieldwork.board.tokens import Key
from fieldwork.models import SiteVisit
from fieldwork.planning import board
from fieldwork.schedule import facts
from msa_portal import formats
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused, Stale
from msa_portal.guards import user_of

SCHEDULE = "fieldwork.schedule_sitevisit"


class ScriptViews:
    """Each writes at most what one service call does. 409 with the reason where it is refused."""

    @only(SCHEDULE)
    def changes_view(self, request: HttpRequest) -> HttpResponse:
        """The lanes and the side of which the browser has another token than they have now; 204: none."""
        asked = _json(request)
        shown = _span(asked)
        today = local_day(timezone.now())
        marks = tokens.read(shown.from_on, shown.until_on, today=today)
        asked_tokens = asked.get("tokens")
        try:
            had = {
                tokens.key_of(name): token
                for name, token in (asked_tokens if isinstance(asked_tokens, dict) else {}).items()
            }
        except ValueError:
            return HttpResponseBadRequest()
        changed = [key for key, token in had.items() if marks.of(key) != token]
        if not changed and asked.get("side") == marks.side:
            return HttpResponse(status=204)
        return JsonResponse(_parts(request, shown, changed, side_had=asked.get("side")))

    @only(SCHEDULE)
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What a move would cost and break. Writes nothing."""
        visit, form = visit_of(request.GET.get("visit")), MoveForm(request.GET)
        return JsonResponse(cost_of(visit, form.cleaned_data)) if form.is_valid() else _invalid(form)

    @only(SCHEDULE)
    def place_view(self, request: HttpRequest) -> HttpResponse:
        asked = _json(request)
        visit, form = visit_of(asked.get("visit")), MoveForm(asked)
        if not form.is_valid():
            return _invalid(form)
        try:
            change = board.place(visit, **form.cleaned_data, seen=_seen(asked), by=user_of(request))
        except Refused as refusal:
            return _refused(refusal)
        return _changed(request, asked, change, f"{visit.order}: {where(form.cleaned_data)}")

    @only(SCHEDULE)
    def unplace_view(self, request: HttpRequest) -> HttpResponse:
        asked = _json(request)
        visit = visit_of(asked.get("visit"))
        try:
            change = board.unplace(visit, seen=_seen(asked), by=user_of(request))
        except Refused as refusal:
            return _refused(refusal)
        return _changed(request, asked, change, waits(visit))


def visit_of(pk: Any) -> SiteVisit:
    """With all that the board shows of it. Raises Http404."""
    if not str(pk).isdecimal():
        raise Http404
    return get_object_or_404(facts.with_relations(SiteVisit.objects.all()), pk=int(pk))


def cost_of(visit: SiteVisit, data: dict[str, Any]) -> dict[str, Any]:
    """In sentences."""
    cost = board.preview(visit, **data)
    later = _("%(visit)s comes %(minutes)s min later.")
    return {
        "drive": script_words.driving(cost.extra_drive_seconds, cost.extra_meters),
        "breaks": list(cost.breaks),
        "later": [later % {"visit": visit.order, "minutes": minutes} for visit, minutes in cost.shifts_later],
    }


def where(data: dict[str, Any]) -> str:
    return _("on the board with %(technician)s, %(day)s, %(window)s; the customer is told when you publish.") % {
        "technician": data["technician"],
        "day": formats.day(data["on"]),
        "window": SiteVisit.Window(data["window"]).label,
    }


def waits(visit: SiteVisit) -> str:
    return _("%(visit)s waits at the side now.") % {"visit": visit.order}


def _json(request: HttpRequest) -> dict[str, Any]:
    """What the script sent; what is no object is nothing."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seen(asked: dict[str, Any]) -> list[board.Seen]:
    values = asked.get("seen")
    return seen_of(value for value in values if isinstance(value, str)) if isinstance(values, list) else []


def _span(asked: dict[str, Any]) -> Span:
    asked_span = asked.get("span")
    values = {str(k): str(v) for k, v in asked_span.items()} if isinstance(asked_span, dict) else {}
    return span.of_query(values, today=local_day(timezone.now()))


def _invalid(form: MoveForm) -> JsonResponse:
    detail = str(next(iter(form.errors.values()))[0])
    return JsonResponse({"code": "invalid", "detail": detail}, status=400)


def _refused(refusal: Refused) -> JsonResponse:
    code = "stale" if isinstance(refusal, Stale) else refusal.code
    return JsonResponse({"code": code, "detail": str(refusal)}, status=409)


def _changed(request: HttpRequest, asked: dict[str, Any], change: board.Change, said: str) -> JsonResponse:
    """The lanes that changed, drawn anew, and what they break now."""
    keys = [(lane.technician, lane.on) for lane in change.lanes]
    parts = _parts(request, _span(asked), keys, side_had=asked.get("side"))
    return JsonResponse(parts | {"said": said, "breaks": list(change.breaks)})


def _parts(request: HttpRequest, shown: Span, keys: list[Key], *, side_had: Any) -> dict[str, Any]:
    """`side_had`: the token of the side in the browser; it is drawn anew only where it changed."""
    today = local_day(timezone.now())
    marks = tokens.read(shown.from_on, shown.until_on, today=today)
    inside = [key for key in keys if shown.from_on <= key[1] <= shown.until_on]
    cells = picture.some(inside, shown, today=today, marks=marks)
    drawn = {cell.name: _draw(request, "cell", {"span": shown, "cell": cell}) for cell in cells}
    untold = publishing.untold_count(shown.from_on, shown.until_on)
    parts: dict[str, Any] = {"lanes": drawn, "untold": script_words.untold(untold)}
    if side_had != marks.side:
        side, more = picture.side(shown, today=today)
        context = {"span": shown, "side": side, "side_more": more, "side_token": marks.side}
        parts["side"] = _draw(request, "side", context)
    return parts


def _draw(request: HttpRequest, part: str, context: dict[str, Any]) -> str:
    return render_to_string(f"admin/fieldwork/board/{part}.html", context, request=request)
