"""Sending pages that were signed by hand, and deciding on them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from requests_app.enums import PaperState, Party, Section
from requests_app.models import PaperReason, PaperSigning
from requests_app.signing.paper import Verdict


class SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """A list of files; what they hold is judged where they are kept."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [file for file in (data if isinstance(data, list | tuple) else [data]) if file]
        if not files:
            super().clean(None, initial)
        return [super(SeveralFilesField, self).clean(file, initial) for file in files]


class PaperForm(forms.Form):
    """`agreement` is the version that was printed, so that pages of an older one are told apart."""

    agreement = forms.IntegerField(widget=forms.HiddenInput)
    party = forms.ChoiceField(label=_("Whose signature is it?"), widget=forms.RadioSelect)
    pages = SeveralFilesField(
        label=_("Scan or photos of the signed pages"),
        help_text=_("One PDF with all pages, or a photo of each page. At most 12 files of 15 MB."),
        widget=SeveralFilesInput(attrs={"accept": "application/pdf,image/*"}),
        error_messages={"required": _("Choose the scan, or the photos of all pages.")},
    )

    def __init__(self, *args: Any, parties: list[Party], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        party: Any = self.fields["party"]
        party.choices = [(party.value, party.label) for party in parties]
        if len(parties) == 1:
            party.widget, party.initial = forms.HiddenInput(), parties[0].value


class DecisionForm(forms.Form):
    """One choice for each section that waits: accept, or the reason to send it back."""

    def __init__(self, *args: Any, paper: PaperSigning, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = {reason.code: reason for reason in PaperReason.objects.filter(is_active=True)}
        to_choose = [(code, reason.title) for code, reason in reasons.items()]
        self.reasons = reasons
        self.sections: list[Section] = []
        for row in paper.sections.all():
            if row.state != PaperState.SENT:
                continue
            section = Section(row.section)
            self.sections.append(section)
            self.fields[section.value] = forms.ChoiceField(
                label=section.label,
                choices=[("", "---------"), ("accept", _("Accept")), (_("Send back"), to_choose)],
                error_messages={"required": _("Accept this section, or choose why it goes back.")},
            )
            self.fields[f"{section.value}_note"] = forms.CharField(
                label=_("Note to the signer (optional)"), max_length=500, required=False
            )

    def verdicts(self) -> list[Verdict]:
        data = self.cleaned_data
        return [
            Verdict(section, self.reasons.get(data[section.value]), data[f"{section.value}_note"])
            for section in self.sections
        ]
