from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from msa_portal.errors import Refused
from msa_portal.validators import one_line
from requests_app.files import uploads
from requests_app.forms.questions import not_the_agents
from requests_app.models import MSARequest


class DataAddressInput(forms.HiddenInput):
    """Sent as text, read from the files."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.get(name)


class AddressForm(forms.Form):
    """The customer's right address, in place of a mistyped one."""

    email = forms.EmailField(
        label=_("Customer's e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, msa_request: MSARequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].validators.append(not_the_agents(msa_request))


class ConsentForm(forms.Form):
    """To electronic records, before anything is signed."""

    consent = forms.BooleanField(
        label=_("I opened the PDF and could read it. I agree to sign this request's agreement electronically."),
        error_messages={"required": _("Check this box to sign electronically, or sign on paper instead.")},
    )


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
    agrees = forms.BooleanField(
        label=_("I have read the agreement, and I agree to it."),
        error_messages={"required": _("Check this box to sign. If you do not agree, close this page.")},
    )
    # A picture as a data address, from the drawing pad of the page; an extra, which needs a script. It comes as a
    # file, opened by an inspector (`takes_files`).
    drawing = forms.FileField(required=False, widget=DataAddressInput)

    def __init__(self, *args: Any, expected_name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if expected_name:
            self.fields["name"].help_text = _("As in the request: %(name)s") % {"name": expected_name}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_drawing(self) -> uploads.Checked | None:
        """Judged by content, like every file that is sent."""
        drawing = self.cleaned_data["drawing"]
        if not drawing:
            return None
        try:
            return uploads.check(drawing)
        except Refused:
            self.add_error(None, _("The drawn signature could not be read. Draw it again, or sign without it."))
            return None
