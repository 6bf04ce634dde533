"""Sign-up, sign-in, and what must not be possible there (faults 40 to 45)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth import hashers
from django.test import Client
from django.utils import timezone

from msa_portal.accounts.models import User
from tests.accounts.conftest import code_in, is_signed_in, mail_to, sign_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

SIGN_UP = {"name": "Nora New", "email": "nora@example.com"}


def test_sign_up_asks_for_the_mailed_code_and_then_signs_in(client):
    response = client.post("/accounts/signup/", SIGN_UP)
    assert (response.status_code, response.url) == (302, "/accounts/confirm-email/")
    assert not is_signed_in(client)
    [message] = mail_to("nora@example.com")
    response = client.post("/accounts/confirm-email/", {"code": code_in(message)})
    assert (response.status_code, response.url) == (302, "/accounts/home/")
    assert User.objects.get(email="nora@example.com").name == "Nora New"
    assert is_signed_in(client)


def test_sign_up_takes_no_password(client):
    """Until the code has come back, nobody knows whose address it is."""
    page = client.get("/accounts/signup/")
    assert list(page.context["form"].fields) == ["name", "email"]
    client.post("/accounts/signup/", SIGN_UP | {"password1": PASSWORD, "password": PASSWORD})
    assert not User.objects.get(email="nora@example.com").has_usable_password()


def test_password_is_set_after_the_proof_by_those_who_want_one(client):
    client.post("/accounts/signup/", SIGN_UP)
    client.post("/accounts/confirm-email/", {"code": code_in(mail_to("nora@example.com")[-1])})
    response = client.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    assert response.status_code == 302
    again = Client()
    sign_in(again, "nora@example.com")
    assert is_signed_in(again)


def test_sign_in_without_a_password_emails_a_code(client, alice):
    response = client.post("/accounts/login/", {"login": alice.email, "password": "", "next": "/products/"})
    assert (response.status_code, response.url) == (302, "/accounts/login/code/confirm/?next=%2Fproducts%2F")
    code = code_in(mail_to(alice.email)[-1])
    response = client.post("/accounts/login/code/confirm/", {"code": code, "next": "/products/"})
    assert response.url == "/products/"
    assert is_signed_in(client)


def test_sign_in_without_a_password_tells_nobody_whether_there_is_an_account(alice):
    known = ask("/accounts/login/", {"login": alice.email})
    unknown = ask("/accounts/login/", {"login": "nobody@example.com"})
    assert known == unknown


def test_sign_up_with_a_wrong_code_stays_out_and_says_so(client):
    client.post("/accounts/signup/", SIGN_UP)
    response = client.post("/accounts/confirm-email/", {"code": "ZZZZZZ"})
    assert "Something here needs another look" in response.content.decode()
    assert not is_signed_in(client)


@pytest.mark.parametrize("name", ["Eve\r\nBcc: all@example.com", "Eve\nSubject: x", "Eve\x00", "Eve\u202egro"])
def test_sign_up_with_a_line_break_in_the_name_is_refused(client, name):
    response = client.post("/accounts/signup/", SIGN_UP | {"name": name})
    assert response.status_code == 200
    assert not User.objects.filter(email="nora@example.com").exists()


def test_sign_in_by_code_needs_no_password(client, alice):
    client.post("/accounts/login/code/", {"email": alice.email})
    [message] = mail_to(alice.email)
    client.post("/accounts/login/code/confirm/", {"code": code_in(message)})
    assert is_signed_in(client)


def test_post_without_csrf_token_is_refused(alice):
    client = Client(enforce_csrf_checks=True)
    response = sign_in(client, alice.email)
    assert response.status_code == 403
    assert "This page was open too long" in response.content.decode()
    assert not is_signed_in(client)


def test_a_get_does_not_sign_out(client, alice):
    client.force_login(alice)
    client.get("/accounts/logout/")
    assert is_signed_in(client)


def test_a_session_planted_before_sign_in_is_another_one_after(client, alice):
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    sign_in(client, alice.email)
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert is_signed_in(client)
    assert client.cookies["sessionid"].value != planted
    assert not is_signed_in(thief)


@pytest.fixture
def thief(client, alice) -> Client:
    """Holds a copy of Alice's session cookie while she is signed in."""
    sign_in(client, alice.email)
    thief = Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    assert is_signed_in(thief)
    return thief


def test_session_is_dead_after_sign_out(client, thief):
    client.post("/accounts/logout/")
    assert not is_signed_in(thief)


def test_session_is_dead_after_a_password_change(client, thief):
    new = "another long pass phrase"
    response = client.post("/accounts/password/change/", {"password1": new, "password2": new})
    assert response.status_code == 302, response.content.decode()
    assert not is_signed_in(thief)


