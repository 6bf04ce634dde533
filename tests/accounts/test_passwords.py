"""New passwords are long and hard to guess, whatever characters they hold."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from demo.accounts import PASSWORD as DEMO_PASSWORD
from msa_portal.accounts.models import User
from tests.accounts.conftest import is_signed_in, sign_in
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def refusals(password: str, user: User | None = None) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [problem.code for problem in error.error_list]
    return []


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("fourteen chars", ["password_too_short"]),
        ("fifteen chars .", []),
        ("only small letters here", []),
        ("ünïcödé ïs wélcömé", []),
        ("7319 0462 8550 9917", []),
        ("password1234567", ["password_too_common"]),
        ("2026!!Football!!2026", ["password_too_common"]),
        ("aaaaaaaaaaaaaaaa", ["password_repeated"]),
        ("sunsunsunsunsun", ["password_repeated"]),
        ("roof-solar;roof-solar;", ["password_repeated"]),
        ("abcdefghijklmnop", ["password_repeated"]),
        ("1234567890123456", ["password_repeated"]),
        ("qwertyuiopasdfghjkl", ["password_repeated"]),
    ],
)
def test_new_password(password, codes):
    assert refusals(password) == codes


def test_one_of_two_factors_may_be_shorter(alice):
    assert refusals("twelve chars", alice) == ["password_too_short"]
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={})
    assert refusals("twelve chars", alice) == []
    assert refusals("eleven char", alice) == ["password_too_short"]


def test_recovery_codes_alone_make_it_no_shorter(alice):
    Authenticator.objects.create(user=alice, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert refusals("twelve chars", alice) == ["password_too_short"]


def test_present_password_is_no_new_one(alice):
    assert refusals(PASSWORD, alice) == ["password_same"]


def test_page_says_what_is_wrong_and_changes_nothing(client, alice):
    sign_in(client, alice.email)
    response = client.post("/accounts/password/change/", {"password1": "short", "password2": "short"})
    assert "Use at least 15 characters." in response.content.decode()
    assert User.objects.get(pk=alice.pk).password == alice.password


def test_password_from_before_the_rules_keeps_working(client):
    assert refusals(DEMO_PASSWORD) == ["password_too_short"]
    user = UserFactory(email="demo@example.com", password=DEMO_PASSWORD)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    sign_in(client, user.email, DEMO_PASSWORD)
    assert is_signed_in(client)
