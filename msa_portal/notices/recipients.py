"""Is a message still for the person it was written to? Asked when it's about to leave, and before staff send it again.

A message may wait for hours (fault 24), and be sent again after years. Meanwhile people leave companies, close
accounts, and change addresses (fault 71).
"""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.notices.models import NoticeMessage

# To an address as it was: that it's no longer the account's is what it says.
_ABOUT_ACCOUNTS = "account/"

_checks: list[Callable[[NoticeMessage, User], str]] = []


def register(check: Callable[[NoticeMessage, User], str]) -> None:
    """`check` gets a message about a request and its recipient; it returns why they get it no longer, else nothing."""
    _checks.append(check)


def reason_against(message: NoticeMessage) -> str:
    """Why the message isn't sent to its address now; empty where it may be."""
    person = message.recipient
    if person is None or message.kind.startswith(_ABOUT_ACCOUNTS):
        return ""
    if not person.is_active:
        return _("This account is closed.")
    if not _is_address_of(person, message.to_email):
        return _("This is no longer an address of this person.")
    if not message.reference:
        return ""
    return next((reason for check in _checks if (reason := check(message, person))), "")


def _is_address_of(person: User, address: str) -> bool:
    if person.email.lower() == address.lower():
        return True
    return EmailAddress.objects.filter(user=person, email__iexact=address).exists()
