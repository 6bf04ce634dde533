"""Asking again who it is before what protects an account changes, at most once in 15 minutes.

allauth asks people who have a password or a second factor; for those with neither it would let every change
through. They get a code by email. A sign-in counts as an answer: people who have just signed in aren't asked again.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.account.models import EmailAddress
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from msa_portal.accounts.models import User

_CODE = "reauthentication_code"
# Asked before the page is shown, and what was posted isn't kept: allauth would keep the new password in the session.
_PAGES = {"account_set_password", "account_change_password", "auth_user_password_change"}


def has_no_other_way(user: User) -> bool:
    """Neither a password nor a second factor: only an emailed code can tell that it's them."""
    return not get_reauthentication_flows(user)


def is_recent(request: HttpRequest) -> bool:
    """Whether the person signed in, or answered again, within the last 15 minutes."""
    records = get_authentication_records(request, request.user)
    answered = [record["at"] for record in records if record.get("reauthenticated")]
    return bool(answered) and time.time() - answered[-1] < app_settings.REAUTHENTICATION_TIMEOUT


def record_sign_in(request: HttpRequest, user: User) -> None:
    record_authentication(request, user, method="sign_in", reauthenticated=True)


def asked_first(request: HttpRequest) -> HttpResponse | None:
    """The redirect to the question, for a page that nobody sees without an answer; None where the page may show."""
    match = request.resolver_match
    if match is None or match.url_name not in _PAGES or not request.user.is_authenticated:
        return None
    # The staff desk's page is closed to all but superusers, whatever they answer.
    is_closed = match.url_name == "auth_user_password_change" and not request.user.is_superuser
    if is_closed or is_recent(request):
        return None
    [first, *_others] = get_adapter(request).get_reauthentication_methods(request.user)
    return redirect(f"{first['url']}?{urlencode({'next': request.get_full_path()})}")


class EmailedCode(AbstractCodeVerificationProcess):
    """The code that answers for a signed-in person without password and second factor. Kept in their session."""

    user: User

    def __init__(self, request: HttpRequest, state: dict[str, Any]) -> None:
        self.request = request
        super().__init__(
            max_attempts=app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS,
            timeout=app_settings.LOGIN_BY_CODE_TIMEOUT,
            state=state,
            user=request.user,
        )

    @classmethod
    def pending_or_new(cls, request: HttpRequest) -> EmailedCode:
        state = request.session.get(_CODE)
        if state:
            pending = cls(request, state)
            if pending.is_valid():
                return pending
        email = EmailAddress.objects.get_primary_email(request.user)
        process = cls(request, cls.initial_state(request.user, email))
        process.send()
        return process

    @property
    def can_resend(self) -> bool:
        return not self.is_resend_quota_reached(app_settings.LOGIN_BY_CODE_MAX_RESEND_COUNT)

    def resend(self) -> None:
        self.record_resend()
        self.send()

    def send(self) -> None:
        adapter = get_adapter(self.request)
        self.state["code"] = adapter.generate_login_code()
        context = {"request": self.request, "user": self.user, "code": self.code}
        adapter.send_mail("account/email/reauthentication_code", self.state["email"], context)
        self.persist()

    def finish(self) -> None:
        self.abort()
        record_authentication(self.request, self.user, method="code", email=self.state["email"], reauthenticated=True)

    def persist(self) -> None:
        self.request.session[_CODE] = self.state

    def abort(self) -> None:
        self.request.session.pop(_CODE, None)


def code_method() -> dict[str, Any]:
    return {"id": "reauthenticate:code", "description": "", "url": reverse("accounts:reauthenticate_by_code")}
