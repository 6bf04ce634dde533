"""What staff fill in on the screening page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from requests_app.enums import CheckAnswer, CheckCode, WithdrawalReason
from requests_app.lifecycle import RequiredCorrection
from requests_app.models import CorrectionReason, MSARequest, Screening
from requests_app.screening import Suggestion


class ChecksForm(forms.Form):
    """C1 to C7, each with the portal's own finding chosen beforehand."""

    def __init__(
        self, *args: Any, suggestions: Mapping[CheckCode, Suggestion], screening: Screening | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.suggestions = suggestions
        given = {each.check_code: each for each in screening.answers.all()} if screening else {}
        for code in CheckCode:
            answered = given.get(code.value)
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
    """Coded reasons to tick, each with a note to the customer."""

    def __init__(self, *args: Any, request: MSARequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons = list(CorrectionReason.objects.filter(is_active=True))
        for reason in self.reasons:
            self.fields[f"reason_{reason.pk}"] = forms.BooleanField(label=reason.title, required=False)
            self.fields[f"note_{reason.pk}"] = forms.CharField(
                label=_("Note to the customer on “%(reason)s”") % {"reason": reason.title},
                max_length=1000,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not any(data.get(f"reason_{reason.pk}") for reason in self.reasons):
            raise forms.ValidationError(_("Choose at least one correction."), code="none")
        return data

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"reason": reason, "tick": self[f"reason_{reason.pk}"], "note": self[f"note_{reason.pk}"]}
            for reason in self.reasons
        ]

    def items(self) -> list[RequiredCorrection]:
        data = self.cleaned_data
        return [
            RequiredCorrection(reason=reason, note=data[f"note_{reason.pk}"])
            for reason in self.reasons
            if data[f"reason_{reason.pk}"]
        ]


class StaffWithdrawalForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Reason"), choices=[each for each in WithdrawalReason.choices if each[0] != WithdrawalReason.EXPIRED]
    )
    note = forms.CharField(
        label=_("How and when the customer said so"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say how and when the customer asked for this.")},
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
