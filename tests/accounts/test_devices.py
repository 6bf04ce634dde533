"""Nobody locks another person out by guessing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from msa_portal.accounts.models import User
from tests.accounts.conftest import is_signed_in, mail_to, sign_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

STRANGER = {"REMOTE_ADDR": "10.6.6.6"}


def known_browser(user: User, **extra) -> Client:
    """Signed in with it once, and signed out."""
    browser = Client(**extra)
    sign_in(browser, user.email)
    assert is_signed_in(browser)
    browser.post("/accounts/logout/")
    return browser


def guess(email: str, times: int, browser: Client | None = None) -> None:
    for attempt in range(times):
        (browser or Client(REMOTE_ADDR=f"10.6.6.{attempt}")).post(
            "/accounts/login/", {"login": email, "password": "wrong"}
        )


def is_let_in(browser: Client, user: User) -> bool:
    sign_in(browser, user.email)
    return is_signed_in(browser)


def test_known_browser_signs_in_while_a_stranger_guesses(alice):
    own = known_browser(alice)
    guess(alice.email, 20)
    assert not is_let_in(Client(), alice)
    assert is_let_in(own, alice)


def test_known_browser_signs_in_while_somebody_guesses_from_the_same_network(alice):
    own = known_browser(alice)
    guess(alice.email, 20, Client())
    assert is_let_in(own, alice)


def test_lock_by_address_and_network_leaves_the_known_browser_alone(alice, settings):
    settings.ACCOUNT_RATE_LIMITS = False  # of the two throttles the other one alone
    own = known_browser(alice)
    guess(alice.email, 12, Client())
    assert not is_let_in(Client(), alice)
    assert is_let_in(own, alice)


def test_known_browser_has_an_allowance_that_ends_too(alice, settings):
    own = known_browser(alice)
    guess(alice.email, 20, own)
    assert not is_let_in(own, alice)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert is_let_in(own, alice)


def test_signed_in_person_answers_again_while_a_stranger_guesses(client, alice):
    sign_in(client, alice.email)
    guess(alice.email, 20)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        guess(alice.email, 20)
        response = client.post("/accounts/reauthenticate/", {"password": "correct horse battery staple"})
        assert response.status_code == 302


def test_cookie_holds_for_its_own_people_alone(alice):
    bob = UserFactory(email="bob@example.com")
    bob.emailaddress_set.create(email=bob.email, verified=True, primary=True)
    own = known_browser(bob)
    guess(alice.email, 20)
    assert not is_let_in(own, alice)


def test_made_up_cookie_counts_for_nothing(alice):
    own = known_browser(alice)
    forged = Client()
    payload = signing.loads(own.cookies["device"].value, salt="known-device")
    forged.cookies["device"] = signing.dumps(payload, key="another key", salt="known-device")
    guess(alice.email, 20)
    assert not is_let_in(forged, alice)


def test_cookie_signs_nobody_in_and_names_nobody(alice):
    own = known_browser(alice)
    assert not is_signed_in(own)
    payload = signing.loads(own.cookies["device"].value, salt="known-device")
    assert alice.email not in str(payload)
    assert (own.cookies["device"]["httponly"], own.cookies["device"]["samesite"]) == (True, "Lax")


def codes(email: str) -> int:
    return len([message for message in mail_to(email) if message.kind == "account/login_code"])


def ask_for_code(browser: Client, email: str) -> None:
    browser.post("/accounts/login/code/", {"email": email})


def test_code_is_emailed_while_a_stranger_asks_for_codes(alice):
    for _attempt in range(10):
        ask_for_code(Client(**STRANGER), alice.email)
    assert codes(alice.email) == 3
    ask_for_code(Client(), alice.email)  # from elsewhere, on a new phone
    assert codes(alice.email) == 4


def test_known_browser_gets_its_code_while_strangers_flood_the_address(alice):
    own, another = known_browser(alice), known_browser(alice)
    for attempt in range(40):
        ask_for_code(Client(REMOTE_ADDR=f"10.6.6.{attempt}"), alice.email)
    assert codes(alice.email) == 30
    ask_for_code(own, alice.email)
    assert codes(alice.email) == 31
    another.post("/accounts/login/", {"login": alice.email, "password": ""})
    assert codes(alice.email) == 32


def test_code_signs_in_while_a_stranger_guesses_passwords(client, alice):
    guess(alice.email, 20)
    ask_for_code(client, alice.email)
    assert codes(alice.email) == 1


def test_known_browser_gets_its_code_when_strangers_used_up_the_mailbox_for_the_day(alice, settings):
    """People without a password sign in by code alone: nobody may shut them out until tomorrow."""
    settings.MAIL_LIMITS = settings.MAIL_LIMITS | {"recipient_of_codes": 5}
    own = known_browser(alice)
    for attempt in range(8):
        ask_for_code(Client(REMOTE_ADDR=f"10.6.6.{attempt}"), alice.email)
    assert codes(alice.email) == 5
    ask_for_code(own, alice.email)
    assert codes(alice.email) == 6


def test_address_that_nobody_proved_makes_no_browser_known(alice):
    """Else a stranger adds the address to an account of their own, and guesses with a fresh allowance each time."""
    mallory = UserFactory(email="mallory@example.com")
    mallory.emailaddress_set.create(email=mallory.email, verified=True, primary=True)
    mallory.emailaddress_set.create(email=alice.email, verified=False)
    own = known_browser(mallory)
    guess(alice.email, 20)
    assert not is_let_in(own, alice)


def test_sign_in_of_another_person_gives_no_fresh_guesses_at_those_who_share_the_browser(alice):
    bob = UserFactory(email="bob@example.com")
    bob.emailaddress_set.create(email=bob.email, verified=True, primary=True)
    shared = known_browser(alice)
    for _round in range(4):
        guess(alice.email, 5, shared)
        assert is_let_in(shared, bob)
        shared.post("/accounts/logout/")
    assert not is_let_in(shared, alice)
