"""On a phone: photos of the site, a slip in the panel's model, and a promise before the fee."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from demo import accounts
from tests.browser.journey import DESKTOP, PHONE, Person
from tests.browser.test_journeys import Home, form
from tests.stack import LiveStack

Meet = Callable[..., Person]
HOME = Home("810000000031", "Ida Stone", "31 Quarry Lane")
TYPED, LISTED = "MBED2O40B200BF", "MBED2040B200BF"


@pytest.fixture
def on_record(live_stack: LiveStack) -> None:
    """Ida's home stands in the utility's record."""
    file = live_stack.folder / "ida.csv"
    with file.open("w", newline="") as output:
        rows = csv.DictWriter(output, [*asdict(HOME), "unit", "meter_number"])
        rows.writeheader()
        rows.writerow(asdict(HOME))
    live_stack.manage("import_service_accounts", str(file))


@pytest.fixture
def meet(live_stack: LiveStack, new_context: Any) -> Meet:
    def meet(email: str, name: str, *, phone: bool = False) -> Person:
        return Person(live_stack, new_context(viewport=PHONE if phone else DESKTOP), email, name)

    return meet


def picture(color: str) -> dict[str, Any]:
    out = io.BytesIO()
    Image.new("RGB", (1600, 1200), color).save(out, "JPEG")
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def card(person: Person, topic: str) -> Locator:
    return person.page.locator(f"#photo-{topic}")


def shown(person: Person, topic: str) -> str:
    """Where the picture on that card comes from, once it is drawn."""
    image = card(person, topic).locator("img")
    expect(image).to_be_visible()
    return str(image.get_attribute("src"))


def fills_in(ida: Person) -> str:
    ida.opens("/requests/new/")
    ida.presses("Start")
    steps = form(HOME, panel={"Panel model": TYPED}, site={"Is the MSA next to the meter": "No"})
    for questions in steps:
        ida.answers(questions)
        if "Panel model" in questions:
            ida.reads(f"Did you mean {LISTED}?")
            ida.looks_around()
            ida.presses("No, my label says what I typed")
            expect(ida.content).not_to_contain_text("Did you mean")
            expect(ida.page.get_by_label("Panel model")).to_have_value(TYPED)
        ida.goes_on()
    return ida.reference


def sends_photos(ida: Person) -> None:
    expect(ida.page.get_by_role("heading", level=1)).to_contain_text("Photos")
    expect(ida.page.locator("[data-photo-card]")).to_have_count(4)
    file = card(ida, "package").locator("input[type=file]")
    assert (file.get_attribute("accept"), file.get_attribute("capture")) == ("image/*", None)

    ida.context.set_offline(True)
    file.set_input_files(picture("navy"))
    expect(card(ida, "package")).to_contain_text("isn’t saved yet")
    assert shown(ida, "package").startswith("blob:")
    ida.context.set_offline(False)
    ida.watch.faults.clear()
    expect(card(ida, "package")).to_contain_text("Retake")
    first = shown(ida, "package")
    assert re.fullmatch(r"/requests/MSA-\d+-\d+/photos/\d+/", first)

    card(ida, "package").locator("input[type=file]").set_input_files(picture("teal"))
    expect(card(ida, "package").locator(f'img[src="{first}"]')).to_have_count(0)
    expect(card(ida, "package").locator('img[src^="/requests/"]')).to_be_visible()
    second = shown(ida, "package")
    assert second != first

    wrong = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"<html>no photo</html>"}
    card(ida, "package").locator("input[type=file]").set_input_files(wrong)
    expect(card(ida, "package")).to_contain_text("not a photo")
    assert shown(ida, "package") == second
    ida.watch.faults.clear()

    card(ida, "conduit").locator("input[type=file]").set_input_files(picture("gray"))
    expect(card(ida, "conduit")).to_contain_text("Retake")
    card(ida, "conduit").get_by_role("button", name="Remove").click()
    expect(card(ida, "conduit")).to_contain_text("Take or choose a photo")
    expect(card(ida, "conduit").locator("img")).to_have_count(0)
    ida.looks_around()


def test_customer_promises_what_is_open_before_paying(meet: Meet, on_record: None) -> None:
    ida = meet("ida@example.com", "Ida Stone", phone=True)
    ida.signs_up()
    reference = fills_in(ida)
    sends_photos(ida)
    ida.presses("Go on to the review")
    ida.reads("Put these right first", "The MSA must wait next to the meter", "rule E13")
    ida.presses("Continue to the agreement")
    ida.signs_the_agreement(reference)

    ida.opens(f"/requests/{reference}/fee/")
    ida.reads("Put these right first", "(E13)")
    assert ida.page.get_by_role("button", name="Pay").count() == 0
    ida.presses("Ready for the visit?")
    ida.ticks("I will see to it that each of these is put right")
    ida.presses("State this")
    ida.reads("Noted.", "Promised for the visit", "Ida Stone")
    ida.pays_the_fee(reference)
    ida.sees_status(reference, "Request Submitted")

    sam = meet(accounts.STAFF.email, accounts.STAFF.name)
    sam.signs_in(accounts.STAFF.start)
    sam.opens_in_the_desk(reference)
    sam.reads(
        "Ida Stone stated on", "Open; promised for the visit.", f"asked whether {TYPED} is {LISTED}, and said no"
    )
    expect(sam.content.locator(".desk-photos img")).to_have_count(1)
    sam.deems_valid(reference)
    sam.issues_the_service_order(reference)
    dan = meet(accounts.DISPATCHER.email, accounts.DISPATCHER.name)
    dan.signs_in(accounts.DISPATCHER.start)
    on = dan.schedules(reference, accounts.TECHNICIAN.name)

    tess = meet(accounts.TECHNICIAN.email, accounts.TECHNICIAN.name, phone=True)
    tess.signs_in(accounts.TECHNICIAN.start)
    tess.opens(f"/field/?on={on}")
    tess.page.locator(".field-stop", has_text=HOME.street).get_by_role("link", name="Open").click()
    tess.looks_around()
    tess.reads("Promised for this visit", "Ida Stone stated on", "The MSA must wait next to the meter")
    expect(tess.content.locator(".field-photos img")).to_have_count(1)
