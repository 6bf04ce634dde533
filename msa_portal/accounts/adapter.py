"""allauth's door to the outside: its mail becomes notices, its second steps obey our roles."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.core.internal import ratelimit
from allauth.core.ratelimit import respond_429
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts import devices, factor_secrets, reauthentication
from msa_portal.accounts.models import User
from msa_portal.accounts.second_factor import is_last_required
from msa_portal.errors import Refused
from msa_portal.notices.account_mail import queue_account_mail
from msa_portal.notices.limits import AtLimit, Cause

_CODE = "account/email/login_code"


class AccountAdapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """From a person who isn't signed in, too much email is answered as too many tries are.

        A browser that has signed in with the address gets its code although strangers used up the mailbox's day: it
        has a throttle of its own (`throttle.may_request_code`).
        """
        user = self.request.user
        cause = Cause(user) if user.is_authenticated else Cause(network=self.request.META.get("REMOTE_ADDR", ""))
        is_own = template_prefix == _CODE and bool(devices.allowance_key(self.request, email))
        try:
            queue_account_mail(template_prefix, email, context, cause=cause, at_limit=AtLimit.SEND if is_own else None)
        except Refused as refusal:
            raise ImmediateHttpResponse(respond_429(self.request)) from refusal

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell every proven address of the account, and one that came or went, about a change to it."""
        context = {"user": user} | (context or {})
        addresses = set(EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True))
        addresses |= {context[key] for key in ("from_email", "to_email", "deleted_email") if key in context}
        for address in sorted(addresses | {email or user.email}):
            super().send_notification_mail(template_prefix, user, context, address)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count by browser where it's known, so that a stranger's guesses use up nobody's own allowance."""
        known = devices.allowance_key(request, credentials.get("email", ""))
        if known:
            self._login_failed_rl_usage = ratelimit.consume(
                request, app="allauth.account", action="password_on_known_browser", key=known
            )
            if self._login_failed_rl_usage:
                return
        super().pre_authenticate(request, **credentials)

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in with the row as it is now: the proof of an address may just have removed its password."""
        user.refresh_from_db(fields=["password"])
        super().login(request, user)
        reauthentication.record_sign_in(request, user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        user = self.request.user
        if user.is_authenticated and reauthentication.has_no_other_way(user):
            # allauth takes "no way to ask" for an answer.
            if not reauthentication.is_recent(self.request):
                raise ReauthenticationRequired
            return False
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if user.is_authenticated and not methods:
            return [reauthentication.code_method()]
        return methods


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _("Your role needs a second step. Add a passkey first, then switch this off."),
    }

    def encrypt(self, text: str) -> str:
        return factor_secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return factor_secrets.decrypt(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not is_last_required(authenticator)
