"""Reference data in the admin: who changed what is kept beside each row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from msa_portal.history_admin import KeptAdmin
from requests_app import form_steps
from requests_app.models import (
    AgreementWording,
    CorrectionReason,
    IncompatiblePanel,
    OutcomeReason,
    Product,
    ProgramSettings,
    ServiceAccount,
    normalized_panel_model,
)
from requests_app.reference import end_approval, publish_wording

SHORTEST_PANEL_MODEL = 5


class ProductForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        """One product, one row: the model's own constraint sees an empty part number as its own kind."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("approved_from"), cleaned.get("approved_until")
        if last and not first:
            self.add_error("approved_from", _("An approval that ends has to begin: enter its first day."))
        elif first and last and last < first:
            self.add_error(
                "approved_until", _("The last day is before the first. Enter a later one, or leave it empty.")
            )
        return cleaned


@admin.register(Product)
class ProductAdmin(KeptAdmin):
    form = ProductForm
    list_display = [
        "manufacturer",
        "model",
        "part_number",
        "isolating",
        "requires_storage",
        "max_service_amps",
        "approved_from",
        "approved_until",
        "approved_today",
        "verified",
    ]
    list_display_links = ["manufacturer", "model"]
    list_filter = ["isolating", "requires_storage", "verified"]
    search_fields = ["manufacturer", "model", "part_number"]
    fieldsets = [
        (None, {"fields": ["manufacturer", "model", "part_number"]}),
        (_("What it is"), {"fields": ["isolating", "requires_storage", "max_service_amps", "notes"]}),
        (
            _("Approval"),
            {
                "description": _("Outside these days nobody can choose the product (E6). Both days count."),
                "fields": ["approved_from", "approved_until"],
            },
        ),
        (_("Where the facts come from"), {"fields": ["source", "verified"]}),
    ]
    actions = ["end_approval_today"]

    @admin.display(description=_("approved today"), boolean=True)
    def approved_today(self, product: Product) -> bool:
        return product.is_approved_on(local_day(timezone.now()))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A product in use is never deleted: its approval ends instead."""
        return super().has_delete_permission(request, obj) and not (obj and obj.msa_requests.exists())

    @admin.action(description=_("End the approval after today"), permissions=["change"])
    def end_approval_today(self, request: HttpRequest, products: models.QuerySet[Product]) -> None:
        today, ended = local_day(timezone.now()), 0
        for product in products:
            try:
                end_approval(product, on=today, by=request.user)  # type: ignore[arg-type]  # the admin lets nobody else in
                ended += 1
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
        if ended:
            text = ngettext(
                "The approval of one product ends today.", "The approval of %(n)s products ends today.", ended
            )
            self.message_user(request, text % {"n": ended}, messages.SUCCESS)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        product = kwargs.get("obj")
        if product and super().has_delete_permission(request) and not self.has_delete_permission(request, product):
            text = _now("Requests name this product, so it can't be deleted. Enter a last day of approval instead.")
            self.message_user(request, text, messages.INFO)
        return super().render_change_form(request, context, *args, **kwargs)


class IncompatiblePanelForm(forms.ModelForm):
    def clean_model(self) -> str:
        """Long enough that a longer suffix does not take in other panels, and not there yet (E8)."""
        model = self.cleaned_data["model"]
        normalized = normalized_panel_model(model)
        if len(normalized) < SHORTEST_PANEL_MODEL:
            raise ValidationError(
                _("Enter at least %(least)s letters and digits: every model that begins with them is refused."),
                params={"least": SHORTEST_PANEL_MODEL},
            )
        for other in IncompatiblePanel.objects.exclude(pk=self.instance.pk):
            if normalized.startswith(other.normalized):
                raise ValidationError(
                    _("“%(other)s” is on the list and covers this model already."), params={"other": other}
                )
        return str(model)


@admin.register(IncompatiblePanel)
class IncompatiblePanelAdmin(KeptAdmin):
    form = IncompatiblePanelForm
    list_display = ["model", "note"]
    search_fields = ["model", "normalized", "note"]


class CodedReasonAdmin(KeptAdmin):
    """A code is what events and reports name: once it is there it stays."""

    search_fields = ["code", "title", "explanation", "rule"]
    prepopulated_fields = {"code": ["title"]}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else super().get_prepopulated_fields(request, obj)


@admin.register(OutcomeReason)
class OutcomeReasonAdmin(CodedReasonAdmin):
    list_display = ["title", "rule", "responsible", "at_site", "is_active", "position"]
    list_filter = ["responsible", "at_site", "is_active"]


class CorrectionReasonForm(forms.ModelForm):
    field = forms.ChoiceField(
        label=_("field of the form"), required=False, help_text=_("Empty where it concerns no single field.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names: Any = [("", "---------"), *((name, form_steps.label(name)) for name in form_steps.ALL_FIELDS)]
        choices: Any = self.fields.get("field")
        if choices is not None:
            choices.choices = names

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") == "cannot_be_served" and not cleaned.get("field"):
            self.add_error("field", _("Name the fact that cannot be served, so that the customer can dispute it."))
        return cleaned


@admin.register(CorrectionReason)
class CorrectionReasonAdmin(CodedReasonAdmin):
    form = CorrectionReasonForm
    list_display = ["title", "check_code", "rule", "field", "kind", "is_active", "position"]
    list_filter = ["check_code", "kind", "is_active"]


@admin.register(ServiceAccount)
class ServiceAccountAdmin(KeptAdmin):
    """The system of record as imported: looked at here, changed by the next import."""

    list_display = [
        "account_number",
        "name",
        "street",
        "city",
        "zip_code",
        "service_class",
        "meter_kind",
        "imported_at",
    ]
    list_filter = ["service_class", "meter_kind"]
    search_fields = ["account_number", "name", "street", "zip_code", "meter_number"]
    readonly_fields = ["imported_at"]
    show_full_result_count = False


class ProgramSettingsForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self._check_order(
            cleaned, "last_reminder_days", "first_reminder_days", _("The last reminder comes after the first.")
        )
        self._check_order(
            cleaned, "first_reminder_days", "draft_life_days", _("The first reminder comes within the draft's life.")
        )
        self._check_order(
            cleaned,
            "service_order_from_days",
            "service_order_to_days",
            _("The earliest service order is not later than the latest."),
        )
        return cleaned

    def _check_order(self, cleaned: dict[str, Any], smaller: str, larger: str, message: Any) -> None:
        low, high = cleaned.get(smaller), cleaned.get(larger)
        if low is not None and high is not None and low > high:
            self.add_error(smaller, message)


@admin.register(ProgramSettings)
class ProgramSettingsAdmin(KeptAdmin):
    """One row, always there: changed, never added or deleted."""

    form = ProgramSettingsForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AgreementWording)
class AgreementWordingAdmin(KeptAdmin):
    """Drafts are edited; a wording that is published stays as it was signed (D19)."""

    list_display = ["version", "title", "is_sample", "published_at", "published_by"]
    list_filter = ["is_sample"]
    readonly_fields = ["published_at", "published_by"]
    actions = ["publish"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj and obj.published_at:
            return [field.name for field in obj._meta.fields if field.editable and not field.primary_key]
        return list(self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.published_at)

    @admin.action(description=_("Publish: new agreements use it from now on"), permissions=["change"])
    def publish(self, request: HttpRequest, wordings: models.QuerySet[AgreementWording]) -> None:
        if wordings.count() != 1:
            self.message_user(request, _("Choose one wording: the newest published one is in force."), messages.ERROR)
            return
        try:
            wording = publish_wording(wordings.get(), by=request.user)  # type: ignore[arg-type]  # the admin lets nobody else in
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return
        self.message_user(request, _("%(wording)s is in force now.") % {"wording": wording}, messages.SUCCESS)
