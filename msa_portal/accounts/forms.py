from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import RequestLoginCodeForm as AllauthRequestLoginCodeForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SetPasswordForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core import context
from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.address_proof import prove_by_link
from msa_portal.accounts.models import User
from msa_portal.accounts.throttle import may_request_code
from msa_portal.validators import one_line

phone_number = RegexValidator(r"^\+?[0-9 ().\-]{7,20}$", _("Enter a phone number such as 626-555-0142."))


def name_field(label: Any, *, max_length: int = 120, autocomplete: str = "name") -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=max_length, validators=[one_line], widget=widget)


def phone_field() -> forms.CharField:
    return forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        validators=[phone_number],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )


class RequestLoginCodeForm(AllauthRequestLoginCodeForm):
    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not may_request_code(context.request, email):
            raise get_adapter().validation_error("too_many_login_attempts")
        users = filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True)
        self._user = users[0] if users else None
        return email


class LoginForm(AllauthLoginForm):
    """By password, or without one by an emailed code. allauth has one or the other."""

    def _setup_password_field(self) -> None:
        self.fields["password"].required = False

    def _clean_without_password(self, email: str | None, phone: str | None) -> dict[str, Any]:
        form = RequestLoginCodeForm({"email": email})
        if form.is_valid():
            self.user = form._user
        for error in form.errors.get("email", []):
            self.add_error("login", error)
        return self.cleaned_data


class SignupForm(AllauthSignupForm):
    """Name and address alone: until its code has come back, nobody knows whose address it is."""

    name = name_field(_("Full name"))
    field_order = ["name", "email"]

    def save(self, request: HttpRequest) -> Any:
        user = super().save(request)
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        return user


class NewPasswordForm(SetPasswordForm):
    """For a first password and for another one: who it is was asked before the page."""


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):
    def save(self) -> None:
        """The link proved the address: an older password dies first, and this one stays."""
        prove_by_link(context.request, self.user)
        super().save()


class ProfileForm(forms.ModelForm):
    name = name_field(_("Full name"))
    phone = phone_field()

    class Meta:
        model = User
        fields = ["name", "phone"]
