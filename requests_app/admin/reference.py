"""Reference data in the admin: who changed what is kept beside each row."""

from __future__ import annotations

from copy import copy
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from msa_portal.admin.history import KeptAdmin
from msa_portal.approvals.desk import EffectiveForm, TwoPersonAdmin
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from msa_portal.guards import user_of
from msa_portal.validators import one_line
from requests_app.admin.confirm_rule_change import ConfirmsRuleChange
from requests_app.application import steps
from requests_app.enums import PLACES_DEVICE, Companion, RequestType
from requests_app.models import (
    AgreementWording,
    CorrectionReason,
    OutcomeReason,
    Product,
    ProgramSettings,
    ServiceAccount,
)
from requests_app.rule_changes import products as product_rule_changes
from requests_app.rule_changes import wordings
from requests_app.rule_changes.products import Impact, end_approval


class DocumentTitlesField(forms.CharField):
    """A list as lines of text, one title a line."""

    widget = forms.Textarea
    most, longest = 10, 80

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return list(
            dict.fromkeys(
                " ".join(line.split()) for line in (super().to_python(value) or "").splitlines() if line.strip()
            )
        )

    def validate(self, value: Any) -> None:
        if len(value) > self.most or any(len(title) > self.longest for title in value):
            raise ValidationError(
                _("Enter at most %(most)s titles of at most %(longest)s letters, one a line."),
                params={"most": self.most, "longest": self.longest},
            )
        for title in value:
            one_line(title)

    def run_validators(self, value: Any) -> None:
        """Each title was looked at by itself."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


class ProductForm(forms.ModelForm):
    request_types = forms.MultipleChoiceField(
        label=_("request types"),
        choices=[
            (request_type.value, request_type.label) for request_type in RequestType if request_type in PLACES_DEVICE
        ],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Which requests may name it (E6). None ticked: each type that puts a device in."),
    )
    required_companions = forms.MultipleChoiceField(
        label=_("further devices that it needs"),
        choices=Companion.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They must be there or planned (E18). Not confirmed: leave it empty."),
    )
    required_documents = DocumentTitlesField(
        label=_("documents that it asks for"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One title a line. Customers are asked for each, as a PDF or a photo (R5)."),
    )

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
class ProductAdmin(ConfirmsRuleChange):
    form = ProductForm
    list_display = [
        "manufacturer",
        "model",
        "part_number",
        "isolating",
        "needs",
        "max_service_amps",
        "approved_from",
        "approved_until",
        "approved_today",
        "verified",
    ]
    list_display_links = ["manufacturer", "model"]
    list_filter = ["isolating", "verified"]
    search_fields = ["manufacturer", "model", "part_number"]
    fieldsets = [
        (None, {"fields": ["manufacturer", "model", "part_number"]}),
        (_("What it is"), {"fields": ["isolating", "max_service_amps", "serial_pattern", "serial_sample", "notes"]}),
        (
            _("What goes with it"),
            {"fields": ["request_types", "required_companions", "required_documents", "next_steps"]},
        ),
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
    who_is_told = _("Customers and agents who have not sent the request yet get a mail where the device is ruled out.")

    @admin.display(description=_("needs"))
    def needs(self, product: Product) -> str:
        return product.companions_in_words or "–"

    @admin.display(description=_("approved today"), boolean=True)
    def approved_today(self, product: Product) -> bool:
        return product.is_approved_on(local_day(timezone.now()))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A product in use is never deleted: its approval ends instead."""
        return super().has_delete_permission(request, obj) and not (obj and obj.msa_requests.exists())

    @admin.action(description=_("End the approval after today"), permissions=["change"])
    def end_approval_today(self, request: HttpRequest, products: models.QuerySet[Product]) -> HttpResponse | None:
        today, ended = local_day(timezone.now()), 0
        page = self._before_ending(request, products, today)
        if page is not None:
            return page
        for product in products:
            try:
                end_approval(product, on=today, by=user_of(request))
                ended += 1
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
        if ended:
            text = ngettext(
                "The approval of one product ends today.", "The approval of %(n)s products ends today.", ended
            )
            self.message_user(request, text % {"n": ended}, messages.SUCCESS)
        return None

    def _before_ending(
        self, request: HttpRequest, products: models.QuerySet[Product], today: date
    ) -> HttpResponse | None:
        impacts: list[Impact] = []
        for old in products:
            if old.is_approved_on(today):
                new = copy(old)
                new.approved_until = today
                impacts += product_rule_changes.impacts(old, new)
        title = _now("End the approval after today?")
        return self.ask_first(request, impacts, title, reverse("admin:requests_app_product_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A save that changes what open requests are told lists them first, and saves on the second word."""
        old = self.get_object(request, object_id)
        if request.method == "POST" and old is not None and self.has_change_permission(request, old):
            form = self.get_form(request, old, change=True)(request.POST, request.FILES, instance=copy(old))
            if form.is_valid():
                title = _now("Change the rules of %(product)s?") % {"product": old}
                page = self.ask_first(request, product_rule_changes.impacts(old, form.instance), title, request.path)
                if page is not None:
                    return page
        return super().change_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        impacts = product_rule_changes.save(obj, by=user_of(request))
        self.say_how_many(request, impacts)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        product = kwargs.get("obj")
        if product and super().has_delete_permission(request) and not self.has_delete_permission(request, product):
            text = _now("Requests name this product, so it can't be deleted. Enter a last day of approval instead.")
            self.message_user(request, text, messages.INFO)
        return super().render_change_form(request, context, *args, **kwargs)


class CodedReasonAdmin(TwoPersonAdmin):
    """A code is what events and reports name: once it is there it stays. Two people publish the words (D23)."""

    search_fields = ["code", "title", "explanation", "rule"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Not as a class attribute: the page of an earlier version reads that, and has no field for the code."""
        return {} if obj else {"code": ["title"]}


@admin.register(OutcomeReason)
class OutcomeReasonAdmin(CodedReasonAdmin):
    list_display = ["title", "rule", "responsible", "proof", "at_site", "is_active", "position"]
    list_filter = ["responsible", "at_site", "is_active"]


class CorrectionReasonForm(EffectiveForm):
    field = forms.ChoiceField(
        label=_("field of the form"), required=False, help_text=_("Empty where it concerns no single field.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names: Any = [("", "---------"), *((name, steps.label(name)) for name in steps.ALL_FIELDS)]
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
    """The system of record as imported: changed by the next import, and by a record keeper, who screens nothing (D23)."""

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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not _screens(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _screens(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _screens(request: HttpRequest) -> bool:
    """People who decide by the record don't write it, with whatever other roles they hold; superusers may screen."""
    return user_of(request).has_perm("requests_app.screen_msarequest")


class ProgramSettingsForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self._check_order(
            cleaned, "last_reminder_days", "first_reminder_days", _("The last reminder comes after the first.")
        )
        self._check_order(cleaned, "nudge_days", "draft_life_days", _("The nudge comes within the draft's life."))
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
class ProgramSettingsAdmin(TwoPersonAdmin):
    """One row, always there: changed, never added or deleted. Two people change what decides about money (D23)."""

    form = ProgramSettingsForm

    def needs_two(self, form: Any) -> bool:
        return not ProgramSettings.ABOUT_MONEY.isdisjoint(form.changed_data)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AgreementWording)
class AgreementWordingAdmin(KeptAdmin):
    """Drafts are edited; one that is proposed or published stays as it is (D19, D23)."""

    list_display = ["version", "title", "is_sample", "effective_on", "published_at", "published_by"]
    list_filter = ["is_sample"]
    readonly_fields = ["published_at", "published_by"]
    actions = ["propose_publishing"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj and (obj.published_at or wordings.waiting_for(obj)):
            return [field.name for field in obj._meta.fields if field.editable and not field.primary_key]
        return list(self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.published_at)

    @admin.action(description=_("Propose for publishing: another supervisor approves it"), permissions=["change"])
    def propose_publishing(
        self, request: HttpRequest, queryset: models.QuerySet[AgreementWording]
    ) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, _("Choose one wording."), messages.ERROR)
            return None
        try:
            proposal = wordings.propose(queryset.get(), by=user_of(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return None
        self.message_user(request, _("Proposed. Another supervisor approves it."), messages.SUCCESS)
        return redirect("admin:approvals_proposal_change", proposal.pk)
