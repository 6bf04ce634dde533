"""allauth's door to the outside: its mail becomes notices, its second steps obey our roles."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.models import User
from msa_portal.accounts.second_factor import is_last_required
from msa_portal.notices.account_mail import queue_account_mail


class AccountAdapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        queue_account_mail(template_prefix, email, context)

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in with the row as it is now: the proof of an address may just have removed its password."""
        user.refresh_from_db(fields=["password"])
        super().login(request, user)


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _("Your role needs a second step. Add a passkey first, then switch this off."),
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not is_last_required(authenticator)
