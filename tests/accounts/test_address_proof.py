"""An address belongs to the person who proves it (fault 60)."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client

from msa_portal.accounts.companies import details, invitations
from msa_portal.accounts.models import User
from tests.accounts.conftest import code_in, is_signed_in, mail_to, sign_in
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

OWNER = "owner@example.com"


@pytest.fixture
def claimed(db) -> User:
    """A stranger signed up with the owner's address and a password, and never confirmed it."""
    user = UserFactory(email=OWNER, name="Sue Stranger")
    EmailAddress.objects.create(user=user, email=OWNER, verified=False, primary=True)
    return user


def proves_by_sign_in_code(client: Client) -> None:
    client.post("/accounts/login/code/", {"email": OWNER})
    client.post("/accounts/login/code/confirm/", {"code": code_in(mail_to(OWNER)[-1])})


def proves_by_confirmation_code(client: Client) -> None:
    """The stranger's own sign-in made the portal send a code, and the owner types it where it's asked for."""
    sign_in(client, OWNER)
    client.post("/accounts/confirm-email/", {"code": code_in(mail_to(OWNER)[-1])})


def reset_link() -> str:
    Client().post("/accounts/password/reset/", {"email": OWNER})
    return re.search(r"/accounts/password/reset/key/\S+", mail_to(OWNER)[-1].text).group()


@pytest.mark.parametrize("prove", [proves_by_sign_in_code, proves_by_confirmation_code])
def test_strangers_password_is_dead_after_the_owners_first_proof(client, claimed, prove):
    prove(client)
    assert is_signed_in(client)
    stranger = Client(REMOTE_ADDR="10.0.0.9")
    sign_in(stranger, OWNER)
    assert not is_signed_in(stranger)
    claimed.refresh_from_db()
    assert not claimed.has_usable_password()


def test_owner_is_told_on_the_page_and_by_email(client, claimed):
    client.post("/accounts/login/code/", {"email": OWNER})
    code = code_in(mail_to(OWNER)[-1])
    page = client.post("/accounts/login/code/confirm/", {"code": code}, follow=True)
    assert "This account had a password from before" in page.content.decode()
    told = mail_to(OWNER)[-1]
    assert told.kind == "account/password_removed"
    assert "http://localhost:8000/accounts/password/set/" in told.text


def test_strangers_session_and_second_factor_end_too(client, claimed):
    stranger = Client()
    stranger.force_login(claimed)
    Authenticator.objects.create(user=claimed, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert is_signed_in(stranger)
    proves_by_sign_in_code(client)
    assert not is_signed_in(stranger)
    assert is_signed_in(client)
    assert not Authenticator.objects.exists()


def test_invited_colleague_proves_the_address_and_the_strangers_password_dies(client, claimed):
    manager = UserFactory()
    company = details.register_company(by=manager, name="Sunny Roof")
    invitation = invitations.invite(company, by=manager, email=OWNER)
    proves_by_sign_in_code(client)
    client.post(f"/accounts/invitations/{invitation.pk}/accept/")
    claimed.refresh_from_db()
    assert (claimed.has_usable_password(), claimed.company_ids) == (False, {company.pk})


def test_password_chosen_through_the_emailed_link_stays(client, claimed):
    new = "the owner chose this phrase"
    page = client.get(reset_link())
    client.post(page.url, {"password1": new, "password2": new})
    assert EmailAddress.objects.get(user=claimed).verified
    sign_in(client, OWNER, new)
    assert is_signed_in(client)
    stranger = Client(REMOTE_ADDR="10.0.0.9")
    sign_in(stranger, OWNER)
    assert not is_signed_in(stranger)


def test_proven_password_outlives_a_further_address(client, alice):
    """Alice's password was hers: confirming a second address changes nothing about it."""
    address = EmailAddress.objects.create(user=alice, email="second@example.com")
    client.force_login(alice)
    client.post("/accounts/email/", {"email": address.email, "action_send": ""})
    client.post("/accounts/confirm-email/", {"code": code_in(mail_to(address.email)[-1])})
    address.refresh_from_db()
    assert address.verified
    again = Client()
    sign_in(again, alice.email, PASSWORD)
    assert is_signed_in(again)
    assert is_signed_in(client)


def test_proof_without_a_password_says_nothing_about_one(client):
    user = User.objects.create_user(OWNER, name="Olive Owner")
    EmailAddress.objects.create(user=user, email=OWNER, primary=True)
    proves_by_sign_in_code(client)
    assert is_signed_in(client)
    assert [message.kind for message in mail_to(OWNER)] == ["account/login_code"]
