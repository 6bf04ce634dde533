"""Half days to choose from, and half days to mark. They validate and never act."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fieldwork.models import SiteVisit
from fieldwork.visits.day_change_rules import Half


def value_of(on: date, window: str) -> str:
    return f"{on.isoformat()}:{window}"


def half_of(value: str) -> Half:
    """Raises `ValueError` for what is no half day."""
    on, _colon, window = value.partition(":")
    return date.fromisoformat(on), SiteVisit.Window(window).value


def _half(value: Any) -> Half:
    try:
        return half_of(str(value))
    except ValueError as error:
        raise forms.ValidationError(_("Choose one of the half days on this page."), code="invalid_choice") from error


class ChoiceForm(forms.Form):
    """The half day that somebody chose. Whether it has room (still) is the service's to say."""

    half = forms.CharField(error_messages={"required": _("Choose one of the times, or say that none suits.")})

    def clean_half(self) -> Half:
        return _half(self.cleaned_data["half"])


class MarkForm(forms.Form):
    """Half days that do not suit, of those that can be named."""

    halves = forms.TypedMultipleChoiceField(required=False, coerce=_half)

    def __init__(self, data: Any, *, days: Sequence[date], marked: Collection[Half]) -> None:
        super().__init__(data)
        values = [value_of(on, window) for on in days for window in SiteVisit.Window.values]
        field: Any = self.fields["halves"]
        field.choices = [(value, value) for value in values]
        self.days, self.marked = days, marked

    def rows(self) -> list[dict[str, Any]]:
        """A row for each day, as it is marked or as it was posted."""
        posted = set(self.data.getlist("halves")) if self.is_bound and hasattr(self.data, "getlist") else None
        before = {value_of(on, window) for on, window in self.marked}
        chosen = before if posted is None else posted
        return [
            {
                "on": on,
                "halves": [
                    {
                        "value": value_of(on, window.value),
                        "window": window,
                        "checked": value_of(on, window.value) in chosen,
                    }
                    for window in SiteVisit.Window
                ],
            }
            for on in self.days
        ]
