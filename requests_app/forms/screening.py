"""What staff fill in on the screening page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from requests_app.application import steps
from requests_app.enums import CheckAnswer, CheckCode, WithdrawalReason
from requests_app.files import site_photos
from requests_app.forms.questions import form_field
from requests_app.lifecycle.correction_items import RequiredCorrection
from requests_app.models import CorrectionReason, MSARequest, Product, Screening
from requests_app.screening.desk import Suggestion, active_reasons
from requests_app.utility_records.matching import split_unit


class ChecksForm(forms.Form):
    """C1 to C7, each with the portal's own finding chosen beforehand."""

    def __init__(
        self, *args: Any, suggestions: Mapping[CheckCode, Suggestion], screening: Screening | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.suggestions = suggestions
        answers = {answer.check_code: answer for answer in screening.answers.all()} if screening else {}
        for code in CheckCode:
            answered = answers.get(code.value)
            self.fields[f"answer_{code}"] = forms.ChoiceField(
                label=f"{code.value} {code.label}",
                choices=CheckAnswer.choices,
                initial=answered.answer if answered else suggestions[code].answer,
                widget=forms.RadioSelect,
                error_messages={"required": _("Answer this check.")},
            )
            self.fields[f"note_{code}"] = forms.CharField(
                label=_("Note on %(check)s") % {"check": code.value},
                max_length=500,
                required=False,
                initial=answered.note if answered else "",
            )

    def rows(self) -> list[dict[str, Any]]:
        """For the page: each check with its two fields and what the portal found."""
        return [
            {
                "code": code,
                "answer": self[f"answer_{code}"],
                "note": self[f"note_{code}"],
                "suggestion": self.suggestions[code],
            }
            for code in CheckCode
        ]

    def answers(self) -> dict[str, tuple[str, str]]:
        data = self.cleaned_data
        return {code.value: (data[f"answer_{code}"], data[f"note_{code}"]) for code in CheckCode}


class CorrectionsForm(forms.Form):
    """Coded reasons to tick, each with a note to the customer and, for a field, the right value to propose.

    `why_by_reason` are the reasons' ids that the portal's own findings speak for, with why; they stand first.
    """

    def __init__(
        self,
        *args: Any,
        msa_request: MSARequest,
        why_by_reason: Mapping[int, str] | None = None,
        record: Mapping[str, str] | None = None,
        kept_open: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.msa_request, self.why_by_reason, self.kept_open = msa_request, why_by_reason or {}, kept_open
        self.record = record or {}
        self._devices: list[Any] | None = None  # read once for all that propose one
        topics = {guide.topic.value for guide in site_photos.guides_for(msa_request.request_type)}
        self.reasons = [reason for reason in active_reasons(msa_request) if reason.photo_topic in {"", *topics}]
        for reason in self.reasons:
            self.fields[f"reason_{reason.pk}"] = forms.BooleanField(label=reason.title, required=False)
            self.fields[f"note_{reason.pk}"] = forms.CharField(
                label=_("Note to the customer on “%(reason)s”") % {"reason": reason.title},
                max_length=1000,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            if _may_be_proposed(reason.field, msa_request):
                self.fields[f"proposal_{reason.pk}"] = self._proposal_field(reason)
                if self._record_of(reason):
                    self.fields[f"record_{reason.pk}"] = forms.BooleanField(
                        label=_("Propose what the record says: the customer will see it"), required=False
                    )

    def _proposal_field(self, reason: CorrectionReason) -> forms.Field:
        """The form's own field, checked as there, but small: choices as a list to pull down."""
        field = form_field(reason.field, self.msa_request)
        field.label, field.help_text = _("Propose the right value (optional)"), ""
        if isinstance(field, forms.ModelChoiceField):
            small = forms.ModelChoiceField(field.queryset, required=False, label=field.label)
            if self._devices is None:
                devices: Any = small.choices  # `list` would ask how many there are before it reads them
                self._devices = list(iter(devices))
            small.widget.choices = self._devices
            return small
        if isinstance(field, forms.ChoiceField):
            choices: Any = [("", "---------"), *((value, _plain(label)) for value, label in _pairs(field))]
            field.widget = forms.Select(choices=choices)
            field.choices = choices
        return field

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for reason in self.reasons:
            if data.get(f"record_{reason.pk}") and not data.get(f"proposal_{reason.pk}"):
                self._propose_record(reason)
        if not self.kept_open and not any(data.get(f"reason_{reason.pk}") for reason in self.reasons):
            raise forms.ValidationError(_("Choose at least one correction."), code="none")
        return data

    def _record_of(self, reason: CorrectionReason) -> dict[str, str]:
        """What the record says where it differs. An address has parts, each with a field of its own."""
        names = steps.ADDRESS if reason.field == "street" else (reason.field,)
        said = {name: self.record[name] for name in names if self.record.get(name)}
        if "street" in said and "unit" not in said:
            said |= _address_parts(said["street"])
        return said

    def _propose_record(self, reason: CorrectionReason) -> None:
        """The record's values as the form's fields read them."""
        name, said = f"proposal_{reason.pk}", self._record_of(reason)
        try:
            values = {part: form_field(part, self.msa_request).clean(value) for part, value in said.items()}
        except forms.ValidationError as error:
            self.add_error(name, error)
            return
        self.cleaned_data[name] = values if len(values) > 1 or reason.field not in values else values[reason.field]

    def found_by_field(self) -> dict[str, int]:
        return {reason.field: reason.pk for reason in self.reasons if reason.pk in self.why_by_reason and reason.field}

    def groups(self) -> list[dict[str, Any]]:
        """What the portal found, then the rest by what it concerns; one with a mistake or a tick is open."""
        rows: dict[Any, list[dict[str, Any]]] = {title: [] for title in [_FOUND, *_GROUPS.values()]}
        for reason in self.reasons:
            title = _FOUND if reason.pk in self.why_by_reason else _GROUPS[_concerns(reason)]
            rows[title].append(self._row(reason))
        return [
            {"title": title, "rows": group, "open": title == _FOUND or any(row["is_open"] for row in group)}
            for title, group in rows.items()
            if group
        ]

    def _row(self, reason: CorrectionReason) -> dict[str, Any]:
        tick, proposal = self[f"reason_{reason.pk}"], f"proposal_{reason.pk}"
        field = self[proposal] if proposal in self.fields else None
        record = self[f"record_{reason.pk}"] if f"record_{reason.pk}" in self.fields else None
        return {
            "reason": reason,
            "tick": tick,
            "note": self[f"note_{reason.pk}"],
            "proposal": field,
            "record": record,
            "record_value": ", ".join(self._record_of(reason).values()),
            "because": self.why_by_reason.get(reason.pk, ""),
            "is_open": bool(tick.value() or (field and field.errors)),
        }

    def items(self) -> list[RequiredCorrection]:
        data = self.cleaned_data
        return [
            RequiredCorrection(
                reason=reason,
                note=data[f"note_{reason.pk}"],
                proposal=self._proposal(reason, data.get(f"proposal_{reason.pk}")),
            )
            for reason in self.reasons
            if data[f"reason_{reason.pk}"]
        ]

    @staticmethod
    def _proposal(reason: CorrectionReason, value: Any) -> Any:
        if value is None or value == "":
            return None
        if reason.field == "street" and isinstance(value, str):
            parts = _address_parts(value)
            return parts if "unit" in parts else value
        return value.pk if isinstance(value, Product) else value


_FOUND = _("What the portal found")
_GROUPS = {
    **{step.slug: step.title for step in steps.STEPS},
    "agreement": _("The agreement"),
    "documents": _("Photos and documents"),
    "other": _("Anything else"),
}


def _concerns(reason: CorrectionReason) -> str:
    if reason.document:
        return "documents"
    if reason.field:
        return steps.STEP_OF_FIELD.get(reason.field, "other")
    on_agreement = reason.check_code in {CheckCode.C1, CheckCode.C2, CheckCode.C4}
    return "agreement" if on_agreement else "other"


def _may_be_proposed(name: str, msa_request: MSARequest) -> bool:
    """A field that applies to this request; a statement is the customer's own to make."""
    if name not in steps.STEP_OF_FIELD or name in steps.STATEMENTS:
        return False
    return name in steps.step(steps.STEP_OF_FIELD[name]).shown_fields(msa_request)


def _pairs(field: Any) -> list[tuple[Any, Any]]:
    return list(field.choices)


def _plain(label: Any) -> str:
    return strip_tags(str(label).split("<", 1)[0])


class StaffWithdrawalForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[choice for choice in WithdrawalReason.choices if choice[0] != WithdrawalReason.EXPIRED],
    )
    note = forms.CharField(
        label=_("How and when the customer said so"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say how and when the customer asked for this.")},
    )


class AllowSecondRequestForm(forms.Form):
    """Lets a request go on beside another open one for the account (D27)."""

    reason = forms.CharField(
        label=_("Why this request may go on"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only staff read it."),
        error_messages={"required": _("Say why this request may go on.")},
    )


class ExtensionForm(forms.Form):
    """More time for whoever has the ball (D8)."""

    to = forms.DateField(label=_("New last day"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(
        label=_("Why more time is given"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only staff read it."),
        error_messages={"required": _("Say why more time is given.")},
    )


def _address_parts(line: str) -> dict[str, str]:
    """An address on one line, by the form's fields: a unit goes into its own, never into the street's."""
    street, unit = split_unit(line)
    return {name: value for name, value in {"street": street, "unit": unit}.items() if value}
