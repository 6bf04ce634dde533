"""Reports that could not close their visit: dispatch looks at both and says what it found (faults 17, 20)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from fieldwork.admin.base import only
from fieldwork.board.forms import ReviewForm
from fieldwork.models import CloseOut
from fieldwork.visits import closeouts
from fieldwork.visits.checklists import checks_of
from msa_portal.accounts.models import User
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_as_message

REVIEW = "fieldwork.review_closeout"


class ConflictViews(ModelAdmin):
    """The pages for conflicts, beside the list of all close-outs."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("conflicts/", wrap(self.conflicts_view), name="fieldwork_closeout_conflicts"),
            path("conflicts/<uuid:report>/", wrap(self.conflict_view), name="fieldwork_closeout_conflict"),
            *super().get_urls(),
        ]

    @only(REVIEW)
    def conflicts_view(self, request: HttpRequest) -> HttpResponse:
        """Those that wait, the oldest first."""
        rows = unreviewed().select_related("by__user", "visit__order__round__msa_request").order_by("received_at")
        context = {**self._context(request, _("Conflicts of close-outs")), "rows": rows}
        return render(request, "admin/fieldwork/closeout/conflicts.html", context)

    @only(REVIEW)
    def conflict_view(self, request: HttpRequest, report: uuid.UUID) -> HttpResponse:
        """Both reports side by side, with their photos."""
        rows = CloseOut.objects.exclude(conflict="").select_related(
            "by__user", "reviewed_by", "visit__order__round__msa_request", "visit__technician__user"
        )
        kept = get_object_or_404(rows.prefetch_related("reasons", "photos__reason"), pk=report)
        closed_by = kept.visit.close_outs.filter(accepted=True).select_related("by__user", "visit")
        accepted = closed_by.prefetch_related("reasons", "photos__reason").first()
        form = ReviewForm(request.POST if request.method == "POST" else None, accepted=accepted)
        if form.is_valid():
            with refusal_as_message(request):
                messages.success(request, _settle(kept, form.cleaned_data, by=user_of(request)))
                return redirect("admin:fieldwork_closeout_conflicts")
        context = {
            **self._context(request, _("Conflict of %(order)s") % {"order": kept.visit.order}),
            "kept": kept,
            "visit": kept.visit,
            "accepted": accepted,
            "kept_checks": checks_of(kept),
            "accepted_checks": checks_of(accepted) if accepted else [],
            "form": form,
        }
        return render(request, "admin/fieldwork/closeout/conflict.html", context, status=422 if form.is_bound else 200)

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts}


def _settle(kept: CloseOut, decided: dict[str, Any], *, by: User) -> str:
    """Returns what was done, in words."""
    if decided["stands"] == ReviewForm.CHOOSE:
        closeouts.let_stand(kept, instead_of=decided["instead_of"], by=by, note=decided["note"])
        return _("This report stands now. Status, fee and emails follow it; the other one is kept.")
    closeouts.review(kept, by=by, note=decided["note"])
    return _("Looked at. Your note stays with the report.")


def unreviewed() -> Any:
    return CloseOut.objects.exclude(conflict="").filter(reviewed_at__isnull=True)
