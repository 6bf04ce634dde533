"""What panel models stand in the way: those with double-sided clips (E8), and what visits taught (E7)."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from msa_portal.guards import user_of
from requests_app.admin.confirm_rule_change import ConfirmsRuleChange
from requests_app.models import IncompatiblePanel, PanelRestriction, normalized_panel_model
from requests_app.rule_changes import panels


def long_enough(model: str) -> str:
    """Its normalized form, long enough that a longer suffix does not take in other panels."""
    normalized = normalized_panel_model(model)
    if len(normalized) < panels.SHORTEST_MODEL:
        raise ValidationError(
            _("Enter at least %(least)s letters and digits: every model that begins with them is refused."),
            params={"least": panels.SHORTEST_MODEL},
        )
    return normalized


class PanelRuleAdmin(ConfirmsRuleChange):
    """Added or changed through the service that tells the open requests; the list of them comes first."""

    who_is_told = _("Customers and agents get a mail where the rule speaks against their panel.")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        old = self.get_object(request, object_id) if object_id else None
        may = self.has_change_permission(request, old) if old else self.has_add_permission(request)
        if request.method == "POST" and may and bool(old) == bool(object_id):
            form = self.get_form(request, old, change=bool(old))(request.POST, instance=copy(old))
            if form.is_valid():
                impacts = panels.impacts(form.instance)
                page = self.ask_first(request, impacts, _now("Save this rule about a panel model?"), request.path)
                if page is not None:
                    return page
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        impacts = panels.save(obj, by=user_of(request))
        self.say_how_many(request, impacts)


class IncompatiblePanelForm(forms.ModelForm):
    def clean_model(self) -> str:
        """Long enough that a longer suffix does not take in other panels, and not there yet (E8)."""
        model = self.cleaned_data["model"]
        normalized = long_enough(model)
        for other in IncompatiblePanel.objects.exclude(pk=self.instance.pk):
            if normalized.startswith(other.normalized):
                raise ValidationError(
                    _("“%(other)s” is on the list and covers this model already."), params={"other": other}
                )
        return str(model)


@admin.register(IncompatiblePanel)
class IncompatiblePanelAdmin(PanelRuleAdmin):
    form = IncompatiblePanelForm
    list_display = ["model", "note"]
    search_fields = ["model", "normalized", "note"]


class PanelRestrictionForm(forms.ModelForm):
    def clean_panel_model(self) -> str:
        long_enough(self.cleaned_data["panel_model"])
        return str(self.cleaned_data["panel_model"])

    def clean_explanation(self) -> str:
        return panels.sentence(self.cleaned_data["explanation"])

    def clean(self) -> dict[str, Any]:
        """One rule for each panel model and device, however the model is written."""
        cleaned: dict[str, Any] = super().clean() or {}
        twins = PanelRestriction.objects.filter(
            normalized=normalized_panel_model(cleaned.get("panel_model", "")), device=cleaned.get("device")
        )
        if twins.exclude(pk=self.instance.pk).exists():
            self.add_error("panel_model", _("There is such a rule already. Change that one."))
        return cleaned


@admin.register(PanelRestriction)
class PanelRestrictionAdmin(PanelRuleAdmin):
    form = PanelRestrictionForm
    list_display = ["panel_model", "device", "explanation", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["device"]
    search_fields = ["panel_model", "normalized", "explanation"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rule that no longer holds goes out of use; what it said stays."""
        return False
