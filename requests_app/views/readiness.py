"""Ready for the visit? One answer with every finding, as a page or as JSON; and what is said to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message
from requests_app import enums, permissions
from requests_app.application import steps
from requests_app.lifecycle import policies, readiness_statements
from requests_app.models import MSARequest
from requests_app.readiness import readiness
from requests_app.readiness.readiness import Item, Readiness


@signed_in
@never_cache
@vary_on_headers("Accept")
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: SignedInRequest, reference: str) -> HttpResponse:
    """A POST states what will be put right, or answers the question about the panel."""
    user = request.user
    msa_request = get_object_or_404(MSARequest.objects.visible_to(user).with_case(), reference=reference)
    if request.method == "POST":
        return _said(request, msa_request, user)
    state = readiness.check(msa_request)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse(as_json(state))
    return render(request, "requests_app/readiness.html", {"msa_request": msa_request} | context(state, user))


def _said(request: HttpRequest, msa_request: MSARequest, user: User) -> HttpResponse:
    with refusal_as_message(request):
        said = (
            answer_panel(request, msa_request, user) if "meant" in request.POST else _state(request, msa_request, user)
        )
        messages.success(request, said)
    return redirect(_back(request, msa_request))


def answer_panel(request: HttpRequest, msa_request: MSARequest, user: User) -> str:
    """What the posted button says of the panel model. Returns the words for the person."""
    meant = request.POST["meant"] == "yes"
    readiness_statements.answer_panel_model(msa_request, by=user, typed=request.POST.get("typed", ""), meant=meant)
    if meant:
        return _("The panel model is changed. Read what follows from it.")
    return _("Your panel model stands as you typed it. Our staff see that we asked.")


def _state(request: HttpRequest, msa_request: MSARequest, user: User) -> str:
    if "stated" not in request.POST:
        raise Refused(_("Tick the box to say that you will see to these, then send it."), code="not_stated")
    readiness_statements.state_findings(msa_request, by=user, covers=request.POST.getlist("covers"))
    return _("Noted. Our staff and the meter technician see what you said.")


def _back(request: HttpRequest, msa_request: MSARequest) -> str:
    if request.POST.get("from") == steps.REVIEW.slug:
        return reverse("requests:form", args=[msa_request.reference, steps.REVIEW.slug])
    return reverse("requests:readiness", args=[msa_request.reference])


def context(state: Readiness, user: User) -> dict[str, Any]:
    """For the partial that the page and the form's last step share."""
    msa_request = state.msa_request
    acts = permissions.acts_for(user, msa_request)
    return {
        "readiness": state,
        "acts": acts,
        "may_edit": acts and not policies.reason_against(policies.check_editable, msa_request),
        "may_say": acts and msa_request.status in enums.OWNER_HOLDS,
        "may_photograph": acts and msa_request.status not in enums.FINAL,
        "statement_text": readiness_statements.statement_text(),
    }


def as_json(state: Readiness) -> dict[str, Any]:
    said = state.statement
    return {
        "answer": state.answer,
        "judged_on": state.on.isoformat(),
        "findings": [_item_as_json(state.msa_request, item) for item in state.items],
        "statement": {"stated_at": said.stated_at, "stated_by": str(said.stated_by)} if said else None,
        "statement_needed": bool(state.unstated),
    }


def _item_as_json(msa_request: MSARequest, item: Item) -> dict[str, Any]:
    return {
        "rule": item.rule,
        "kind": item.kind,
        "field": item.field,
        "step": item.step,
        "url": f"{reverse('requests:form', args=[msa_request.reference, item.step])}#field-{item.field}",
        "message": item.why,
        "todo": item.todo,
        "suggestion": item.suggestion or None,
        "photos": list(item.photos),
    }
