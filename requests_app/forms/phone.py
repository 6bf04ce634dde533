"""What staff fill in for somebody on the phone, beside the form itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from requests_app.forms.questions import not_the_agents
from requests_app.models import MSARequest


class EmailForm(forms.Form):
    """The customer's right address. It counts once its owner confirms it by a link."""

    email = forms.EmailField(
        label=_("Right email address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, msa_request: MSARequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].validators.append(not_the_agents(msa_request))
