"""What dispatchers say to the board, checked; the services act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fieldwork.board import tokens
from fieldwork.models import CloseOut, PlanRun, SiteVisit, Technician
from fieldwork.planning.board import Seen


class MoveForm(forms.Form):
    """Where a visit is to stand. The stop's number is left out where it comes last in its half day."""

    technician = forms.ModelChoiceField(
        label=_("Meter technician"),
        queryset=Technician.objects.filter(is_active=True).select_related("user"),
        error_messages={"required": _("Choose who goes there.")},
    )
    on = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Choose a business day.")},
    )
    window = forms.ChoiceField(
        label=_("Window"),
        choices=SiteVisit.Window.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose morning or afternoon.")},
    )
    position = forms.IntegerField(
        label=_("Stop of the day"),
        help_text=_("Empty: the last stop of its half day."),
        required=False,
        min_value=1,
        max_value=99,
    )


class PlanForm(forms.Form):
    from_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    until_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    seconds = forms.IntegerField(
        label=_("Seconds to think"),
        min_value=1,
        max_value=600,
        help_text=_("20 is enough for a week. More seconds find less driving."),
        initial=PlanRun._meta.get_field("seconds").default,
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        help_text=_("The same seed makes the same plan of the same visits."),
        initial=0,
    )


class ReviewForm(forms.Form):
    """What dispatch found, and which report stands. `instead_of` is the accepted report that the page showed."""

    KEEP, CHOOSE = "keep", "choose"

    stands = forms.ChoiceField(
        label=_("Which report stands?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the report that stands.")},
    )
    instead_of = forms.UUIDField(required=False, widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("What you found"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays with the report. Say whom you called, and what is done now."),
        error_messages={"required": _("Say in a few words what you found.")},
    )

    def __init__(self, *args: Any, accepted: CloseOut | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"instead_of": accepted.pk if accepted else None}
        keep = _("The report that closed the visit") if accepted else _("None: the visit stays as it is")
        field: Any = self.fields["stands"]
        field.choices = [(self.KEEP, keep), (self.CHOOSE, _("This report, which was kept"))]


def seen_of(values: Iterable[str]) -> list[Seen]:
    """From "12:2026-12-08:3", as pages send it. What cannot be read was not seen."""
    lanes = []
    for value in values:
        name, _colon, version = value.rpartition(":")
        try:
            technician, on = tokens.key_of(name)
            lanes.append(Seen(technician, on, int(version)))
        except ValueError:
            continue
    return lanes


def seen_values(versions: Mapping[tuple[int, date], int]) -> list[str]:
    return [f"{tokens.name(key)}:{version}" for key, version in versions.items()]


def horizon(today: date, next_day: date) -> dict[str, Any]:
    """The days that are planned where nobody says others: a week from the next business day."""
    return {"from_on": next_day, "until_on": next_day + timedelta(days=6), "seconds": 20, "seed": 0}
