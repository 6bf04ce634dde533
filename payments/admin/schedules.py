"""The fee schedule in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from msa_portal import formats
from msa_portal.approvals.desk import TwoPersonAdmin
from msa_portal.business_days.calendar import local_day
from payments.models import FeeSchedule


class FeeScheduleForm(forms.ModelForm):
    def clean_effective_from(self) -> Any:
        day = self.cleaned_data["effective_from"]
        if day < local_day(timezone.now()):
            raise forms.ValidationError(_("A fee starts today or later. What was charged until now stays as it was."))
        return day


@admin.register(FeeSchedule)
class FeeScheduleAdmin(TwoPersonAdmin):
    """What a visit costs, in cents. A fee that was quoted keeps its amount for two weeks (D9)."""

    form = FeeScheduleForm
    list_display = ["request_type", "amount", "effective_from", "effective_until"]
    list_filter = ["request_type"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A new one holds until the next one's day, so nobody enters a last day."""
        until = ["effective_until"] if obj and obj.effective_until else []
        return ["request_type", "amount_cents", "effective_from", *until]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never edited: propose one that follows it."""
        return False

    @admin.display(description=_("amount"), ordering="amount_cents")
    def amount(self, schedule: FeeSchedule) -> str:
        return formats.usd(schedule.amount_cents)
