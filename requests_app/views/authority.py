"""Who acts for a customer: seen, taken over, ended; and handed over within a company (D10)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message
from requests_app import permissions
from requests_app.models import AgentAuthority, MSARequest
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
    waiting, unclaimed = [], []
    open_requests = authority.requests_of(user).open().filter(agent_company__isnull=False)
    for msa_request in open_requests.select_related("agent_company", "authority").order_by("pk"):
        if msa_request.has_agent and msa_request.authority is None:
            waiting.append(msa_request)
        elif not msa_request.has_agent and msa_request.owner_id is None:
            unclaimed.append(msa_request)
    context = {"rows": rows, "waiting": waiting, "unclaimed": unclaimed}
    return render(request, "requests_app/agents.html", context)


def _row(agent_authority: AgentAuthority, user: User, *, holds: bool) -> dict[str, Any]:
    mine = [row for row in agent_authority.requests.all() if row.owner_id in {None, user.pk}]
    for msa_request in mine:
        msa_request.authority = agent_authority
    return {"authority": agent_authority, "holds": holds, "requests": mine}


@signed_in
@require_http_methods(["GET", "POST"])
def end_authority(request: SignedInRequest, pk: int) -> HttpResponse:
    """A page that says what ends with the authority; a POST ends it."""
    user = request.user
    rows = AgentAuthority.objects.given_by(user).select_related("company")
    agent_authority = get_object_or_404(rows, pk=pk)
    if request.method == "POST":
        with refusal_as_message(request):
            _say_ended(request, authority.end(agent_authority, by=user))
        return redirect("requests:agents")
    if agent_authority.ended_at is not None:
        messages.info(request, _("This authority has ended already."))
        return redirect("requests:agents")
    context = {
        "authority": agent_authority,
        "company": agent_authority.company,
        "covered": authority.open_under(agent_authority, user),
        "back": reverse("requests:agents"),
    }
    return render(request, "requests_app/revoke_agent.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def end(request: SignedInRequest, reference: str) -> HttpResponse:
    """A page that says what follows; a POST takes over this request, or ends the whole authority."""
    user = request.user
    rows = authority.requests_of(user).select_related("agent_company", "authority")
    msa_request = get_object_or_404(rows, reference=reference)
    if request.method == "POST":
        _ended(request, msa_request, user)
        return redirect(msa_request if msa_request.owner_id == user.pk else "requests:agents")
    if not msa_request.has_agent and msa_request.owner_id is not None:
        messages.info(request, _("No agent acts on this request."))
        return redirect(msa_request)
    context = {
        "msa_request": msa_request,
        "authority": msa_request.authority if msa_request.has_agent else None,
        "company": msa_request.agent_company,
        "covered": authority.covered_by_same(msa_request, user),
        "back": msa_request.get_absolute_url() if msa_request.owner_id else reverse("requests:agents"),
    }
    return render(request, "requests_app/revoke_agent.html", context)


def _ended(request: HttpRequest, msa_request: MSARequest, user: User) -> None:
    with refusal_as_message(request):
        if request.POST.get("do") == "take_over":
            authority.take_over(msa_request, by=user)
            messages.success(request, _("Done. You act on this request yourself now. The agent no longer sees it."))
            return
        _say_ended(request, authority.revoke(msa_request, by=user))
        msa_request.refresh_from_db()


def _say_ended(request: HttpRequest, count: int) -> None:
    if not count:
        messages.success(request, _("Done. The company can no longer act for you."))
        return
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
    rows = MSARequest.objects.visible_to(user).select_related("agent_company", "agent", "authority")
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
