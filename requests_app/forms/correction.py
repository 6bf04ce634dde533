"""One required correction: the very field, or a new file, and what is said about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from requests_app.application import steps
from requests_app.enums import CorrectionAnswer
from requests_app.forms.questions import LinesField
from requests_app.forms.step import StepForm
from requests_app.models import Correction, MSARequest

_TOGETHER = {"street": steps.ADDRESS}
WORDS_LENGTH = 1000


def fields_of(correction: Correction, msa_request: MSARequest) -> list[str]:
    """The form's fields that this item is about; none where it concerns no field that applies."""
    names = _TOGETHER.get(correction.field, (correction.field,))
    return [name for name in names if name in steps.STEP_OF_FIELD and _applies(name, msa_request)]


def _applies(name: str, msa_request: MSARequest) -> bool:
    return name in steps.step(steps.STEP_OF_FIELD[name]).shown_fields(msa_request)


def _words(label: Any, *, initial: str, help_text: Any = "") -> LinesField:
    return LinesField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=WORDS_LENGTH,
        initial=initial,
    )


class CorrectionForm(StepForm):
    """The fields of one item, and the answer: needed where no field was changed.

    What was typed before and not given as the answer is there again.
    """

    def __init__(
        self, msa_request: MSARequest, correction: Correction, data: Any = None, *, device: bool = False
    ) -> None:
        self.names = ["device"] if device else fields_of(correction, msa_request)
        super().__init__(msa_request, self.names, data, prefix=f"{'d' if device else 'c'}{correction.pk}")
        self.msa_request, self.device = msa_request, device
        label = _("Anything to add (optional)") if self.names else _("What you did")
        self.fields["answer"] = _words(label, initial="" if device else correction.answer)
        for name in self.fields:
            if (typed := correction.draft.get(self.add_prefix(name))) is not None:
                self.initial[name] = typed

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in self.names:
            required = steps.step(steps.STEP_OF_FIELD[name]).required_fields(self.msa_request)
            if name in required and data.get(name, True) in (None, ""):
                self.add_error(name, ValidationError(_("Fill this in."), code="required"))
        if not self.errors and not data.get("answer") and not self.changes():
            place, words = ("answer", _("Say what you did."))
            if self.names:
                place = self.names[0]
                words = _("This is the same as before. Change it, or say below why it is right as it is.")
            self.add_error(place, ValidationError(words, code="unchanged"))
        return data

    def changes(self) -> dict[str, Any]:
        """The facts that are different from what is stored."""
        answers = {name: self.cleaned_data[name] for name in self.names if name in self.cleaned_data}
        return {name: value for name, value in answers.items() if value != getattr(self.msa_request, name)}

    @property
    def way(self) -> CorrectionAnswer:
        if not self.changes():
            return CorrectionAnswer.RIGHT if self.names else CorrectionAnswer.DONE
        return CorrectionAnswer.DEVICE if self.device else CorrectionAnswer.CHANGED


class RightForm(forms.Form):
    """The fact, or the document, is right as it is: why."""

    def __init__(self, correction: Correction, data: Any = None) -> None:
        super().__init__(data, prefix=f"r{correction.pk}")
        self.fields["answer"] = _words(
            _("How do you know?"), initial=correction.draft.get(self.add_prefix("answer"), "")
        )
        self.fields["answer"].required = True
        self.fields["answer"].error_messages["required"] = _("Say why it is right as it is.")


class FileForm(forms.Form):
    """A new file for the document that the item is about."""

    def __init__(self, correction: Correction, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, prefix=f"f{correction.pk}")
        photo = correction.document == "site_photo"
        self.fields["file"] = forms.FileField(
            label=_("New photo") if photo else _("New file: a photo or a PDF"),
            error_messages={"required": _("Choose the file first.")},
            widget=forms.FileInput(attrs={"accept": "image/*" if photo else "image/*,application/pdf"}),
        )
        self.fields["answer"] = _words(
            _("Anything to add (optional)"), initial=correction.draft.get(self.add_prefix("answer"), "")
        )
