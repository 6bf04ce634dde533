"""The mail of sign-up, sign-in and second factor: allauth's occasions, our words."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from msa_portal import formats
from msa_portal.notices.limits import AtLimit, Cause
from msa_portal.notices.links import absolute, on_our_origin
from msa_portal.notices.outbox import Notice, queue
from msa_portal.notices.rendering import one_line


class VerifyAddress(Notice):
    name = "account/verify_address"
    audience = "whoever signs up or adds an address"
    confidential = True


class LoginCode(Notice):
    name = "account/login_code"
    audience = "whoever signs in by code"
    confidential = True


class ReauthenticationCode(Notice):
    name = "account/reauthentication_code"
    audience = "a person without a password who changes what protects their account"
    confidential = True


class PasswordReset(Notice):
    name = "account/password_reset"
    audience = "whoever forgot their password"
    confidential = True


class UnknownAccount(Notice):
    name = "account/unknown_account"
    audience = "an address that has no account"


class AccountAlreadyExists(Notice):
    name = "account/account_already_exists"
    audience = "an account's address with which somebody signs up again"


class AccountChanged(Notice):
    name = "account/account_changed"
    audience = "an account's holder"


class OtherAccountMail(Notice):
    """An occasion that we have no words for: allauth's own. It may hold a key, for all we know."""

    name = "account/other"
    audience = "an account's holder"
    confidential = True


_NOTICES: dict[str, type[Notice]] = {
    "account/email/email_confirmation": VerifyAddress,
    "account/email/email_confirmation_signup": VerifyAddress,
    "account/email/login_code": LoginCode,
    "account/email/reauthentication_code": ReauthenticationCode,
    "account/email/password_reset_code": PasswordReset,
    "account/email/password_reset_key": PasswordReset,
    "account/email/unknown_account": UnknownAccount,
    "account/email/account_already_exists": AccountAlreadyExists,
}
_CHANGES: dict[str, Promise] = {
    "account/email/email_changed": _("The main address of your account is now %(to_email)s, not %(from_email)s."),
    "account/email/email_confirm": _("%(to_email)s was added to your account."),
    "account/email/email_deleted": _("%(deleted_email)s was removed from your account."),
    "account/email/password_changed": _("Your password was changed."),
    "account/email/password_reset": _("A new password was chosen with a link that we emailed."),
    "account/email/password_set": _("Your account has a password now."),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made. The old ones work no more."),
    "mfa/email/totp_activated": _("An authenticator app was set up for your account."),
    "mfa/email/totp_deactivated": _("The authenticator app was removed from your account."),
    "mfa/email/webauthn_added": _("A passkey or security key was added to your account."),
    "mfa/email/webauthn_removed": _("A passkey or security key was removed from your account."),
}
_ADDRESSES = ("from_email", "to_email", "deleted_email")
# Which address of allauth's context the button opens.
_ACTIONS = {
    "account/email/email_confirmation": "activate_url",
    "account/email/email_confirmation_signup": "activate_url",
    "account/email/password_reset_key": "password_reset_url",
    "account/email/unknown_account": "signup_url",
}


def queue_account_mail(
    template_prefix: str, email: str, context: dict[str, Any], *, cause: Cause, at_limit: AtLimit | None = None
) -> None:
    """Queue what sign-up, sign-in and second factor have to say; allauth may be in no transaction.

    Raises `Refused` where `cause` has too much email sent, unless `at_limit` says otherwise.
    """
    notice, values = account_notice(template_prefix, email, context)
    with transaction.atomic():
        recipient = context.get("user")
        key = uuid.uuid4().hex
        queue(notice, to=email, key=key, context=values, recipient=recipient, cause=cause, at_limit=at_limit)


def account_notice(template_prefix: str, email: str, context: dict[str, Any]) -> tuple[type[Notice], dict[str, Any]]:
    """The notice for one of allauth's occasions, and what its templates need."""
    if template_prefix in _CHANGES:
        return AccountChanged, _change(template_prefix, context)
    if template_prefix not in _NOTICES:
        return OtherAccountMail, _foreign_words(template_prefix, context | {"email": email})
    action = context.get(_ACTIONS.get(template_prefix, ""))
    if template_prefix == "account/email/account_already_exists":
        action = reverse("account_request_login_code")  # works for an account without a password, too
    values = {"code": context.get("code", ""), "action_url": on_our_origin(action) if action else ""}
    return _NOTICES[template_prefix], values | _greeting(context)


def _greeting(context: dict[str, Any]) -> dict[str, str]:
    user = context.get("user")
    return {"name": user.name if user is not None else ""}


def _change(template_prefix: str, context: dict[str, Any]) -> dict[str, Any]:
    at = context.get("timestamp")
    return _greeting(context) | {
        "change": _CHANGES[template_prefix] % {key: context.get(key, "") for key in _ADDRESSES},
        "timestamp": formats.moment(at) if at else "",
        "ip": context.get("ip") or _("unknown"),
        "user_agent": one_line(context.get("user_agent") or ""),
        "action_url": absolute(reverse("accounts:home")),
    }


def _foreign_words(template_prefix: str, context: dict[str, Any]) -> dict[str, str]:
    context = {"current_site": {"name": _("MSA Program"), "domain": settings.PUBLIC_HOST}} | context
    return {
        "words_subject": one_line(render_to_string(f"{template_prefix}_subject.txt", context)),
        "words": render_to_string(f"{template_prefix}_message.txt", context).strip(),
    }
