"""Yards, districts, skills, and how long visits take."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork.models import District, DistrictZip, Skill, VisitDuration, Yard
from fieldwork.schedule import positions
from msa_portal.admin.history import KeptAdmin
from msa_portal.guards import user_of
from requests_app.enums import RequestType


@admin.register(Yard)
class YardAdmin(admin.ModelAdmin):
    list_display = ["name", "latitude", "longitude"]
    search_fields = ["name"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DistrictForm(forms.ModelForm):
    zip_codes = forms.CharField(
        label=gettext_lazy("ZIP codes"),
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"}),
        help_text=gettext_lazy("Five digits each, with spaces, commas or new lines between them."),
    )

    class Meta:
        model = District
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["zip_codes"] = " ".join(self.instance.zips.values_list("zip_code", flat=True))

    def clean_zip_codes(self) -> list[str]:
        codes = list(dict.fromkeys(re.split(r"[\s,;]+", self.cleaned_data["zip_codes"].strip())))
        wrong = [code for code in codes if not re.fullmatch(r"[0-9]{5}", code)]
        if wrong:
            raise forms.ValidationError(_("Not five digits: %(codes)s.") % {"codes": ", ".join(wrong[:10])})
        taken = DistrictZip.objects.filter(zip_code__in=codes).exclude(district=self.instance.pk)
        others = [f"{row.zip_code} ({row.district})" for row in taken.select_related("district")]
        if others:
            words = _("In another district already: %(codes)s. Take them out there first.")
            raise forms.ValidationError(words % {"codes": ", ".join(others[:10])})
        return codes


@admin.register(District)
class DistrictAdmin(KeptAdmin):
    """A ZIP code is in one district. Open orders follow when a district changes."""

    form = DistrictForm
    list_display = ["name", "zip_count"]
    search_fields = ["name", "zips__zip_code"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[District]:
        return super().get_queryset(request).annotate(zip_count=Count("zips"))

    @admin.display(description=gettext_lazy("ZIP codes"))
    def zip_count(self, row: Any) -> int:
        return row.zip_count

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        positions.draw_district(form.instance, form.cleaned_data["zip_codes"], by=user_of(request))


class SkillForm(forms.ModelForm):
    request_types = forms.MultipleChoiceField(
        label=gettext_lazy("Needed for the request types"),
        choices=RequestType.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Skill
        fields = ["title", "code", "request_types", "devices"]


@admin.register(Skill)
class SkillAdmin(admin.ModelAdmin):
    """Which technicians have it stands with the technician."""

    form = SkillForm
    list_display = ["title", "code", "needed_for"]
    search_fields = ["title", "code"]
    filter_horizontal = ["devices"]
    prepopulated_fields = {"code": ["title"]}

    @admin.display(description=gettext_lazy("needed for the request types"))
    def needed_for(self, row: Skill) -> str:
        return ", ".join(str(RequestType(kind).label) for kind in row.request_types) or "-"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VisitDurationForm(forms.ModelForm):
    class Meta:
        model = VisitDuration
        fields = ["request_type", "device", "set_minutes"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, device = cleaned.get("request_type"), cleaned.get("device")
        rows = VisitDuration.objects.exclude(pk=self.instance.pk).filter(request_type=kind, device=device)
        if kind and rows.exists():
            self.add_error("request_type", _("This type and device have a row already. Change that one."))
        return cleaned


@admin.register(VisitDuration)
class VisitDurationAdmin(admin.ModelAdmin):
    """The nightly task learns what closed visits took; a figure of staff goes before it."""

    form = VisitDurationForm
    list_display = ["request_type", "device", "set_minutes", "learned_minutes", "samples", "learned_at"]
    list_filter = ["request_type"]
    list_select_related = ["device"]
    readonly_fields = ["learned_minutes", "samples", "learned_at"]
    fields = ["request_type", "device", "set_minutes", "learned_minutes", "samples", "learned_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
