"""Who it is, is asked again before what protects an account changes, and every change is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.utils import timezone

from msa_portal.accounts.models import User
from tests.accounts.conftest import code_in, is_signed_in, mail_to, sign_in
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW = "another long pass phrase"
BY_PASSWORD, BY_CODE = "/accounts/reauthenticate/", "/accounts/reauthenticate/code/"

# What protects an account: the page or the post that changes it.
CHANGES = {
    "password": ("/accounts/password/change/", {"password1": NEW, "password2": NEW}),
    "address_added": ("/accounts/email/", {"action_add": "", "email": "new@example.com"}),
    "address_removed": ("/accounts/email/", {"action_remove": "", "email": "second@example.com"}),
    "main_address": ("/accounts/email/", {"action_primary": "", "email": "second@example.com"}),
    "app_on": ("/accounts/2fa/totp/activate/", {"code": "1"}),
    "app_off": ("/accounts/2fa/totp/deactivate/", {}),
    "passkey": ("/accounts/2fa/webauthn/add/", {"name": "Phone", "credential": "{}"}),
    "recovery_codes": ("/accounts/2fa/recovery-codes/generate/", {}),
}

BARE_WITH_APP = ("bare", "app_off")


@pytest.fixture
def bare(db) -> User:
    """Neither password nor second factor: signs in by emailed code."""
    user = User.objects.create_user("bare@example.com", name="Bea Bare")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def with_second_address(user: User) -> EmailAddress:
    return EmailAddress.objects.create(user=user, email="second@example.com", verified=True)


# With an app Bea has a second factor, and is asked for that.
@pytest.mark.parametrize(
    ("who", "change"),
    [(who, change) for who in ("alice", "bare") for change in CHANGES if (who, change) != BARE_WITH_APP],
)
def test_each_change_asks_first_and_changes_nothing(client, alice, bare, who, change):
    user = {"alice": alice, "bare": bare}[who]
    with_second_address(user)
    if change == "app_off":
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    path, data = CHANGES[change]
    if change == "password" and who == "bare":
        path = "/accounts/password/set/"
    before = state_of(user)
    response = client.post(path, data)
    assert response.status_code == 302
    assert response.url.partition("?")[0] == (BY_PASSWORD if who == "alice" else BY_CODE)
    assert state_of(user) == before


def state_of(user: User) -> tuple:
    addresses = EmailAddress.objects.filter(user=user).order_by("pk").values_list("email", "primary")
    factors = Authenticator.objects.filter(user=user).values_list("type")
    return User.objects.get(pk=user.pk).password, list(addresses), list(factors)


def test_new_password_isnt_kept_in_the_session_while_it_asks(client, alice):
    client.force_login(alice)
    client.post(*CHANGES["password"])
    assert NEW not in str(dict(client.session))


def test_password_answers_and_the_change_goes_on(client, alice):
    client.force_login(alice)
    asked = client.post(*CHANGES["address_added"])
    response = client.post(asked.url, {"password": PASSWORD, "next": "/accounts/email/"})
    assert (response.status_code, response.url) == (302, "/accounts/confirm-email/")
    assert mail_to("new@example.com")


def test_emailed_code_answers_for_people_with_neither_password_nor_factor(client, bare):
    client.force_login(bare)
    asked = client.get("/accounts/password/set/")
    assert "We emailed a code to" in client.get(asked.url).content.decode()
    [message] = mail_to(bare.email)
    assert message.kind == "account/reauthentication_code"
    response = client.post(asked.url, {"code": code_in(message), "next": "/accounts/password/set/"})
    assert (response.status_code, response.url) == (302, "/accounts/password/set/")
    assert client.post("/accounts/password/set/", {"password1": NEW, "password2": NEW}).status_code == 302
    again = Client()
    sign_in(again, bare.email, NEW)
    assert is_signed_in(again)


def test_wrong_code_is_refused_and_after_three_another_is_emailed(client, bare):
    client.force_login(bare)
    client.get(BY_CODE)
    [first] = mail_to(bare.email)
    for _attempt in range(3):
        response = client.post(BY_CODE, {"code": "ZZZZ-ZZZZ"})
    assert response.status_code == 302
    client.get(BY_CODE)
    assert len(mail_to(bare.email)) == 2
    client.post(BY_CODE, {"code": code_in(first)})
    assert client.get("/accounts/password/set/").status_code == 302


def test_code_page_emails_one_code_however_often_it_is_loaded(client, bare):
    client.force_login(bare)
    for _load in range(3):
        client.get(BY_CODE)
    assert len(mail_to(bare.email)) == 1
    client.post(BY_CODE, {"action": "resend"})
    assert len(mail_to(bare.email)) == 2


def test_emailed_code_is_no_way_around_a_password(client, alice):
    client.force_login(alice)
    response = client.get(BY_CODE)
    assert (response.status_code, response.url) == (302, BY_PASSWORD)
    assert mail_to(alice.email) == []


def test_person_who_just_signed_in_is_asked_after_15_minutes(client, alice):
    sign_in(client, alice.email)
    assert client.get("/accounts/password/change/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        assert client.get("/accounts/password/change/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert client.get("/accounts/password/change/").status_code == 302
        client.post(BY_PASSWORD, {"password": PASSWORD})
        assert client.get("/accounts/password/change/").status_code == 200


def test_password_change_keeps_this_session_and_ends_the_others(client, alice):
    elsewhere = Client()
    sign_in(elsewhere, alice.email)
    sign_in(client, alice.email)
    client.post(*CHANGES["password"])
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


@pytest.mark.django_db(transaction=True)
def test_every_change_is_told_to_every_address(client, db):
    user = UserFactory(email="first@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    with_second_address(user)
    sign_in(client, user.email)

    def told(path: str, data: dict[str, str]) -> dict[str, list[str]]:
        before = {email: len(mail_to(email)) for email in ("first@example.com", "second@example.com")}
        response = client.post(path, data)
        assert response.status_code == 302, response.content.decode()
        return {
            email: [message.text for message in mail_to(email)[count:] if message.kind == "account/account_changed"]
            for email, count in before.items()
        }

    def each_reads(words: str, path: str, data: dict[str, str]) -> None:
        mails = told(path, data)
        assert {email: len(texts) for email, texts in mails.items()} == dict.fromkeys(mails, 1)
        for [text] in mails.values():
            assert words in text

    each_reads("Your password was changed.", *CHANGES["password"])
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    each_reads("An authenticator app was set up", "/accounts/2fa/totp/activate/", {"code": code})
    each_reads("The authenticator app was removed", *CHANGES["app_off"])
    each_reads("is now second@example.com, not first@example.com", *CHANGES["main_address"])
    each_reads(
        "first@example.com was removed", "/accounts/email/", {"action_remove": "", "email": "first@example.com"}
    )


def test_added_address_is_told_to_the_old_and_the_new_one(client, alice):
    sign_in(client, alice.email)
    client.post(*CHANGES["address_added"])
    client.post("/accounts/confirm-email/", {"code": code_in(mail_to("new@example.com")[-1])})
    for email in (alice.email, "new@example.com"):
        assert "new@example.com was added to your account." in mail_to(email)[-1].text
