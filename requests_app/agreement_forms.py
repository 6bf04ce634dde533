from __future__ import annotations

import base64
from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext_lazy as _

from msa_portal.errors import Refused
from msa_portal.validators import one_line
from requests_app import uploads
from requests_app.forms.questions import not_the_agents
from requests_app.models import MSARequest

_DRAWING_BEGINS = "data:image/png;base64,"
_DRAWING_LENGTH = 1_000_000


class AddressForm(forms.Form):
    """The customer's right address, in place of a mistyped one."""

    email = forms.EmailField(
        label=_("Customer's e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, request: MSARequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].validators += [one_line, not_the_agents(request)]


class SignForm(forms.Form):
    """`document` is the fingerprint of the file that was shown: another one is not signed by it."""

    document = forms.CharField(max_length=64, widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Type your full name"),
        max_length=120,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "name", "autocapitalize": "words"}),
        error_messages={"required": _("Type your full name to sign.")},
    )
    drawing = forms.CharField(required=False, max_length=_DRAWING_LENGTH, widget=forms.HiddenInput)
    consent = forms.BooleanField(
        label=_("I have read the agreement, and I agree to sign it electronically."),
        error_messages={"required": _("Check this box to sign electronically, or sign on paper instead.")},
    )

    def __init__(self, *args: Any, expected_name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if expected_name:
            self.fields["name"].help_text = _("As in the request: %(name)s") % {"name": expected_name}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_drawing(self) -> uploads.Checked | None:
        """What was drawn, judged like any photo that is sent; None where nothing was."""
        sent = self.cleaned_data["drawing"]
        if not sent:
            return None
        try:
            body = base64.b64decode(sent.removeprefix(_DRAWING_BEGINS), validate=True)
            return uploads.check(SimpleUploadedFile("signature.png", body, "image/png"))
        except (Refused, ValueError) as error:
            raise forms.ValidationError(
                _("The drawing could not be read, so nothing is signed yet. Draw it again, or leave it out.")
            ) from error
