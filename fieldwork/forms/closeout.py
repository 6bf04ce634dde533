"""The close-out: a forced choice at each step, never free text alone (V3, V5)."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from fieldwork.models import SiteVisit
from fieldwork.visits import outcome_text
from fieldwork.visits.closeout_report import MAX_PHOTOS, Photo, Report
from msa_portal.errors import Refused
from requests_app import eligibility
from requests_app.enums import VisitOutcome
from requests_app.files import uploads
from requests_app.models import OutcomeReason

CHECK_ANSWERS = [("ok", _("OK")), ("not_ok", _("Not OK")), ("not_seen", _("Not seen"))]


class SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Photos, each checked by content and encoded anew (faults 30 to 32)."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Photo]:
        files = [file for file in (data if isinstance(data, list | tuple) else [data]) if file]
        if len(files) > MAX_PHOTOS:
            raise ValidationError(_("At most %(count)s photos."), params={"count": MAX_PHOTOS}, code="too_many")
        return [self._photo(super(PhotosField, self).clean(file, initial)) for file in files]

    @staticmethod
    def _photo(upload: UploadedFile[Any]) -> Photo:
        try:
            checked = uploads.check(upload)
        except Refused as refusal:
            words = _("%(name)s: %(reason)s Then choose all photos again.")
            values = {"name": upload.name, "reason": str(refusal)}
            raise ValidationError(words, params=values, code=refusal.code) from refusal
        return Photo(checked.body, checked.sha256_of_original, checked.evidence, checked.scan)


class CloseOutForm(forms.Form):
    """`report_id` is minted when the form opens, so that sending it twice reports once."""

    report_id = forms.UUIDField(widget=forms.HiddenInput)
    device_time = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    serial_number = forms.CharField(label=_("Serial number of the MSA"), max_length=60, required=False)
    photos = PhotosField(
        label=_("Photos"),
        required=False,
        widget=SeveralFilesInput(attrs={"accept": "image/*"}),
        help_text=_("Up to 8. Show the meter, and what was wrong."),
    )
    outcome = forms.ChoiceField(
        label=_("How did it go?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how the visit went.")},
    )
    reasons = forms.ModelMultipleChoiceField(
        label=_("Why not? Choose all that apply"),
        queryset=OutcomeReason.objects.filter(is_active=True, at_site=True),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    notes = forms.CharField(
        label=_("Notes for the program (optional)"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, visit: SiteVisit, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"report_id": uuid.uuid4()})
        super().__init__(*args, **kwargs)
        msa_request = visit.order.round.msa_request
        self.checks = [rule for rule in eligibility.rules_for(msa_request.request_type) if rule.checklist]
        for rule in self.checks:
            self.fields[f"check_{rule.number}"] = forms.ChoiceField(
                label=str(rule.checklist),
                choices=CHECK_ANSWERS,
                widget=forms.RadioSelect,
                help_text=_("Rule %(number)s") % {"number": rule.number},
                error_messages={"required": _("Choose one.")},
            )
        self.order_fields(["report_id", "device_time", *(f"check_{rule.number}" for rule in self.checks)])
        outcome: Any = self.fields["outcome"]
        outcome.choices = [
            (VisitOutcome.COMPLETE, outcome_text.done_text(msa_request.request_type)),
            (VisitOutcome.UNSUCCESSFUL, _("Could not be done")),
        ]

    def check_fields(self) -> list[forms.BoundField]:
        return [self[f"check_{rule.number}"] for rule in self.checks]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("outcome") == VisitOutcome.UNSUCCESSFUL and not data.get("reasons"):
            self.add_error("reasons", _("Choose at least one reason why it could not be done."))
        if data.get("outcome") == VisitOutcome.COMPLETE and data.get("reasons"):
            self.add_error(
                "reasons", _("A visit that went well has no reason of failure. Clear these, or change the outcome.")
            )
        return data

    def report(self) -> Report:
        data = self.cleaned_data
        return Report(
            id=data["report_id"],
            outcome=VisitOutcome(data["outcome"]),
            reasons=list(data["reasons"]),
            checklist={rule.number: data[f"check_{rule.number}"] for rule in self.checks},
            serial_number=data["serial_number"],
            notes=data["notes"],
            photos=data["photos"],
            device_time=data["device_time"],
        )
