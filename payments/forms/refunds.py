"""The forms for refunds, waivers, and reconciliation. Forms validate and never act."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.forms.paying import Choice

type Chosen = list[Choice]


class WaiveForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the fee is waived"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class WriteOffForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the fee is written off"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class ApproveForm(forms.Form):
    """What was refundable, and proposed, when the page was drawn."""

    expected_cents = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    amount_cents = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class DeclineForm(forms.Form):
    note = forms.CharField(
        label=_("Why the refund is declined"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class AskForm(forms.Form):
    note = forms.CharField(
        label=_("Why you ask for it"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write why you ask for it. A supervisor reads it and decides.")},
    )


class ProposeForm(forms.Form):
    """Asks for which fee only where the payment covers several."""

    fee = forms.TypedChoiceField(label=_("For which fee"), coerce=int, widget=forms.RadioSelect)
    amount = forms.DecimalField(
        label=_("Amount in US dollars"), min_value=Decimal("0.01"), decimal_places=2, max_digits=9
    )
    note = forms.CharField(label=_("Why money goes back"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, parts: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(parts) > 1:
            self.fields["fee"].choices = parts  # type: ignore[attr-defined]  # a choice field
        else:
            del self.fields["fee"]
        self._only = parts[0][0] if len(parts) == 1 else None

    @property
    def fee_id(self) -> int | None:
        chosen: int | None = self.cleaned_data.get("fee", self._only)
        return chosen

    @property
    def amount_cents(self) -> int:
        return int(self.cleaned_data["amount"] * 100)


class ResolveForm(forms.Form):
    note = forms.CharField(label=_("What became of it"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
