"""The staff desk's page of what waits for a second person, and of what was decided."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from msa_portal import formats
from msa_portal.approvals import services
from msa_portal.approvals.models import Proposal
from msa_portal.errors import Refused
from msa_portal.guards import user_of


class DecideForm(forms.Form):
    note = forms.CharField(
        label=_("Why, if you decline"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


@admin.register(Proposal)
class ProposalAdmin(admin.ModelAdmin):
    """Read-only; a page of its own approves or declines."""

    change_form_template = "admin/approvals/change_form.html"
    list_display = ["subject", "title", "state", "proposed", "decided", "effective_on", "applied_at"]
    list_filter = ["state"]
    search_fields = ["subject", "proposed_by__name", "decided_by__name"]
    list_select_related = ["proposed_by", "decided_by"]
    list_per_page = 50
    show_full_result_count = False
    fields = (
        *("subject", "title", "reason", "state", "proposed", "created_at"),
        *("decided", "decided_at", "note", "effective_on", "applied_at"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        """Only what this person may decide on."""
        return super().get_queryset(request).filter(kind__in=services.kinds_for(user_of(request)))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user: Any = request.user
        return bool(user.is_authenticated and services.kinds_for(user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("what"))
    def title(self, proposal: Proposal) -> str:
        return str(services.kind_of(proposal).title)

    @admin.display(description=_("proposed by"))
    def proposed(self, proposal: Proposal) -> str:
        if proposal.proposed_by:
            return str(proposal.proposed_by)
        return _now("%(operator)s, from the command line") % {"operator": proposal.operator}

    @admin.display(description=_("decided by"))
    def decided(self, proposal: Proposal) -> str:
        return str(proposal.decided_by or "–")

    def get_urls(self) -> list[URLPattern]:
        decide = path("<int:pk>/decide/", self.admin_site.admin_view(self.decide), name="approvals_proposal_decide")
        return [decide, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        proposal = self.get_object(request, object_id)
        context = {"proposal": proposal, "facts": services.kind_of(proposal).facts(proposal) if proposal else []}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A GET shows what is proposed, a POST approves or declines."""
        proposal = self.get_object(request, str(pk))
        if proposal is None:
            raise Http404
        user = user_of(request)
        form = DecideForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                if "approve" in request.POST:
                    services.approve(proposal, by=user)
                    done = _now("Approved.")
                else:
                    services.decline(proposal, by=user, note=form.cleaned_data["note"])
                    done = _now("Declined. Nothing has changed.")
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, done)
                return redirect("admin:approvals_proposal_change", proposal.pk)
        return render(request, "admin/approvals/decide.html", self._page(request, proposal, form))

    def _page(self, request: HttpRequest, proposal: Proposal, form: DecideForm) -> dict[str, Any]:
        obstacle = ""
        try:
            services.check_may_approve(proposal, by=user_of(request))
        except Refused as refusal:
            obstacle = str(refusal)
        kind = services.kind_of(proposal)
        facts = [
            (_now("What"), kind.title),
            (_now("Proposed by"), self.proposed(proposal)),
            (_now("Proposed on"), formats.moment(proposal.created_at)),
            (_now("Why"), proposal.reason),
            (_now("Takes effect"), formats.day(proposal.effective_on) if proposal.effective_on else ""),
            *kind.facts(proposal),
        ]
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": proposal.subject,
            "proposal": proposal,
            "form": form,
            "facts": [(name, value) for name, value in facts if value],
            "obstacle": obstacle,
            "may_approve": proposal.state == Proposal.State.PROPOSED and not obstacle,
        }
