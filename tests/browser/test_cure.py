"""From the flyer's code at the door to the next visit, each reason put right on its own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from demo import accounts
from tests.browser.journey import Person
from tests.browser.test_journeys import Home, Meet, form, signed_in
from tests.stack import LiveStack

RON = Home("810000000022", "Ron Hale", "22 Walnut Street")


@pytest.fixture
def ron(live_stack: LiveStack, meet: Meet) -> Person:
    Home.import_into(live_stack)
    return meet("ron@example.com", RON.name, phone=True)


def test_failed_visit_is_cured_from_the_flyers_code(ron: Person, meet: Meet) -> None:
    ron.opens("/")
    ron.signs_up()
    ron.opens("/requests/new/")
    ron.presses("Start")
    reference = ron.fills_in_the_form(form(RON))
    ron.signs_the_agreement(reference)
    ron.pays_the_fee(reference)
    ron.sees_status(reference, "Request Submitted")
    sam = signed_in(meet, accounts.STAFF)
    sam.deems_valid(reference)
    sam.issues_the_service_order(reference)
    dan = signed_in(meet, accounts.DISPATCHER)
    on = dan.schedules(reference, accounts.TECHNICIAN.name)
    tess = signed_in(meet, accounts.TECHNICIAN, phone=True)
    tess.closes_out(on, RON.street, "Could not be done", "The MSA was not there in its package", "No safe way")
    tess.presses("Flyer to leave behind")
    address = re.search(r"http\S+/after-visit/\S+?/", tess.pdf("Print on a sheet").replace("\n", ""))
    assert address

    scanner = meet(ron.email, ron.name, phone=True)
    scanner.opens(f"/after-visit/{reference}/")
    scanner.presses("Sign in and see the reasons")
    scanner.fills(Email=ron.email)
    scanner.presses("Sign in")
    scanner.enters_the_code("Your sign-in code")
    expect(scanner.page).to_have_url(f"{scanner.stack.url}/requests/{reference}/reschedule/")
    scanner.reads("A second fee is due", "The MSA was not there in its package", "No safe way to the meter")
    expect(scanner.page.get_by_role("button", name="Save and go to the fee")).to_be_disabled()
    scanner.shows_by_photo("The MSA was not there in its package")
    scanner.fills(What_was_done="The gate is open now.")
    access = scanner.page.locator("section.correction", has_text="No safe way to the meter")
    access.get_by_role("button", name="This is put right").click()
    scanner.looks_around()
    scanner.reads("Every reason is put right.")
    scanner.presses("Save and go to the fee")
    scanner.pays_the_fee(reference)
    scanner.sees_status(reference, "Reschedule Requested")

    sam.issues_the_service_order(reference)
    on = dan.schedules(reference, accounts.TECHNICIAN.name)
    tess.opens(f"/field/?on={on}")
    tess.page.locator(".field-stop", has_text=RON.street).filter(has_text="Scheduled").get_by_role(
        "link", name="Open"
    ).click()
    tess.looks_around()
    tess.reads("Put right since the last visit", "The gate is open now.")
