"""The fee schedule in the admin."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from msa_portal import formats
from msa_portal.admin.history import KeptAdmin
from payments.models import FeeSchedule


class FeeScheduleForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        """One fee a type and day: the days of two schedules of a type do not overlap."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("effective_from"), cleaned.get("effective_until")
        if first and last and last < first:
            self.add_error(
                "effective_until", _("The last day is before the first. Enter a later one, or leave it empty.")
            )
        elif first and cleaned.get("request_type"):
            self._check_overlap(cleaned["request_type"], first, last or date.max)
        return cleaned

    def _check_overlap(self, request_type: str, first: date, last: date) -> None:
        others = FeeSchedule.objects.filter(request_type=request_type).exclude(pk=self.instance.pk)
        for other in others:
            if other.effective_from <= last and first <= (other.effective_until or date.max):
                self.add_error("effective_from", self._overlaps(other))

    def _overlaps(self, other: FeeSchedule) -> ValidationError:
        return ValidationError(
            _("The schedule in force from %(day)s overlaps with this one. Give that one a last day first."),
            params={"day": formats.day(other.effective_from)},
        )


@admin.register(FeeSchedule)
class FeeScheduleAdmin(KeptAdmin):
    """What a visit costs, in cents. A fee that was quoted keeps its amount for two weeks (D9)."""

    form = FeeScheduleForm
    list_display = ["request_type", "amount", "effective_from", "effective_until"]
    list_filter = ["request_type"]
    fields = ["request_type", "amount_cents", "effective_from", "effective_until"]

    @admin.display(description=_("amount"), ordering="amount_cents")
    def amount(self, schedule: FeeSchedule) -> str:
        return formats.usd(schedule.amount_cents)
