from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.companies.licenses import (
    classification_shape,
    normalized_classification,
    normalized_number,
    number_shape,
)
from msa_portal.accounts.companies.membership import colleagues
from msa_portal.accounts.forms import name_field, phone_field
from msa_portal.accounts.models import Company, Membership, User
from msa_portal.validators import one_line


class LicenseNumberField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return normalized_number(super().to_python(value) or "")


class ClassificationField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return normalized_classification(super().to_python(value) or "")


class CompanyForm(forms.Form):
    name = name_field(_("Company name"), max_length=160, autocomplete="organization")
    license_number = LicenseNumberField(
        label=_("CSLB license number"),
        required=False,
        validators=[number_shape],
        help_text=_("Up to 8 digits. Program staff check it and then verify your company."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    license_classification = ClassificationField(
        label=_("License classification"),
        required=False,
        max_length=40,
        validators=[classification_shape],
        help_text=_("For example C-10 or C-46. Put a comma between several."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = phone_field()


class CompanyDetailsForm(CompanyForm):
    email = forms.EmailField(
        label=_("Email address"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=240,
        required=False,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("Email address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))


class HeirForm(forms.Form):
    """Who takes over the requests of somebody who leaves."""

    to = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Who takes over?"),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": _("Choose a colleague."),
            "invalid_choice": _("That person isn't in your company anymore. Choose someone else."),
        },
    )

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = colleagues(membership)
        field.label_from_instance = lambda person: f"{person.name} ({person.email})"


class SwitchForm(forms.Form):
    company = forms.ModelChoiceField(
        Company.objects.none(),
        label=_("Which company do you work for now?"),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": _("Choose a company."),
            "invalid_choice": _("You don't work for that company. Choose one of these."),
        },
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["company"]
        field.queryset = Company.objects.filter(pk__in=user.company_ids).order_by("name")
