"""Technicians, and where and when they work."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from fieldwork.models import Technician


@admin.register(Technician)
class TechnicianAdmin(admin.ModelAdmin):
    list_display = ["user", "employee_number", "is_active"]
    search_fields = ["user__name", "employee_number"]
    autocomplete_fields = ["user"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
