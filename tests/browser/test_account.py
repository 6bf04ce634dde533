"""Signing up, in and out, and what protects the account: at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.journey import Person

Meet = Callable[..., Person]
PHRASE = "seven green ladders in the rain"


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_person_signs_up_by_code_and_adds_a_password_and_a_passkey(meet: Meet, phone: bool) -> None:
    nina = meet(f"nina-{uuid4().hex[:8]}@example.com", "Nina Sample", phone=phone)
    nina.signs_up()
    expect(nina.page).to_have_url(f"{nina.stack.url}/requests/")
    nina.opens("/accounts/logout/")
    nina.presses("Sign out")

    nina.opens("/accounts/login/?next=/accounts/password/set/")
    nina.fills(Email=nina.email)
    nina.presses("Sign in")
    nina.enters_the_code("Your sign-in code")
    nina.reads("You don't need one to sign in")
    nina.page.get_by_label("Password").first.fill(PHRASE)
    nina.page.get_by_label("Password (again)").fill(PHRASE)
    nina.presses("Save new password")
    nina.reads("Password successfully set.")

    devtools = nina.context.new_cdp_session(nina.page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": options | {"isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    nina.opens("/accounts/2fa/webauthn/add/")
    nina.page.locator("label", has_text="Passwordless").click()
    nina.presses("Add")
    nina.reads("Recovery codes")
    assert "added to your account" in nina.mail("A change to your account")

    nina.opens("/accounts/logout/")
    nina.presses("Sign out")
    nina.opens("/accounts/login/?next=/accounts/sessions/")
    nina.presses("Use a passkey")
    nina.reads("This browser")
