"""What people type about money. Forms validate and never act."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _


class PayForm(forms.Form):
    """The amount that the page showed: what is paid is decided by the fee alone."""

    expected_cents = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class WaiveForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the fee is waived"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class ApproveForm(forms.Form):
    """What was refundable when the page was drawn."""

    expected_cents = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class DeclineForm(forms.Form):
    note = forms.CharField(
        label=_("Why the refund is declined"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class ProposeForm(forms.Form):
    amount = forms.DecimalField(
        label=_("Amount in US dollars"), min_value=Decimal("0.01"), decimal_places=2, max_digits=9
    )
    note = forms.CharField(label=_("Why money goes back"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    @property
    def amount_cents(self) -> int:
        return int(self.cleaned_data["amount"] * 100)


class ResolveForm(forms.Form):
    note = forms.CharField(label=_("What became of it"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
