"""A correction accepted in one tap, on a phone, and judged on the desk by what changed alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo import accounts
from tests.browser.journey import PHONE, Person
from tests.browser.test_journeys import Home, Meet, form, signed_in
from tests.stack import LiveStack

IVY = Home("810000000021", "Ivy Marsh", "21 Walnut Street")


@pytest.fixture
def ivy(live_stack: LiveStack, meet: Meet) -> Person:
    Home.import_into(live_stack)
    return meet("ivy@example.com", IVY.name, phone=True)


def test_correction_is_accepted_in_one_tap(ivy: Person, meet: Meet) -> None:
    ivy.opens("/")
    ivy.signs_up()
    ivy.opens("/requests/new/")
    ivy.presses("Start")
    reference = ivy.fills_in_the_form(form(IVY, panel={"Panel rating in amps": "125"}))
    ivy.signs_the_agreement(reference)
    ivy.pays_the_fee(reference)
    ivy.sees_status(reference, "Request Submitted")

    sam = signed_in(meet, accounts.STAFF)
    sam.opens_in_the_desk(reference)
    sam.page.get_by_label("Find a reason").fill("panel rated over")
    row = sam.page.locator("[data-pick-row]:visible")
    expect(row).to_have_count(1)
    row.get_by_role("checkbox").first.check()
    row.locator("textarea").fill("Your photo says 200 A.")
    row.get_by_label("Propose the right value").fill("200")
    sam.looks_around()
    sam.presses("Send back for corrections")
    sam.reads("Corrections Required")

    mail = ivy.mail("Corrections required")
    assert "We propose: 200 A" in mail
    assert "/corrections/#item-" in mail
    ivy.opens(f"/requests/{reference}/corrections/")
    assert ivy.page.viewport_size == PHONE
    ivy.reads("Your photo says 200 A.", "You said", "125 A", "Our staff propose", "200 A")
    ivy.presses("Use this")
    ivy.reads("Saved:", "Everything is answered")
    ivy.presses("Send back for screening")
    ivy.sees_status(reference, "Request Submitted")

    sam.opens_in_the_desk(reference)
    sam.reads("what changed since", "125 A", "200 A", "Took over what our staff proposed")
    expect(sam.content).not_to_contain_text("Save and deem valid")
    sam.deems_valid(reference)


def test_what_is_typed_is_still_there_after_a_reload(meet: Meet) -> None:
    """The demo's request with a correction: its name differs."""
    ben = signed_in(meet, accounts.MANAGER, phone=True)
    ben.opens("/requests/?status=corrections_required")
    ben.presses("Answer the corrections")
    ben.page.get_by_text("It is right as it is").click()
    with ben.page.expect_response(lambda answer: answer.request.method == "POST"):
        ben.page.get_by_label("How do you know?").fill("It is on the bill")
    expect(ben.page.locator("details[open] [data-saved]")).to_contain_text("Saved.")
    ben.page.reload()
    expect(ben.page.get_by_label("How do you know?")).to_have_value("It is on the bill")
    ben.looks_around()
