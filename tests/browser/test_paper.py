"""A signature on paper: sent from a phone, sent back once with the reason, sent again, accepted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo import accounts
from tests import crafted
from tests.browser.journey import PHONE, Person, a_photo
from tests.browser.test_journeys import Home, Meet, form, signed_in
from tests.stack import LiveStack

PIA = Home("810000000031", "Pia Larch", "31 Walnut Street")
SCAN = {"name": "signed.pdf", "mimeType": "application/pdf", "buffer": crafted.pdf()}


@pytest.fixture
def pia(live_stack: LiveStack, meet: Meet) -> Person:
    Home.import_into(live_stack)
    return meet("pia@example.com", PIA.name, phone=True)


def sends(person: Person, *files: object) -> None:
    person.page.get_by_label("Scan or photos of the signed pages").set_input_files(list(files))
    person.presses("Send the pages")
    person.reads("Received.", "Waits for program staff")


def opens_the_pages(staff: Person, reference: str) -> None:
    staff.opens("/admin/requests_app/papersigning/?queue=waiting")
    staff.presses(reference)


def decides(staff: Person, answer: str, note: str = "") -> None:
    staff.page.get_by_label("Customer terms").select_option(label=answer)
    staff.page.get_by_label("Note to the signer").fill(note)
    staff.presses("Save the decision")


def test_paper_is_sent_back_once_and_then_executes_the_agreement(pia: Person, meet: Meet) -> None:
    pia.opens("/")
    pia.signs_up()
    pia.opens("/requests/new/")
    pia.presses("Start")
    reference = pia.fills_in_the_form(form(PIA))
    pia.opens(f"/requests/{reference}/agreement/")

    pia.waits_for_the_agreement()
    pia.presses("Sign on paper")
    assert pia.page.viewport_size == PHONE
    printed = pia.pdf("Download the agreement")
    assert f"To sign on paper ({reference}-A1): Customer: Pia Larch" in " ".join(printed.split())
    sends(pia, a_photo(), a_photo())

    sam = signed_in(meet, accounts.STAFF)
    opens_the_pages(sam, reference)
    expect(sam.content.locator("img")).to_have_count(2)
    decides(sam, "A signature is missing", "The box on page 1 is empty.")
    sam.reads("Sent back")

    assert "The box on page 1 is empty." in pia.mail("sign again on paper")
    pia.opens(f"/requests/{reference}/agreement/")
    pia.reads("A signature is missing", "The box on page 1 is empty.")
    pia.presses("Sign on paper")
    sends(pia, SCAN)

    opens_the_pages(sam, reference)
    decides(sam, "Accept")
    sam.reads("Accepted")
    pia.opens(f"/requests/{reference}/agreement/")
    pia.reads("Signed by everyone", "Pay the fee")
    expect(pia.page.get_by_role("link", name="Download the signed agreement")).to_be_visible(timeout=60_000)
    assert "By hand, on a printed copy" in " ".join(pia.pdf("Download the signed agreement").split())
