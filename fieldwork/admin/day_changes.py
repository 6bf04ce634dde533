"""Wishes for another day that none of the offers met: dispatch moves the visit, or says that its day stays."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fieldwork.admin.base import ReadOnlyAdmin
from fieldwork.day_changes import answers
from fieldwork.models import DayChange
from msa_portal import formats
from msa_portal.errors import Refused


@admin.register(DayChange)
class DayChangeAdmin(ReadOnlyAdmin):
    """Moving the visit answers the wish by itself."""

    list_display = ["reference", "was_on", "was_window", "state", "unsuitable", "asked_at", "move"]
    list_filter = ["state"]
    search_fields = ["order__number", "order__round__msa_request__reference"]
    list_select_related = ["order__round__msa_request"]
    actions = ["keep_the_day"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DayChange]:
        return super().get_queryset(request).prefetch_related("order__unsuitable_days")

    @admin.display(description=gettext_lazy("request"))
    def reference(self, row: DayChange) -> str:
        return str(row.order.round.msa_request)

    @admin.display(description=gettext_lazy("does not suit"))
    def unsuitable(self, row: DayChange) -> str:
        return ", ".join(f"{formats.day(day.on)} {day.get_part_display()}" for day in row.order.unsuitable_days.all())

    @admin.display(description=gettext_lazy("visit"))
    def move(self, row: DayChange) -> str:
        address = reverse("admin:fieldwork_sitevisit_schedule", args=[row.visit_id])
        return format_html('<a href="{}">{}</a>', address, _("Plan the visit"))

    def has_answer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fieldwork.schedule_sitevisit")

    @admin.action(description=gettext_lazy("Answer: the day stays as it is"), permissions=["answer"])
    def keep_the_day(self, request: HttpRequest, queryset: QuerySet[DayChange]) -> None:
        """Each on its own; one that was answered meanwhile says so and does not hold up the others."""
        kept = 0
        for wish in queryset.select_related("order__round__msa_request"):
            try:
                answers.keep(wish, by=_user(request))
            except Refused as refusal:
                self.message_user(request, f"{self.reference(wish)}: {refusal}", messages.ERROR)
            else:
                kept += 1
        if kept:
            words = ngettext("%d customer is told.", "%d customers are told.", kept)
            self.message_user(request, words % kept, messages.SUCCESS)


def _user(request: HttpRequest) -> Any:
    return request.user
