"""What technicians reported."""

from __future__ import annotations

from django.contrib import admin

from fieldwork.admin.base import ReadOnlyAdmin
from fieldwork.models import CloseOut


@admin.register(CloseOut)
class CloseOutAdmin(ReadOnlyAdmin):
    list_display = ["visit", "outcome", "by", "received_at", "accepted", "conflict"]
    list_filter = ["accepted", "outcome"]
    list_select_related = ["visit__order", "by__user"]
