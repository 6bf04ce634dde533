"""The forms of program.md, R7, that follow a failed visit or end a request."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from msa_portal.business_days.calendar import local_day
from requests_app.enums import WithdrawalReason
from requests_app.models import MSARequest, OutcomeReason, Product, VisitRound


class RescheduleForm(forms.Form):
    """One box per reason of the failed visit: it is put right, and a few words how."""

    def __init__(self, *args: Any, visit: VisitRound, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons: list[OutcomeReason] = list(visit.reasons.all())
        for reason in self.reasons:
            by_utility = reason.responsible == "utility"
            self.fields[f"cured_{reason.pk}"] = forms.BooleanField(
                label=_("I understand: this was on the utility's side") if by_utility else _("This is put right"),
                error_messages={"required": _("Tick this once it is so. A visit would fail for the same reason.")},
            )
            if not by_utility:
                self.fields[f"how_{reason.pk}"] = forms.CharField(
                    label=_("What was done (a few words)"),
                    max_length=300,
                    required=False,
                    widget=forms.Textarea(attrs={"rows": 2}),
                )

    def items(self) -> list[tuple[OutcomeReason, list[forms.BoundField]]]:
        """Each reason with its fields, for the page."""
        return [
            (reason, [self[name] for name in (f"cured_{reason.pk}", f"how_{reason.pk}") if name in self.fields])
            for reason in self.reasons
        ]

    def cures(self) -> dict[str, str]:
        return {
            reason.code: self.cleaned_data.get(f"how_{reason.pk}") or "confirmed"
            for reason in self.reasons
            if self.cleaned_data.get(f"cured_{reason.pk}")
        }


class ModificationForm(forms.Form):
    device = forms.ModelChoiceField(
        label=_("The MSA to put in instead"),
        queryset=Product.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the MSA to put in instead.")},
    )

    def __init__(self, *args: Any, request: MSARequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["device"]
        approved = Product.objects.approved_on(local_day(timezone.now()))
        field.queryset = approved.exclude(pk=request.device.pk) if request.device else approved


class WithdrawForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Why do you withdraw?"),
        choices=[(value, label) for value, label in WithdrawalReason.choices if value != WithdrawalReason.EXPIRED],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason. It helps the program to get better.")},
    )
    note = forms.CharField(
        label=_("Anything else (optional)"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    sure = forms.BooleanField(
        label=_("I understand that a withdrawn request cannot be opened again."),
        error_messages={"required": _("Tick this to withdraw.")},
    )
