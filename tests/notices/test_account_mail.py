"""allauth's occasions, each in our words."""

from __future__ import annotations

import re
from pathlib import Path

import allauth
import pytest
from django.utils import timezone

from msa_portal.notices.account_mail import OtherAccountMail, account_notice, queue_account_mail
from msa_portal.notices.limits import Cause
from msa_portal.notices.models import NoticeMessage
from tests.factories import UserFactory

_TEMPLATES = Path(allauth.__file__).parent / "templates"
_OCCASIONS = sorted(
    str(path.relative_to(_TEMPLATES)).removesuffix("_subject.txt")
    for app in ("account", "mfa")
    for path in (_TEMPLATES / app / "email").glob("*_subject.txt")
)


@pytest.mark.django_db(transaction=True)
def test_account_mail_needs_no_transaction_of_the_caller() -> None:
    queue_account_mail(
        "account/email/unknown_account", "a@example.com", {"signup_url": "http://x/accounts/signup/"}, cause=Cause()
    )
    assert NoticeMessage.objects.get().to_email == "a@example.com"


@pytest.mark.parametrize("occasion", _OCCASIONS)
def test_every_occasion_of_allauth_has_our_own_words(occasion: str) -> None:
    notice, _values = account_notice(occasion, "a@example.com", {})
    assert notice is not OtherAccountMail


@pytest.mark.django_db
def test_same_code_asked_for_twice_is_mailed_twice() -> None:
    for _n in range(2):
        queue_account_mail("account/email/login_code", "a@example.com", {"code": "ABC-123"}, cause=Cause())
    assert NoticeMessage.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("occasion", "context"),
    [
        ("account/email/password_reset_key", {"password_reset_url": "https://evil.example/accounts/reset/1-k/?a=1"}),
        ("account/email/unknown_account", {"signup_url": "https://evil.example/accounts/reset/1-k/?a=1"}),
    ],
)
def test_link_is_on_the_configured_origin_whatever_the_host(occasion: str, context: dict[str, str]) -> None:
    queue_account_mail(occasion, "a@example.com", context, cause=Cause())
    text = NoticeMessage.objects.get().text
    assert "http://localhost:8000/accounts/reset/1-k/?a=1" in text
    assert "evil.example" not in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("occasion", "confidential"),
    [
        ("account/email/email_confirmation_signup", True),
        ("account/email/login_code", True),
        ("account/email/password_reset_key", True),
        ("account/email/unknown_account", False),
        ("account/email/password_changed", False),
    ],
)
def test_what_carries_a_code_or_a_key_is_confidential(occasion: str, confidential: bool) -> None:
    queue_account_mail(
        occasion, "a@example.com", {"code": "ABC-123", "password_reset_url": "http://x/k/"}, cause=Cause()
    )
    assert NoticeMessage.objects.get().confidential is confidential


@pytest.mark.django_db
def test_change_of_the_account_says_what_when_and_from_where() -> None:
    user = UserFactory(name="Alice Sample")
    context = {"user": user, "timestamp": timezone.now(), "ip": "127.0.0.1", "user_agent": "Fire\r\nfox"}
    queue_account_mail("mfa/email/totp_activated", user.email, context, cause=Cause())
    row = NoticeMessage.objects.get()
    assert row.recipient == user
    for part in ("Hello Alice Sample,", "An authenticator app was set up", "127.0.0.1", "Fire fox"):
        assert part in row.text


@pytest.mark.django_db
def test_occasion_that_we_do_not_know_keeps_allauths_words() -> None:
    context = {"user_agent": "x", "ip": "1", "timestamp": timezone.now(), "provider": "Example"}
    queue_account_mail("socialaccount/email/account_connected", "a@example.com", context, cause=Cause())
    row = NoticeMessage.objects.get()
    assert row.confidential
    assert re.search(r"connected", row.text)
