"""One required correction: the very field, and what the customer or agent says about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from requests_app import form_steps
from requests_app.forms.questions import lines
from requests_app.forms.step import StepForm
from requests_app.models import Correction, MSARequest

# An address is corrected as a whole.
_TOGETHER = {"street": ("street", "unit", "city")}


def fields_of(correction: Correction, request: MSARequest) -> list[str]:
    """The form's fields that this item is about; none where it concerns no field that applies."""
    names = _TOGETHER.get(correction.field, (correction.field,))
    return [name for name in names if name in form_steps.STEP_OF_FIELD and _applies(name, request)]


def _applies(name: str, request: MSARequest) -> bool:
    return name in form_steps.step(form_steps.STEP_OF_FIELD[name]).shown_fields(request)


class CorrectionForm(StepForm):
    """The fields of one item, and the answer: needed where no field was changed."""

    def __init__(self, request: MSARequest, correction: Correction, data: Any = None, *, device: bool = False) -> None:
        names = ["device"] if device else fields_of(correction, request)
        super().__init__(request, names, data, prefix=f"{'d' if device else 'c'}{correction.pk}")
        self.request, self.names = request, names
        self.fields["answer"] = forms.CharField(
            label=_("What you did, or why it is right as it is"),
            help_text=_("You can leave this empty where the change above says it all.") if names else "",
            required=False,
            max_length=1000,
            validators=[lines],
            initial="" if device else correction.answer,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in self.names:
            required = form_steps.step(form_steps.STEP_OF_FIELD[name]).required_fields(self.request)
            if name in required and data.get(name, True) in (None, ""):
                self.add_error(name, ValidationError(_("Fill this in."), code="required"))
        if not self.errors and not data.get("answer"):
            if not self.changes():
                self.add_error("answer", ValidationError(_("Say what you did, or why it is right as it is.")))
            else:
                data["answer"] = _now("Corrected.")
        return data

    def changes(self) -> dict[str, Any]:
        """The facts that are different from what is stored."""
        given = {name: self.cleaned_data[name] for name in self.names if name in self.cleaned_data}
        return {name: value for name, value in given.items() if value != getattr(self.request, name)}
