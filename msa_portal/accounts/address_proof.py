"""An account belongs to the person who proves its address: what was set up before the first proof dies with it (fault 60)."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.accounts.notices import PasswordRemoved
from msa_portal.db import lock
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import queue


def prove_by_link(request: HttpRequest, user: User) -> None:
    """A person who opens a link emailed to the account's only address has proven it."""
    addresses = list(EmailAddress.objects.filter(user=user))
    if any(address.verified for address in addresses) or any(address.email != user.email for address in addresses):
        return
    address = addresses[0] if addresses else EmailAddress(user=user, email=user.email)
    address.user = user
    get_adapter(request).confirm_email(request, address)


def drop_what_was_never_proven(request: HttpRequest, email_address: EmailAddress, **_kwargs: Any) -> None:
    """At the first proof of any of the account's addresses, end its password, second factors and sessions.

    The person who set them hadn't shown that the address is theirs. A further address is told to all of them.
    Receives allauth's `email_confirmed`.
    """
    user = email_address.user
    others = EmailAddress.objects.filter(user=user, verified=True).exclude(pk=email_address.pk)
    if others.exists():
        context = {"to_email": email_address.email}
        get_adapter(request).send_notification_mail("account/email/email_confirm", user, context)
        return
    with transaction.atomic():
        row = lock(user)
        Authenticator.objects.filter(user=row).delete()
        for session in UserSession.objects.filter(user=row).exclude(session_key=request.session.session_key or ""):
            session.end()
        if not row.has_usable_password():
            return
        row.set_unusable_password()
        row.save(update_fields=["password"])
        user.password = row.password
        context = {"name": row.name, "action_url": absolute(reverse("account_set_password"))}
        queue(PasswordRemoved, to=email_address.email, key=str(email_address.pk), context=context, recipient=row)
    messages.warning(
        request,
        _(
            "This account had a password from before this address was confirmed. We removed it, because someone else"
            " may have set it. Sign in with an emailed code, or choose a new password in your account."
        ),
    )
