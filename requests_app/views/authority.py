"""Who acts for a customer: seen, taken over, ended; and handed over within a company (D10)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message
from requests_app import permissions
from requests_app.enums import FINAL
from requests_app.models import MSARequest
from requests_app.signing import authority


@signed_in
@require_safe
def agents(request: SignedInRequest) -> HttpResponse:
    user = request.user
    today = local_day(timezone.now())
    rows = [
        _row(agent_authority, user, holds=agent_authority.holds_on(today))
        for agent_authority in authority.seen_by(user)
    ]
    waiting = MSARequest.objects.filter(owner=user, agent_company__isnull=False, authority__isnull=True)
    context = {
        "rows": rows,
        "waiting": waiting.filter(agent_revoked_at__isnull=True)
        .exclude(status__in=FINAL)
        .select_related("agent_company"),
    }
    return render(request, "requests_app/agents.html", context)


def _row(agent_authority: Any, user: User, *, holds: bool) -> dict[str, Any]:
    mine = [msa_request for msa_request in agent_authority.requests.all() if msa_request.owner_id == user.pk]
    acting = [msa_request for msa_request in mine if msa_request.has_agent and msa_request.status not in FINAL]
    return {"authority": agent_authority, "holds": holds, "requests": mine, "acting": acting}


@signed_in
@require_http_methods(["GET", "POST"])
def end(request: SignedInRequest, reference: str) -> HttpResponse:
    """A page that says what follows; a POST takes over this request, or ends the whole authority."""
    user = request.user
    rows = MSARequest.objects.select_related("agent_company", "authority")
    msa_request = get_object_or_404(rows, reference=reference, owner=user)
    if request.method == "POST":
        _ended(request, msa_request, user)
        return redirect(msa_request)
    if not msa_request.has_agent:
        messages.info(request, _("No agent acts on this request."))
        return redirect(msa_request)
    context = {"msa_request": msa_request, "covered": authority.covered_by_same(msa_request, user).order_by("pk")}
    return render(request, "requests_app/revoke_agent.html", context)


def _ended(request: HttpRequest, msa_request: MSARequest, user: User) -> None:
    with refusal_as_message(request):
        if request.POST.get("do") == "take_over":
            authority.take_over(msa_request, by=user)
            messages.success(request, _("Done. You act on this request yourself now; the agent no longer sees it."))
            return
        count = authority.revoke(msa_request, by=user)
        messages.success(
            request,
            ngettext(
                "Done. The agent can no longer see this request, and you act for yourself.",
                "Done. The agent can no longer see these %(count)s requests, and you act for yourself.",
                count,
            )
            % {"count": count},
        )


class HandOverForm(forms.Form):
    to = forms.ModelChoiceField(
        User.objects.none(),
        label=gettext_lazy("Who takes it over?"),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": gettext_lazy("Choose a colleague."),
            "invalid_choice": gettext_lazy("That person is not in your company any more. Choose another one."),
        },
    )

    def __init__(self, *args: Any, msa_request: MSARequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = authority.colleagues(msa_request)
        field.label_from_instance = lambda person: f"{person.name} ({person.email})"


@signed_in
@require_http_methods(["GET", "POST"])
def hand_over(request: SignedInRequest, reference: str) -> HttpResponse:
    user = request.user
    rows = MSARequest.objects.visible_to(user).select_related("agent_company", "agent")
    msa_request = get_object_or_404(rows, reference=reference)
    if not permissions.is_agent_of(user, msa_request):
        raise Http404
    form = HandOverForm(request.POST if request.method == "POST" else None, msa_request=msa_request)
    if form.is_bound and form.is_valid():
        to = form.cleaned_data["to"]
        with refusal_as_message(request):
            authority.hand_over(msa_request, to=to, by=user)
            messages.success(request, _("%(name)s has this request now.") % {"name": to.name})
        return redirect(msa_request)
    status = 422 if form.is_bound else 200
    return render(request, "requests_app/hand_over.html", {"msa_request": msa_request, "form": form}, status=status)
