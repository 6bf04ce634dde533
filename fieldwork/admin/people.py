"""Technicians: where they start, what they can do, and when they work."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fieldwork.models import Absence, SiteVisit, Technician, WorkingHours
from fieldwork.schedule import facts, shifts
from msa_portal.business_days.calendar import local_day


class TechnicianForm(forms.ModelForm):
    """A yard comes before a home; half a position is none."""

    class Meta:
        model = Technician
        fields = ["user", "home_latitude", "home_longitude"]  # the admin's fieldsets say which
        labels = {
            "home_latitude": gettext_lazy("Home: latitude"),
            "home_longitude": gettext_lazy("Home: longitude"),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        latitude, longitude = cleaned.get("home_latitude"), cleaned.get("home_longitude")
        wrong = {"home_latitude", "home_longitude"} & set(self.errors)
        if not wrong and (latitude is None) != (longitude is None):
            empty = "home_latitude" if latitude is None else "home_longitude"
            self.add_error(empty, _("Enter both latitude and longitude of the home, or neither."))
        return cleaned


class WorkingHoursForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", _("The day ends before it begins. Enter a later time."))
        return cleaned


class AbsenceForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        from_on, until_on = cleaned.get("from_on"), cleaned.get("until_on")
        if from_on and until_on and until_on < from_on:
            self.add_error("until_on", _("The last day is before the first. Enter that day or a later one."))
        return cleaned


class OneRowPerWeekday(forms.BaseInlineFormSet):
    def clean(self) -> None:
        seen: set[int] = set()
        for form in self.forms:
            weekday = form.cleaned_data.get("weekday") if hasattr(form, "cleaned_data") else None
            if weekday is None or form.cleaned_data.get("DELETE"):
                continue
            if weekday in seen:
                form.add_error("weekday", _("This weekday stands there twice. Keep one row of it."))
            seen.add(weekday)

    def validate_unique(self) -> None:
        """Said above, in words."""


class WorkingHoursInline(admin.TabularInline):
    model = WorkingHours
    form = WorkingHoursForm
    formset = OneRowPerWeekday
    extra = 0
    max_num = 5
    verbose_name_plural = gettext_lazy("working hours (none: Monday to Friday, 8 a.m. to 5 p.m.)")


class AbsenceInline(admin.TabularInline):
    """Those that are over are not shown: there would be more of them every year."""

    model = Absence
    form = AbsenceForm
    extra = 0
    verbose_name_plural = gettext_lazy("absences from today on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Absence]:
        return super().get_queryset(request).filter(until_on__gte=local_day(timezone.now()))


@admin.register(Technician)
class TechnicianAdmin(admin.ModelAdmin):
    form = TechnicianForm
    list_display = ["user", "employee_number", "is_active", "yard", "daily_minutes"]
    list_filter = ["is_active", "yard", "districts", "skills"]
    list_select_related = ["user", "yard"]
    search_fields = ["user__name", "employee_number"]
    autocomplete_fields = ["user"]
    filter_horizontal = ["districts", "skills"]
    inlines = [WorkingHoursInline, AbsenceInline]
    fieldsets = [
        (None, {"fields": ["user", "employee_number", "is_active"]}),
        (
            gettext_lazy("Where the day begins and ends"),
            {
                "fields": ["yard", "home_latitude", "home_longitude"],
                "description": gettext_lazy(
                    "At the yard, else at home. With neither, driving is reckoned from the middle of the day's sites."
                ),
            },
        ),
        (
            gettext_lazy("What and how much"),
            {
                "fields": ["districts", "skills", "daily_minutes"],
                "description": gettext_lazy("No district chosen: goes anywhere."),
            },
        ),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Whoever enters an absence hears at once which visits stand in it: nothing moves by itself."""
        super().save_related(request, form, formsets, change)
        count = visits_without_technician(form.instance)
        if count:
            words = ngettext(
                "%(count)d visit stands on a day on which %(technician)s does not work. Move it on the board.",
                "%(count)d visits stand on days on which %(technician)s does not work. Move them on the board.",
                count,
            )
            messages.warning(request, words % {"count": count, "technician": form.instance})


def visits_without_technician(technician: Technician) -> int:
    """How many open visits are placed or published on days, from today on, that are no work of this technician."""
    today = local_day(timezone.now())
    rows = facts.with_relations(SiteVisit.objects.filter(facts.stands_with(technician.pk, today)))
    slots = {row.pk: facts.board_slot(row) or facts.published_slot(row) for row in rows}
    days = {slot.on for slot in slots.values() if slot}
    if not days:
        return 0
    rota = shifts.load(min(days), max(days))
    return sum(not rota.covers(slot.technician, slot.on, slot.window) for slot in slots.values() if slot)
