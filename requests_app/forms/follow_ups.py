"""The forms of program.md, R7, that follow a failed visit or end a request."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from msa_portal.business_days.calendar import local_day
from requests_app.enums import CureProof, WithdrawalReason
from requests_app.files.site_photos import GUIDES
from requests_app.follow_ups.cures import Item
from requests_app.forms.questions import lines
from requests_app.models import MSARequest, Product

OUTCOME_PHOTOS = {guide.topic.value: guide.how for guide in GUIDES}


class CureForm(forms.Form):
    """The proof for one reason of the failed visit: words, a photo or document, or both."""

    def __init__(self, item: Item, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, prefix=f"r{item.reason.pk}")
        if item.wants_words:
            self.fields["statement"] = forms.CharField(
                label=_("What was done (a few words)"),
                max_length=1000,
                initial=item.cure.statement if item.cure else "",
                validators=[lines],
                widget=forms.Textarea(attrs={"rows": 2}),
                error_messages={"required": _("Say in a few words what was done.")},
            )
        if item.wants_file:
            photo = item.proof == CureProof.PHOTO
            self.fields["file"] = forms.FileField(
                label=_("Photo") if photo else _("Photo or PDF that shows it"),
                help_text=OUTCOME_PHOTOS.get(item.reason.photo_topic, ""),
                required=not item.files,
                widget=forms.FileInput(attrs={"accept": "image/*" if photo else "image/*,application/pdf"}),
                error_messages={"required": _("Add the photo or document that shows it.")},
            )


class ModificationForm(forms.Form):
    device = forms.ModelChoiceField(
        label=_("The MSA to put in instead"),
        queryset=Product.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the MSA to put in instead.")},
    )

    def __init__(self, *args: Any, msa_request: MSARequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["device"]
        approved = Product.objects.approved_on(local_day(timezone.now()))
        field.queryset = approved.exclude(pk=msa_request.device.pk) if msa_request.device else approved


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
