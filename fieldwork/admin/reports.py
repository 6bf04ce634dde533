"""What technicians reported."""

from __future__ import annotations

from django.contrib import admin

from fieldwork.admin.base import ReadOnlyAdmin
from fieldwork.admin.conflicts import ConflictViews
from fieldwork.models import CloseOut


@admin.register(CloseOut)
class CloseOutAdmin(ConflictViews, ReadOnlyAdmin):
    list_display = ["visit", "outcome", "by", "received_at", "accepted", "conflict"]
    list_filter = ["accepted", "outcome"]
    list_select_related = ["visit__order", "by__user"]
    change_list_template = "admin/fieldwork/closeout/list.html"
