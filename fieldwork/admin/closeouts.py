"""What technicians reported, and the file that a phone exported."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork.admin.base import ReadOnlyAdmin
from fieldwork.admin.conflicts import ConflictViews
from fieldwork.models import CloseOut
from fieldwork.phone import outbox_file
from fieldwork.visits.checklists import checks_of
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_in_form


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


class OutboxFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File from the phone"),
        help_text=gettext_lazy("Its name begins with msa-outbox and ends with .json."),
        error_messages={"required": gettext_lazy("Choose the file that the technician sent you.")},
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
    )


@admin.register(CloseOut)
class CloseOutAdmin(ConflictViews, ReadOnlyAdmin):
    list_display = ["visit", "outcome", "by", "received_at", "via", "accepted", "conflict", "has_right_clock"]
    list_filter = ["accepted", "outcome"]
    list_select_related = ["visit__order", "by__user"]

    @admin.display(description=gettext_lazy("phone's clock"), boolean=True)
    def has_right_clock(self, row: CloseOut) -> bool | None:
        return None if row.clock_off_seconds is None else not row.clock_is_off

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.take_in_view)
        return [path("take-in/", view, name="fieldwork_closeout_take_in"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = request.user.has_perm("fieldwork.review_closeout")
        return super().changelist_view(request, (extra_context or {}) | {"may_take_in": may})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The report as a person reads it: outcome, checks, photos with marks and places, times."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request).select_related("visit__order__round__msa_request", "by__user", "reviewed_by")
        report = get_object_or_404(rows.prefetch_related("reasons", "photos__reason"), pk=_id(object_id))
        context = {
            **self.admin_site.each_context(request),
            "title": str(report.visit.order),
            "opts": self.opts,
            "report": report,
            "checks": checks_of(report),
            "others": report.visit.close_outs.exclude(pk=report.pk).select_related("by__user"),
            "may_settle": request.user.has_perm("fieldwork.review_closeout"),
        }
        return render(request, "admin/fieldwork/closeout/one.html", context)

    def take_in_view(self, request: HttpRequest) -> HttpResponse:
        """A POST takes in what can be taken in, and shows each report's fate; again, it changes nothing."""
        if not request.user.has_perm("fieldwork.review_closeout"):
            raise PermissionDenied
        form = OutboxFileForm(request.POST or None, request.FILES or None)
        lines: list[outbox_file.Line] = []
        if form.is_valid():
            with refusal_in_form(form, "file"):
                lines = outbox_file.take_in(form.cleaned_data["file"].file, by=user_of(request))
                self._log(request, lines)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Take in a phone's file"),
            "opts": self.opts,
            "form": form,
            "lines": lines,
        }
        status = 422 if form.errors else 200
        return render(request, "admin/fieldwork/closeout/take_in.html", context, status=status)

    def _log(self, request: HttpRequest, lines: list[outbox_file.Line]) -> None:
        """Who brought a report in stands in the admin's log: the report itself is the technician's."""
        for line in lines:
            if line.kept and line.is_new:
                self.log_addition(request, line.kept, _("Taken in from a phone's file."))
        if not lines:
            messages.info(request, _("The file holds no report: nothing waited on that phone."))
