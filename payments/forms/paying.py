"""The forms for paying fees. Forms validate and never act."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _


class PayForm(forms.Form):
    """The amount that the page showed: what is paid is decided by the fee alone."""

    expected_cents = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


@dataclass(frozen=True)
class Choice:
    """A fee that was ticked, and the amount that the page showed for it."""

    reference: str
    cents: int

    @classmethod
    def parse(cls, text: str) -> Choice:
        match = re.fullmatch(r"(MSA-\d{4}-\d{1,12}):(\d{1,9})", text, re.ASCII)
        if match is None:
            raise ValidationError(_("That is not a fee."), code="not_a_fee")
        return cls(match[1], int(match[2]))


class SeveralForm(forms.Form):
    """The fees that were ticked, each once, in the order of the page."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self._ticked = data.getlist("fee")

    def clean(self) -> dict[str, Any]:
        chosen = {choice.reference: choice for choice in map(Choice.parse, self._ticked)}
        return {"fee": list(chosen.values())}
