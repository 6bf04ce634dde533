"""My requests, one request's page, and the end of an agent's authority."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from msa_portal.accounts.models import User
from requests_app import deadlines, eligibility, hooks, permissions
from requests_app.enums import Holder, Status
from requests_app.lifecycle.next_steps import actions, next_step
from requests_app.models import MSARequest
from requests_app.status import lists
from requests_app.status.clocks import Clocks
from requests_app.status.status_summary import holder, holder_words, outlook, tone, type_words
from requests_app.status.timeline import timeline


@login_required
@require_safe
def request_list(http: HttpRequest) -> HttpResponse:
    """Cards for a person's own; a dense table for whoever works through many."""
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    clocks = lists.load_clocks()
    dense = user.is_agent or user.sees_all_requests
    filters = _filters(http) if dense else {"status": "", "waits": "", "q": ""}
    requests = MSARequest.objects.visible_to(user)
    if filters["status"]:
        requests = requests.filter(status=filters["status"])
    if filters["waits"]:
        requests = lists.waiting(requests, filters["waits"], user, clocks)
    requests = lists.with_what_a_row_shows(lists.search(requests, filters["q"]))
    page = lists.page_of(requests, before=_key(http))
    panels = eligibility.load_panels()
    context = {
        "rows": [_row(each, user, clocks, panels) for each in page.requests],
        "older": page.older,
        "is_first": "before" not in http.GET,
        "filters": filters,
        "is_filtered": any(filters.values()),
        "statuses": Status.choices,
        "dense": dense,
    }
    return render(http, "requests_app/list.html", context)


def _filters(http: HttpRequest) -> dict[str, str]:
    """What is asked for, as far as it makes sense; the rest is as if it were not there."""
    status, waits = http.GET.get("status", ""), http.GET.get("waits", "")
    return {
        "status": status if status in Status.values else "",
        "waits": waits if waits in lists.WAITS else "",
        "q": http.GET.get("q", "").replace("\0", "").strip()[:100],
    }


def _key(http: HttpRequest) -> int | None:
    before = http.GET.get("before", "")
    return int(before) if before.isdecimal() and len(before) < 19 else None


def _row(request: MSARequest, user: User, clocks: Clocks, panels: eligibility.Panels) -> dict[str, Any]:
    return {
        "request": request,
        "tone": tone(request),
        "type_words": type_words(request),
        "holder": holder_words(request),
        "is_closed": holder(request) == Holder.NOBODY,
        "outlook": outlook(request, clocks),
        "deadline": deadlines.deadline_of(request, today=clocks.today, figures=clocks.figures),
        "next": next_step(request, user, panels=panels),
    }


@login_required
@require_safe
def detail(http: HttpRequest, reference: str) -> HttpResponse:
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    visible = lists.with_what_a_row_shows(MSARequest.objects.visible_to(user))
    request = get_object_or_404(visible, reference=reference)
    context = _row(request, user, lists.load_clocks(), eligibility.load_panels()) | {
        "request_": request,
        "actions": actions(request, user),
        "timeline": timeline(request, user),
        "documents": request.documents.current(),
        "rounds": request.rounds.prefetch_related("reasons"),
        "may_revoke": request.has_agent and request.owner_id == user.pk,
        "may_hand_over": permissions.is_agent_of(user, request),
    }
    del context["request"]
    if context["deadline"] and context["deadline"].soon:
        context["stake"] = hooks.stake_text(request)
    return render(http, "requests_app/detail.html", context)
