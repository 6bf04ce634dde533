"""What the public API takes and gives, as docs/api.md has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from requests_app import enums
from requests_app.api.fields import StrictBooleanField, StrictCharField, StrictChoiceField, StrictIntegerField
from requests_app.eligibility import RULES, Finding, Outcome, Severity
from requests_app.models import Product

MOST_AMPS = 32_767


def _choice(choices: Any, help_text: Any = "") -> StrictChoiceField:
    return StrictChoiceField(choices=choices.choices, required=False, allow_null=True, help_text=help_text)


def _amps(help_text: Any) -> StrictIntegerField:
    return StrictIntegerField(required=False, allow_null=True, min_value=0, max_value=MOST_AMPS, help_text=help_text)


def _yes_no(help_text: Any) -> StrictBooleanField:
    return StrictBooleanField(required=False, allow_null=True, help_text=help_text)


class EligibilityQuestionSerializer(serializers.Serializer[Any]):
    """Every field but `request_type` is optional; `null` is the same as missing. No other field may stand here."""

    request_type = StrictChoiceField(choices=enums.RequestType.choices)
    service_class = _choice(enums.ServiceClass)
    meter_kind = _choice(enums.MeterKind)
    service = _choice(enums.Service)
    service_entrance = _choice(enums.ServiceEntrance, _("Never a reason: overhead service is fine."))
    service_amps = _amps(_("Rating of the service, in amps."))
    panel_rating_amps = _amps(_("Rating of the panel, in amps, as its label says."))
    panel_model = StrictCharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=200,
        help_text=_("Model on the panel's label. Spaces, dashes and case do not matter."),
    )
    panel_model_confirmed = _yes_no(
        _("The label says this panel model and not the one that an earlier answer asked about.")
    )
    double_sided_clips = _yes_no(_("Double-sided clips hold the bus bars."))
    backfeed_amps = _amps(_("Back-feed: what the system can send toward the panel, in amps."))
    device = StrictIntegerField(
        required=False, allow_null=True, help_text=_("`id` of a product on the Approved Product List.")
    )
    existing_adapter = _choice(enums.ExistingAdapter, _("The adapter that is there now."))
    has_solar = _yes_no(_("Solar is there, or planned with this project."))
    has_storage = _yes_no(_("Energy storage is there, or planned with this project."))
    has_companions = _yes_no(
        _("The further devices that the product list names for this device are there, or planned with this project.")
    )
    liquid_tight_on_communication_cable = _yes_no(_("Communication cables run in liquid-tight conduit."))
    energized_conductors_in_liquid_tight = _choice(
        enums.LiquidTight, _("Wires with 120 or 240 V run in liquid-tight conduit; `none`: there are no such wires.")
    )
    communication_conduit_obstructs = _yes_no(_("Communication conduit is in the way."))
    service_requirement_violation = _yes_no(_("A violation or safety hazard is known."))
    device_in_waterproof_package = _yes_no(_("The MSA is by the meter in a waterproof package."))
    device_clean_dry_undamaged = _yes_no(_("The MSA is clean, dry and undamaged."))
    clear_meter_access = _yes_no(_("The way to the meter is clear and safe."))

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        known = data
        complaints: dict[str, Any] = {}
        if isinstance(data, Mapping):
            known = {name: value for name, value in data.items() if name in self.fields}
            complaints = {printable(name): [_("There is no such field.")] for name in data if name not in self.fields}
        try:
            answers = super().to_internal_value(known)
        except serializers.ValidationError as error:
            detail: Any = error.detail
            raise serializers.ValidationError(complaints | detail) from None
        if complaints:
            raise serializers.ValidationError(complaints)
        return answers


def printable(name: str) -> str:
    """A field name as it can be sent back: short, and without halves of surrogate pairs."""
    return name[:80].encode("utf-8", "backslashreplace").decode()


class FindingSerializer(serializers.Serializer[Finding]):
    rule = serializers.ChoiceField(choices=[rule.number for rule in RULES])
    severity = serializers.ChoiceField(
        choices=list(Severity), help_text=_("`fixable`: it can be put right before the visit.")
    )
    field = serializers.ChoiceField(choices=sorted(EligibilityQuestionSerializer().fields))
    message = serializers.SerializerMethodField(help_text=_("Why, and what to do next."))
    suggestion = serializers.CharField(
        required=False, help_text=_("Only where the finding asks whether this other value of the field was meant.")
    )

    def get_message(self, finding: Finding) -> str:
        return f"{finding.message} {finding.todo}"

    def to_representation(self, instance: Finding) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if not shown["suggestion"]:
            del shown["suggestion"]
        return shown


class EligibilityAnswerSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=list(Outcome))
    findings = FindingSerializer(many=True)
    unknown = serializers.ListField(
        child=serializers.CharField(), help_text=_("The missing fields that could still change a finding.")
    )


class ProductSerializer(serializers.ModelSerializer[Product]):
    requires_storage = serializers.BooleanField()
    # Said here: the column's own range is another one on each database.
    max_service_amps = serializers.IntegerField(min_value=0, max_value=32767, allow_null=True)

    class Meta:
        model = Product
        fields = (
            "id",
            "manufacturer",
            "model",
            "part_number",
            "isolating",
            "requires_storage",
            "max_service_amps",
            "approved_from",
            "approved_until",
        )


class ProblemSerializer(serializers.Serializer[Any]):
    """An error as RFC 9457 has it; `errors` maps each field to what is wrong with it."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # RFC 9457 has this name
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
