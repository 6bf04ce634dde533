"""My requests, one request's page, and the end of an agent's authority."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.guards import SignedInRequest, signed_in
from requests_app import deadlines, hooks, permissions, program
from requests_app.enums import Holder, Status
from requests_app.lifecycle import one_per_account
from requests_app.lifecycle.next_steps import actions, next_step
from requests_app.models import MSARequest
from requests_app.status import lists
from requests_app.status.clocks import Clocks
from requests_app.status.status_summary import holder, holder_words, is_debit_awaited, outlook, tone, type_words
from requests_app.status.timeline import timeline


@signed_in
@require_safe
def request_list(request: SignedInRequest) -> HttpResponse:
    """Cards for a person's own; a dense table for whoever works through many."""
    user = request.user
    settings = program.load()
    clocks = Clocks.read_with(settings, today=local_day(timezone.now()))
    dense = user.is_agent or user.sees_all_requests
    filters = _filters(request) if dense else {"status": "", "waits": "", "q": ""}
    requests = MSARequest.objects.listed_for(user)
    if filters["status"]:
        requests = requests.filter(status=filters["status"])
    if filters["waits"]:
        requests = lists.waiting(requests, filters["waits"], user, clocks)
    page = lists.page_of(
        lists.search(requests, filters["q"]).with_case(already_read={program.load: settings}), before=_key(request)
    )
    context = {
        "rows": [_row(msa_request, user, clocks) for msa_request in page.requests],
        "older": page.older,
        "is_first": "before" not in request.GET,
        "filters": filters,
        "is_filtered": any(filters.values()),
        "statuses": Status.choices,
        "dense": dense,
    }
    return render(request, "requests_app/list.html", context)


def _filters(request: HttpRequest) -> dict[str, str]:
    """What is asked for, as far as it makes sense; the rest is as if it were not there."""
    status, waits = request.GET.get("status", ""), request.GET.get("waits", "")
    return {
        "status": status if status in Status.values else "",
        "waits": waits if waits in lists.WAITS else "",
        "q": request.GET.get("q", "").replace("\0", "").strip()[:100],
    }


def _key(request: HttpRequest) -> int | None:
    before = request.GET.get("before", "")
    return int(before) if before.isdecimal() and len(before) < 19 else None


def _row(msa_request: MSARequest, user: User, clocks: Clocks) -> dict[str, Any]:
    return {
        "msa_request": msa_request,
        "tone": tone(msa_request),
        "type_words": type_words(msa_request),
        "holder": holder_words(msa_request),
        "is_closed": holder(msa_request) == Holder.NOBODY,
        "outlook": outlook(msa_request, clocks),
        "deadline": None
        if is_debit_awaited(msa_request)
        else deadlines.deadline_of(msa_request, today=clocks.today, figures=clocks.figures),
        "next": next_step(msa_request, user),
    }


@signed_in
@require_safe
def detail(request: SignedInRequest, reference: str) -> HttpResponse:
    user = request.user
    visible = MSARequest.objects.visible_to(user).with_case(whole=True)
    msa_request = get_object_or_404(visible, reference=reference)
    context = _row(msa_request, user, lists.clocks_of(msa_request)) | {
        "actions": actions(msa_request, user),
        "timeline": timeline(msa_request, user),
        "documents": msa_request.case.documents,
        "may_revoke": msa_request.has_agent and msa_request.owner_id == user.pk,
        "may_hand_over": permissions.is_agent_of(user, msa_request),
        "others_on_account": one_per_account.in_the_way_of(msa_request, user),
    }
    if context["deadline"] and context["deadline"].soon:
        context["stake"] = hooks.stake_text(msa_request)
    return render(request, "requests_app/detail.html", context)
