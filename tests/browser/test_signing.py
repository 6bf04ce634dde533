"""One envelope, two signers: on two devices, with a mistyped address, and after a fact changed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from demo import accounts
from tests.browser.journey import Person
from tests.browser.test_journeys import HOMES, Home, Meet, form, signed_in
from tests.stack import LiveStack

LENA, OSCAR = HOMES["lena"], HOMES["oscar"]


@pytest.fixture
def ben(live_stack: LiveStack, meet: Meet) -> Person:
    """The agent, at a desk."""
    Home.import_into(live_stack)
    return signed_in(meet, accounts.MANAGER)


def starts_for(ben: Person, home: Home, email: str) -> str:
    ben.opens("/requests/new/")
    ben.chooses("Whom is the request for?", "A customer")
    ben.presses("Start")
    reference = ben.fills_in_the_form(form(home, where={"Customer's e-mail address": email}))
    ben.waits_for_the_agreement()
    return reference


def link_of(person: Person, subject: str) -> str:
    found = re.search(r"http\S+/sign/\S+", person.mail(subject))
    assert found
    return found[0]


def signer(person: Person, name: str) -> Locator:
    return person.page.locator(".agreement-signers > li", has_text=name)


def draws(person: Person) -> None:
    """A stroke with the finger, across the place to draw in."""
    canvas = person.page.locator("[data-drawing] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    mouse = person.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 40)
    mouse.down()
    for step in range(1, 8):
        mouse.move(box["x"] + 20 + step * 25, box["y"] + 40 + (step % 2) * 30)
    mouse.up()


def test_agent_and_customer_sign_on_two_devices_and_a_fact_changes_after(ben: Person, meet: Meet) -> None:
    lena = meet("lena@example.com", LENA.name, phone=True)
    reference = starts_for(ben, LENA, lena.email)

    lena.opens(link_of(lena, "Please sign the agreement"))
    lena.presses("Read the agreement")
    lena.presses("Go on to sign")
    lena.fills(Type_your_full_name=LENA.name)
    draws(lena)
    lena.ticks("I have read the agreement")
    lena.presses("Sign")
    lena.reads("You have signed. Thank you.")

    ben.opens(f"/requests/{reference}/agreement/")
    expect(signer(ben, LENA.name)).to_contain_text("Signed")
    expect(signer(ben, accounts.MANAGER.name)).to_contain_text("Not signed yet")
    ben.signs_the_agreement(reference)
    ben.reads("Signed by everyone")
    expect(ben.page.get_by_role("link", name="Download the signed agreement")).to_be_visible(timeout=60_000)
    evidence = " ".join(ben.pdf("Download the signed agreement").split())
    assert "Evidence of signing" in evidence
    assert "self-signed" in evidence
    assert f"{LENA.name} Sections" in evidence

    ben.opens(f"/requests/{reference}/form/where/")
    ben.answers({"Street address": "43 Walnut Street"})
    ben.opens(f"/requests/{reference}/agreement/")
    ben.presses("Prepare the agreement")
    ben.waits_for_the_agreement()
    row = ben.page.locator(".agreement-changes tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("41 Walnut Street")
    expect(row).to_contain_text("43 Walnut Street")
    for name, section in ((LENA.name, "Customer terms"), (accounts.MANAGER.name, "Application Submittal Form")):
        expect(signer(ben, name)).to_contain_text(f"Still to sign: {section}")
        expect(signer(ben, name)).to_contain_text("this signature still counts")

    lena.opens(link_of(lena, "Please sign again"))
    lena.reads("What changed since the earlier agreement", "41 Walnut Street", "43 Walnut Street")
    lena.presses("Read the agreement")
    lena.presses("Go on to sign")
    lena.fills(Type_your_full_name=LENA.name)
    lena.ticks("I have read the agreement")
    lena.presses("Sign")
    lena.reads("You have signed. Thank you.")
    ben.signs_the_agreement(reference)
    ben.reads("Signed by everyone")


def test_customer_with_a_mistyped_address_gets_the_link_at_the_right_one(ben: Person, meet: Meet) -> None:
    stranger = meet("osacr@example.com", "Nobody We Know")
    oscar = meet("oscar@example.com", OSCAR.name, phone=True)
    reference = starts_for(ben, OSCAR, stranger.email)
    wrong = link_of(stranger, "Please sign the agreement")

    ben.opens(f"/requests/{reference}/agreement/")
    ben.fills(**{"Customer's_e-mail_address": oscar.email})
    ben.presses("Correct the address and send a new link")
    ben.reads("A new link goes to oscar@example.com")

    assert stranger.context.request.get(wrong).status == 410
    oscar.signs_by_link(link_of(oscar, "Please sign the agreement"))
    ben.signs_the_agreement(reference)
    ben.reads("Signed by everyone")
