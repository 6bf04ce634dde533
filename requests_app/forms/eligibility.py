"""The public check as a form: the request form's own questions, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.forms import BoundField
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from requests_app.application.steps import STEPS
from requests_app.eligibility import Facts, facts_of, questions_for
from requests_app.forms import StepForm
from requests_app.models import MSARequest, normalized_panel_model

# How the power reaches the home is never a reason (E15): the request form asks for it.
_NOT_HERE = {"service_entrance"}
_GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("What you need"), ("request_type", "service_class")),
    (
        _("Your meter and panel"),
        (
            "meter_kind",
            "service",
            "panel_rating_amps",
            "service_amps",
            "panel_model",
            "double_sided_clips",
            "service_requirement_violation",
        ),
    ),
    (_("The adapter"), ("existing_adapter", "device", "has_solar", "has_storage", "has_companions", "backfeed_amps")),
    (
        _("What is on site"),
        (
            "liquid_tight_on_communication_cable",
            "energized_conductors_in_liquid_tight",
            "communication_conduit_obstructs",
            "device_in_waterproof_package",
            "device_clean_dry_undamaged",
            "clear_meter_access",
        ),
    ),
)
_NAMES = tuple(name for _title, names in _GROUPS for name in names)
_APPLIES = {field.name: field.applies for step in STEPS for field in step.fields}


@dataclass(frozen=True)
class Question:
    """A field of the check, and whether it applies to what was answered so far."""

    field: BoundField
    shown: bool


@dataclass(frozen=True)
class Group:
    title: Any
    questions: list[Question]

    @property
    def shown(self) -> bool:
        return any(question.shown for question in self.questions)


class EligibilityForm(StepForm):
    """Nothing is required and nothing is stored: `draft` is a request that is never saved."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.draft = MSARequest()
        super().__init__(self.draft, _NAMES, data)
        for name, value in self.valid_changes().items():
            setattr(self.draft, name, value)
        self.draft.panel_model_confirmed = normalized_panel_model(data.get("panel_model_confirmed", ""))

    @cached_property
    def shown(self) -> frozenset[str]:
        """The questions that apply; a panel's rules take no part in a removal (D11)."""
        asked = set(questions_for(self.draft.request_type or None)) - _NOT_HERE
        return frozenset(name for name in asked if _APPLIES[name](self.draft))

    @cached_property
    def groups(self) -> list[Group]:
        return [Group(title, [Question(self[name], name in self.shown) for name in names]) for title, names in _GROUPS]

    def facts(self, *, on: date) -> Facts:
        return facts_of(self.draft, on=on)

    def answers(self) -> dict[str, Any]:
        """What applies and was answered, as the session can keep it; the device by its id."""
        answers = {name: getattr(self.draft, name) for name in _NAMES if name in self.shown and name != "device"}
        if "device" in self.shown:
            answers["device"] = self.draft.device_id
        return {name: value for name, value in answers.items() if value not in (None, "")}

    def labels(self, names: list[str]) -> list[BoundField]:
        return [self[name] for name in names]
