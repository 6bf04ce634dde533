"""Proposed rules: their evidence, what they would mean, and the decision."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fieldwork import learning
from fieldwork.admin.base import ReadOnlyAdmin
from fieldwork.models import CloseOut, RuleProposal, SiteVisit
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_in_form
from requests_app.enums import EventKind
from requests_app.models import MSARequest
from requests_app.rule_changes import panels, products
from requests_app.rule_changes.products import Impact

MOST_LISTED = 50
_DECIDE = "fieldwork.decide_ruleproposal"


class AcceptForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What it becomes"), widget=forms.RadioSelect)
    explanation = forms.CharField(
        label=gettext_lazy("What customers are told"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Why the work cannot be done, in one sentence. For double-sided clips the portal has its own words; "
            "then this is a note for staff."
        ),
    )

    def __init__(self, proposal: RuleProposal, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [kind for kind in learning.Kind if proposal.device_id or kind != learning.Kind.DEVICE]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["kind"].initial = kinds[-1] if "E8" in proposal.reason.rule else kinds[0]
        self.fields["explanation"].initial = panels.sentence(proposal.reason.title)


class DeclineForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Why not"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


@admin.register(RuleProposal)
class RuleProposalAdmin(ReadOnlyAdmin):
    list_display = ["panel_model", "device", "reason", "failures", "successes", "state", "proposed_at"]
    list_filter = ["state"]
    list_select_related = ["device", "reason"]
    search_fields = ["panel_model", "panel_normalized"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleProposal]:
        return super().get_queryset(request).annotate(failed=Count("visits"))

    @admin.display(description=gettext_lazy("failed visits"), ordering="failed")
    def failures(self, row: Any) -> int:
        return int(row.failed)

    def get_urls(self) -> list[URLPattern]:
        name = "fieldwork_ruleproposal_decide"
        return [path("<int:pk>/decide/", self.admin_site.admin_view(self.decide_view), name=name), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The proposal's page is the page that decides it."""
        return redirect("admin:fieldwork_ruleproposal_decide", object_id)

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Evidence first; then what accepting would mean; then the decision."""
        if not self.has_view_permission(request):
            return redirect("admin:index")
        proposal = get_object_or_404(RuleProposal.objects.select_related("device", "reason", "decided_by"), pk=pk)
        posted = request.POST if request.method == "POST" else None
        step = posted.get("step", "") if posted else ""
        accepting = AcceptForm(proposal, posted if step in {"look", "accept"} else None)
        declining = DeclineForm(posted if step == "decline" else None)
        if accepting.is_valid():
            answer = self._accept(request, proposal, accepting, decided=step == "accept")
            if answer is not None:
                return answer
        if declining.is_valid():
            with refusal_in_form(declining):
                learning.decline(proposal, note=declining.cleaned_data["note"], by=user_of(request))
                messages.success(request, _("Declined. It is not proposed again."))
                return redirect("admin:fieldwork_ruleproposal_changelist")
        return self._page(request, proposal, accepting, declining)

    def _accept(
        self, request: HttpRequest, proposal: RuleProposal, form: AcceptForm, *, decided: bool
    ) -> HttpResponse | None:
        """The list of what it touches, or, that list confirmed, the decision; None where it is refused."""
        kind, words = learning.Kind(form.cleaned_data["kind"]), form.cleaned_data["explanation"]
        with refusal_in_form(form):
            if not decided:
                impacts = panels.impacts(learning.rule_of(proposal, kind, words))
                return self._impact_page(request, proposal, form, impacts)
            seen = request.POST.get("seen", "")
            impacts = learning.accept(proposal, kind=kind, explanation=words, seen=seen, by=user_of(request))
            self._say(request, impacts)
            return redirect("admin:fieldwork_ruleproposal_decide", proposal.pk)
        return None

    @staticmethod
    def _say(request: HttpRequest, impacts: list[Impact]) -> None:
        told = sum(impact.newly_blocks for impact in impacts)
        text = ngettext(
            "The rule holds from now on. %(n)s open request is told.",
            "The rule holds from now on. %(n)s open requests are told.",
            told,
        )
        messages.success(request, text % {"n": told})

    def _impact_page(
        self, request: HttpRequest, proposal: RuleProposal, form: AcceptForm, impacts: list[Impact]
    ) -> HttpResponse:
        visits = learning.open_visits_of(impact.msa_request for impact in impacts)
        context = {
            **self.admin_site.each_context(request),
            "title": str(proposal),
            "opts": self.opts,
            "proposal": proposal,
            "kind": learning.Kind(form.cleaned_data["kind"]),
            "explanation": form.cleaned_data["explanation"],
            "impacts": impacts[:MOST_LISTED],
            "count": len(impacts),
            "more": max(len(impacts) - MOST_LISTED, 0),
            "visits": visits,
            "planned": sum(visit.scheduled_on is not None for visit in visits),
            "seen": products.digest(impacts),
        }
        return render(request, "admin/fieldwork/ruleproposal/impact.html", context)

    def _page(
        self, request: HttpRequest, proposal: RuleProposal, accepting: AcceptForm, declining: DeclineForm
    ) -> HttpResponse:
        reports = CloseOut.objects.filter(accepted=True, visit__in=proposal.visits.all())
        reports = reports.select_related("visit__order__round__msa_request__device", "by__user")
        context = {
            **self.admin_site.each_context(request),
            "title": str(proposal),
            "opts": self.opts,
            "proposal": proposal,
            "reports": reports.prefetch_related("reasons", "photos").order_by("-received_at"),
            "accepting": accepting,
            "declining": declining,
            "is_open": proposal.state == RuleProposal.State.OPEN,
            "may_decide": request.user.has_perm(_DECIDE),
            "visits": self._held(proposal),
        }
        return render(request, "admin/fieldwork/ruleproposal/decide.html", context)

    @staticmethod
    def _held(proposal: RuleProposal) -> list[SiteVisit]:
        """Of an accepted one: the visits still open that dispatch looks at first."""
        if proposal.state != RuleProposal.State.ACCEPTED:
            return []
        told = MSARequest.objects.filter(
            events__kind=EventKind.PANEL_RULE_ADDED, events__codes__proposal=proposal.pk
        ).distinct()
        held = learning.held(SiteVisit.objects.filter(order__round__msa_request__in=told))
        return list(
            held.select_related("order__round__msa_request", "technician__user").order_by("scheduled_on", "pk")
        )