def test_session_is_dead_after_the_account_is_switched_off(thief, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not is_signed_in(thief)


def test_many_wrong_passwords_for_one_account_are_stopped_by_account(client, alice):
    for attempt in range(6):
        response = sign_in(client, alice.email, "wrong", REMOTE_ADDR=f"10.0.0.{attempt}")
    assert "Too many failed login attempts" in response.content.decode()
    assert not is_signed_in_after_right_password(client, alice)


def is_signed_in_after_right_password(client: Client, user: User) -> bool:
    sign_in(client, user.email)
    return is_signed_in(client)


def test_one_wrong_password_each_for_many_accounts_is_stopped_by_address(client, alice):
    for attempt in range(11):
        sign_in(client, f"person{attempt}@example.com", "wrong")
    assert not is_signed_in_after_right_password(client, alice)


def test_lock_is_by_account_and_address_says_what_to_do_and_ends(client, alice, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    for _attempt in range(10):
        response = sign_in(client, alice.email.upper(), "wrong")
    assert response.status_code == 429
    assert "Wait 15 minutes" in response.content.decode()
    assert AccessAttempt.objects.get().username == alice.email
    assert not is_signed_in_after_right_password(client, alice)

    elsewhere = Client(REMOTE_ADDR="10.1.1.1")
    assert is_signed_in_after_right_password(elsewhere, alice)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert is_signed_in_after_right_password(client, alice)


def test_lines_about_failed_sign_ins_name_nobody(client, alice, caplog, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    for _attempt in range(11):
        sign_in(client, alice.email, "wrong", REMOTE_ADDR="10.9.8.7")
    axes = [record.getMessage() for record in caplog.records if record.name.startswith("axes")]
    assert axes
    assert [line for line in axes if alice.email in line or "10.9.8.7" in line] == []


def without_tokens(response) -> str:
    """A page without what differs from request to request by chance."""
    text = response.content.decode().replace("nobody@example.com", "…").replace("alice@example.com", "…")
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": "|nonce=")[^"]+', "", text)


def ask(path: str, data: dict[str, str]) -> tuple[int, str, str]:
    client = Client()
    response = client.post(path, data)
    return response.status_code, response.url, without_tokens(client.get(response.url))


def test_password_reset_tells_nobody_whether_there_is_an_account(alice):
    known = ask("/accounts/password/reset/", {"email": alice.email})
    unknown = ask("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert known == unknown
    assert [message.kind for message in mail_to(alice.email)] == ["account/password_reset"]
    assert [message.kind for message in mail_to("nobody@example.com")] == ["account/unknown_account"]


def test_sign_up_with_an_address_that_has_an_account_emails_the_way_in(client, alice):
    client.post("/accounts/signup/", SIGN_UP | {"email": alice.email})
    [message] = mail_to(alice.email)
    assert message.kind == "account/account_already_exists"
    assert "http://localhost:8000/accounts/login/code/" in message.text


def test_sign_up_tells_nobody_whether_there_is_an_account(alice):
    known = ask("/accounts/signup/", SIGN_UP | {"email": alice.email})
    unknown = ask("/accounts/signup/", SIGN_UP | {"email": "nobody@example.com"})
    assert known == unknown


def test_sign_in_code_tells_nobody_whether_there_is_an_account(alice):
    known = ask("/accounts/login/code/", {"email": alice.email})
    unknown = ask("/accounts/login/code/", {"email": "nobody@example.com"})
    assert known == unknown


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_sign_up_hashes_no_password_whether_or_not_there_is_an_account(client, alice, email, monkeypatch):
    hashed = []
    encode = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", lambda *args: hashed.append(1) or encode(*args))
    client.post("/accounts/signup/", SIGN_UP | {"email": email})
    assert hashed == []


@pytest.mark.parametrize("header", ["HTTP_HOST", "SERVER_NAME"])
def test_spoofed_host_is_a_bad_request(client, header):
    response = client.get("/accounts/login/", **{header: "evil.example"})
    assert response.status_code == 400


def test_links_in_mail_use_the_configured_origin(client, alice, settings):
    settings.PUBLIC_URL = "https://msa.example.org"
    client.post(
        "/accounts/password/reset/",
        {"email": alice.email},
        HTTP_HOST="127.0.0.1:9999",
        HTTP_X_FORWARDED_HOST="evil.example",
    )
    [message] = mail_to(alice.email)
    assert "https://msa.example.org/accounts/password/reset/key/" in message.text
    for body in (message.text, message.html):
        assert "evil.example" not in body
        assert "127.0.0.1" not in body


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "http:///evil.example"],
)
def test_next_leads_nowhere_else(client, alice, target):
    response = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD, "next": target})
    assert (response.status_code, response.url) == (302, "/accounts/home/")


def test_next_leads_to_a_page_here(client, alice):
    response = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD, "next": "/products/"})
    assert (response.status_code, response.url) == (302, "/products/")
