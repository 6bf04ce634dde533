from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from msa_portal.admin.history import KeptAdmin
from msa_portal.business_days.models import ClosureDay

_SATURDAY = 5


class ClosureDayForm(forms.ModelForm):
    def clean_on(self) -> Any:
        on = self.cleaned_data["on"]
        if on.weekday() >= _SATURDAY:
            raise forms.ValidationError(_("This day is on a weekend, which is never a business day. Enter a weekday."))
        return on


@admin.register(ClosureDay)
class ClosureDayAdmin(KeptAdmin):
    """Days that are no business days (D7). Open deadlines are reckoned anew from what stands here."""

    form = ClosureDayForm
    list_display = ["on", "name", "kind"]
    list_filter = ["kind"]
    date_hierarchy = "on"
    search_fields = ["name"]
    ordering = ["-on"]
