"""The request form's steps: which fields stand where, and which apply (R1, D11).

One list drives the form, the step indicator, completeness and the corrections page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from requests_app.models import MSARequest


def always(_request: MSARequest) -> bool:
    return True


def places_device(msa_request: MSARequest) -> bool:
    return msa_request.places_device


def has_generation(msa_request: MSARequest) -> bool:
    return places_device(msa_request) and bool(msa_request.has_solar or msa_request.has_storage)


def without_account(msa_request: MSARequest) -> bool:
    """The customer has no account on this request: an agent names their address, for the signing link."""
    return msa_request.owner_id is None


def device_isolates(msa_request: MSARequest) -> bool:
    return places_device(msa_request) and msa_request.device is not None and msa_request.device.isolating


def needs_companions(msa_request: MSARequest) -> bool:
    """The device needs more than storage, which has a question of its own (E18)."""
    return places_device(msa_request) and msa_request.device is not None and bool(msa_request.device.other_companions)


@dataclass(frozen=True)
class Field:
    """A model field on the form. `applies` decides whether it is shown, `required` whether it must be filled in."""

    name: str
    applies: Callable[[MSARequest], bool] = always
    required: bool = True


@dataclass(frozen=True)
class Step:
    slug: str
    title: Any
    purpose: Any
    fields: tuple[Field, ...]

    def shown_fields(self, msa_request: MSARequest) -> list[str]:
        return [field.name for field in self.fields if field.applies(msa_request)]

    def required_fields(self, msa_request: MSARequest) -> list[str]:
        return [field.name for field in self.fields if field.required and field.applies(msa_request)]


STEPS = (
    Step(
        "where",
        _("Who and where"),
        _("What you ask for, whose service account it is, and where the meter is."),
        (
            Field("request_type"),
            Field("customer_name"),
            Field("customer_email", without_account),
            Field("customer_phone", required=False),
            Field("account_number"),
            Field("meter_number", required=False),
            Field("street"),
            Field("unit", required=False),
            Field("city"),
            Field("zip_code"),
            Field("service_class"),
            Field("project_number", required=False),
        ),
    ),
    Step(
        "panel",
        _("Meter and panel"),
        _("An adapter fits some meters and panels only. Most answers stand on the panel's label."),
        (
            Field("meter_kind", places_device),
            Field("service", places_device),
            Field("service_entrance", places_device),
            Field("service_amps", places_device, required=False),
            Field("panel_rating_amps", places_device),
            Field("panel_model", places_device, required=False),
            Field("double_sided_clips", places_device),
            Field("service_requirement_violation", places_device),
        ),
    ),
    Step(
        "adapter",
        _("The adapter"),
        _("Which adapter is there now, and which one is to be put in."),
        (
            Field("existing_adapter"),
            Field("device", places_device),
            Field("has_solar", places_device),
            Field("has_storage", places_device),
            Field("has_companions", needs_companions),
            Field("backfeed_amps", has_generation),
            Field("device_purchased", places_device),
            Field("manufacturer_requirements_met", places_device),
        ),
    ),
    Step(
        "site",
        _("What is on site"),
        _("Most visits that fail do so for something on this page. All of it can be put right before the visit."),
        (
            Field("liquid_tight_on_communication_cable", device_isolates),
            Field("energized_conductors_in_liquid_tight", places_device),
            Field("communication_conduit_obstructs", places_device),
            Field("device_in_waterproof_package", places_device),
            Field("device_clean_dry_undamaged", places_device),
            Field("clear_meter_access"),
            Field("access_notes", required=False),
        ),
    ),
)

PHOTOS = Step(
    "photos",
    _("Photos"),
    _("They are optional, and they help: our staff and the technician see what you see. You can go on without any."),
    (),
)
REVIEW = Step("review", _("Review"), _("Read everything once more, then go on to the agreement."), ())

ADDRESS = ("street", "unit", "city")  # corrected as a whole
# Said, not asked: they are true or not made (R5).
STATEMENTS = frozenset({"device_purchased", "manufacturer_requirements_met"})
STEP_OF_FIELD = {field.name: step.slug for step in STEPS for field in step.fields}
ALL_FIELDS = tuple(STEP_OF_FIELD)


def steps_for(msa_request: MSARequest) -> tuple[Step, ...]:
    """The steps that have something to ask of this request, the photos, and the review at their end."""
    return (*(step for step in STEPS if step.shown_fields(msa_request)), PHOTOS, REVIEW)


def step(slug: str) -> Step:
    """Raises `KeyError` for an unknown slug."""
    return {step.slug: step for step in (*STEPS, PHOTOS, REVIEW)}[slug]


def label(field_name: str) -> str:
    """The field's words on the form."""
    field: Any = MSARequest._meta.get_field(field_name)
    return str(field.verbose_name)
