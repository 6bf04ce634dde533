"""Signatures on paper: the queue, the page to decide on, and the reasons to send pages back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal.errors import Refused
from msa_portal.guards import user_of
from requests_app.admin import decisions
from requests_app.admin.reference import CodedReasonAdmin
from requests_app.enums import PaperState, Party
from requests_app.forms.paper import DecisionForm
from requests_app.models import PaperReason, PaperSigning
from requests_app.signing import paper


@admin.register(PaperReason)
class PaperReasonAdmin(CodedReasonAdmin):
    list_display = ["title", "code", "is_active", "position"]


class WaitingFilter(admin.SimpleListFilter):
    title = gettext_lazy("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", gettext_lazy("Waits for a decision"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PaperSigning]) -> QuerySet[PaperSigning]:
        rows: Any = queryset
        return rows.waiting() if self.value() == "waiting" else queryset


@admin.register(PaperSigning)
class PaperSigningAdmin(admin.ModelAdmin):
    list_display = ["number", "party", "state", "sent_at"]
    list_filter = [WaitingFilter, "state"]
    list_select_related = ["agreement__msa_request"]
    search_fields = ["agreement__msa_request__reference", "agreement__msa_request__customer_name"]
    ordering = ["sent_at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("agreement"))
    def number(self, row: PaperSigning) -> str:
        return row.agreement.number

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A POST decides every section that waits."""
        row = self._row(request, object_id)
        form = DecisionForm(request.POST or None, paper=row) if row.state == PaperState.SENT else None
        status = 200
        if request.method == "POST" and form is not None and form.is_valid():
            try:
                decision = paper.decide(row, form.verdicts(), by=user_of(request))
            except Refused as refusal:
                messages.error(request, str(refusal))
                status = 409
            else:
                done = _("Saved. The signer is told where something goes back.")
                messages.success(request, decisions.decided(decision, done))
                return redirect("admin:requests_app_papersigning_change", row.pk)
        if request.method == "POST" and form is None:
            messages.error(request, _("These pages were decided on already. Nothing has changed."))
            status = 409
        context = {**self.admin_site.each_context(request), **self._context(request, row, form)}
        return render(request, "admin/requests_app/papersigning/review.html", context, status=status)

    def _row(self, request: HttpRequest, object_id: str) -> PaperSigning:
        if not self.has_view_permission(request) or not object_id.isdigit():
            raise Http404
        rows = PaperSigning.objects.select_related("agreement__msa_request", "agreement__document")
        row = rows.filter(pk=int(object_id)).first()
        if row is None:
            raise Http404
        return row

    def _context(self, request: HttpRequest, row: PaperSigning, form: DecisionForm | None) -> dict[str, Any]:
        facts = row.agreement.facts
        context: dict[str, Any] = {
            "title": row.agreement.number,
            "opts": self.opts,
            "paper": row,
            "msa_request": row.agreement.msa_request,
            "signer": facts["customer_name"] if row.party == Party.CUSTOMER else facts["agent"],
            "documents": row.documents.order_by("pk"),
            "form": form,
            **decisions.context(row.agreement.msa_request, user_of(request)),
            "may_screen": request.user.has_perm("requests_app.screen_msarequest"),
        }
        return context | {
            "may_decide": context["may_screen"] and context["waiting"] is None and not context["is_held"],
        }
