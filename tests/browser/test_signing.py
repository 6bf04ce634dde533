"""Two signers on two devices: either order, a mistyped address, a fact that changes after signing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from demo import accounts
from tests.browser.journey import PHONE, Person
from tests.browser.test_journeys import Home, Meet, form, signed_in
from tests.stack import LiveStack

TERMS = "Customer terms"
AUTHORIZATION = "Authorization to Act as Agent to Request SCE Work"
SUBMITTAL = "Application Submittal Form"
FIRST, SECOND, THIRD = (
    Home(f"8100000000{number}", name, f"{number} Walnut Street")
    for number, name in (("41", "Lena Frost"), ("42", "Otto Pine"), ("43", "Rosa Vale"))
)


@pytest.fixture
def ben(live_stack: LiveStack, meet: Meet) -> Person:
    """The agent, at a desk."""
    Home.import_into(live_stack)
    return signed_in(meet, accounts.MANAGER)


def asks_to_sign(agent: Person, home: Home, email: str) -> str:
    """The agreement of a customer of the agent's company is ready to sign. Gives the reference."""
    agent.opens("/requests/new/")
    agent.chooses("Whom is the request for?", "A customer")
    agent.presses("Start")
    reference = agent.fills_in_the_form(form(home, where={"Customer's e-mail address": email}))
    agent.opens(f"/requests/{reference}/agreement/")
    agent.waits_for_the_agreement()
    return reference


def link_of(customer: Person, subject: str = "Please sign the agreement") -> str:
    link = re.search(r"http\S+/sign/\S+", customer.mail(subject))
    assert link
    return link[0]


def draws(person: Person) -> None:
    """A stroke with the finger, across the place to draw in."""
    canvas = person.page.locator("[data-drawing-pad] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    mouse = person.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 40)
    mouse.down()
    for step in range(1, 8):
        mouse.move(box["x"] + 20 + step * 25, box["y"] + 40 + (step % 2) * 30)
    mouse.up()


def line_of(person: Person, party: str) -> str:
    """What the page says of that signer."""
    return person.content.locator(".agreement-signers li", has_text=f"{party}: ").first.inner_text()


def sees(person: Person, reference: str, **lines: str) -> None:
    person.opens(f"/requests/{reference}/agreement/")
    for party, words in lines.items():
        assert words in line_of(person, party), line_of(person, party)


def test_agent_and_customer_sign_on_two_devices_and_both_see_who_has(ben: Person, meet: Meet) -> None:
    lena = meet("lena@example.com", FIRST.name, phone=True)
    reference = asks_to_sign(ben, FIRST, lena.email)
    ben.signs_the_agreement(reference)
    sees(ben, reference, Agent="Signed", Customer="Not signed yet")

    assert lena.page.viewport_size == PHONE
    lena.opens(link_of(lena))
    lena.presses("Read the agreement")
    lena.agrees_to_sign_electronically()
    lena.fills(Type_your_full_name=lena.name)
    draws(lena)
    lena.ticks("I have read the agreement")
    lena.presses("Sign")
    lena.reads("You have signed. Thank you.")
    assert "Signed" in line_of(lena, "Agent")
    assert f"as “{lena.name}”" in line_of(lena, "Customer")
    sees(ben, reference, Customer=f"as “{lena.name}”")
    ben.reads("Signed by everyone")

    expect(ben.page.get_by_role("link", name="Download the signed agreement")).to_be_visible(timeout=60_000)
    expect(ben.page.get_by_role("link", name="Drawn signature")).to_be_visible()
    evidence = " ".join(ben.pdf("Download the signed agreement").split())
    for words in ("Evidence of signing", "Opened the PDF", f"{lena.name} Sections", "self-signed", f"{reference}-A1"):
        assert words in evidence


def test_mistyped_address_is_corrected_and_the_old_link_is_dead(ben: Person, meet: Meet) -> None:
    stranger = meet("oto@example.com", phone=True)
    otto = meet("otto@example.com", SECOND.name, phone=True)
    reference = asks_to_sign(ben, SECOND, stranger.email)
    old = link_of(stranger)
    ben.opens(f"/requests/{reference}/agreement/")
    assert stranger.email in line_of(ben, "Customer")

    ben.fills(**{"Customer's_e-mail_address": otto.email})
    ben.presses("Correct the address and send a new link")
    ben.reads(f"A new link goes to {otto.email}. The earlier one is void.")
    stranger.page.goto(old)
    stranger.reads("This link is closed", "no longer valid")

    otto.signs_by_link(link_of(otto))
    sees(ben, reference, Customer=f"as “{otto.name}”", Agent="Not signed yet")
    assert "Not signed yet" in line_of(otto, "Agent")
    ben.signs_the_agreement(reference)
    ben.reads("Signed by everyone")


def test_changed_fact_asks_for_the_concerned_sections_alone(ben: Person, meet: Meet) -> None:
    rosa = meet("rosa@example.com", THIRD.name, phone=True)
    reference = asks_to_sign(ben, THIRD, rosa.email)
    rosa.signs_by_link(link_of(rosa))
    ben.signs_the_agreement(reference)
    ben.reads("Signed by everyone")

    ben.opens(f"/requests/{reference}/form/where/")
    ben.answers({"Street address": "34 Walnut Street"})
    ben.opens(f"/requests/{reference}/agreement/")
    ben.reads("What changed since the earlier agreement", "43 Walnut Street", "34 Walnut Street")
    ben.presses("Prepare the agreement")
    ben.waits_for_the_agreement()
    assert f"Still to sign: {TERMS}" in line_of(ben, "Customer")
    assert f"Still to sign: {SUBMITTAL}" in line_of(ben, "Agent")
    for party in ("Customer", "Agent"):
        assert "this signature still counts" in line_of(ben, party)

    rosa.opens(link_of(rosa, "Please sign again"))
    cells = rosa.content.get_by_role("row", name="Street address").get_by_role("cell")
    expect(cells).to_have_text(["43 Walnut Street", "34 Walnut Street"])
    rosa.presses("Read the agreement")
    rosa.presses("Go on to sign")
    rosa.fills(Type_your_full_name=rosa.name)
    rosa.ticks("I have read the agreement")
    rosa.presses("Sign")
    rosa.reads("You have signed. Thank you.")
    sees(ben, reference, Customer="Signed", Agent=f"Still to sign: {SUBMITTAL}")
