"""Part 15: the five whole jobs, through the interface."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest
from playwright.sync_api import expect

from demo import accounts
from demo.accounts import Account
from tests.browser.journey import Person
from tests.stack import LiveStack

Meet = Callable[..., Person]
DEVICE = "Tesla Backup Switch"


@dataclass(frozen=True)
class Home:
    """A row of the utility's record: what the customer types, too."""

    account_number: str
    name: str
    street: str
    city: str = "Monrovia"
    zip_code: str = "91016"
    service_class: str = "residential"
    meter_kind: str = "self_contained"

    @staticmethod
    def import_into(stack: LiveStack) -> dict[str, Home]:
        file = stack.folder / "homes.csv"
        with file.open("w", newline="") as output:
            rows = csv.DictWriter(output, [*Home.__dataclass_fields__, "unit", "meter_number"])
            rows.writeheader()
            rows.writerows(asdict(home) for home in HOMES.values())
        stack.manage("import_service_accounts", str(file))
        return HOMES


HOMES = {
    "nora": Home("810000000001", "Nora Field", "3 Walnut Street"),
    "hugo": Home("810000000002", "Hugo Lang", "5 Willow Street"),
    "maya": Home("810000000003", "Maya Ortiz", "7 Yucca Street"),
    "ivy": Home("810000000021", "Ivy Marsh", "21 Walnut Street"),
    "ron": Home("810000000022", "Ron Hale", "22 Walnut Street"),
    "rita": Home("810000000045", "Rita Sand", "45 Walnut Street"),
}


@pytest.fixture(scope="session")
def homes(live_stack: LiveStack) -> dict[str, Home]:
    return Home.import_into(live_stack)


def signed_in(meet: Meet, account: Account, *, phone: bool = False) -> Person:
    person = meet(account.email, account.name, phone=phone)
    person.signs_in(account.start)
    return person


def form(home: Home, request_type: str = "Install", **more: dict[str, str]) -> list[dict[str, str]]:
    """The four steps, filled in as for an eligible home; `more` adds to a step by its name."""
    where = {
        "What do you ask for?": request_type,
        "Name on the service account": home.name,
        "Service account number": home.account_number,
        "Street address": home.street,
        "City": home.city,
        "ZIP code": home.zip_code,
        "What is the service account for?": "Residential",
    }
    panel = {
        "What kind of meter is it?": "Self-contained",
        "What service does the panel have?": "Single phase",
        "How does the power reach the home?": "Overhead",
        "Panel rating in amps": "200",
        "Do double-sided clips hold the bus bars?": "No",
        "Do you know of a violation or a safety hazard": "No",
    }
    adapter = {
        "Which adapter is there now?": "None",
        "Which MSA is to be put in?": DEVICE,
        "Is there solar, or will there be": "Yes",
        "Is there energy storage": "Yes",
        "Back-feed in amps": "60",
        "The MSA is bought from an approved vendor": "yes",
        "Vendor and installer have seen to": "yes",
    }
    site = {
        "Does the MSA's communication cable run": "No",
        "Do wires that carry 120 or 240 V run": "Yes",
        "Is communication conduit in the way": "No",
        "Is the MSA next to the meter": "Yes",
        "Is the MSA clean, dry and undamaged?": "Yes",
        "Is the way to the meter clear and safe?": "Yes",
        "How does the technician reach the meter?": "The gate on the left is open.",
    }
    steps = {"where": where, "panel": panel, "adapter": adapter, "site": site}
    return [questions | more.get(name, {}) for name, questions in steps.items()]


def test_customer_has_an_adapter_installed(meet: Meet, homes: dict[str, Home]) -> None:
    nora = meet("nora@example.com", "Nora Field")
    nora.opens("/")
    nora.signs_up()

    nora.opens("/eligibility/")
    nora.chooses("What do you ask for?", "Install")
    nora.chooses("What is the service account for?", "Residential")
    nora.chooses("What kind of meter is it?", "Self-contained")
    expect(nora.page.locator("#answer")).to_contain_text("answers to go")
    expect(nora.page.locator("#answer input[name=meter_kind]")).to_have_value("self_contained")
    nora.looks_around()
    nora.presses("Start a request")
    nora.reads("We take over your answers")
    nora.presses("Start")
    reference = nora.fills_in_the_form(form(homes["nora"]))
    nora.signs_the_agreement(reference)
    assert "Nora Field" in nora.pdf("Download the agreement")
    nora.pays_the_fee(reference)
    nora.sees_status(reference, "Request Submitted")
    assert "$279.22" in nora.pdf("Receipt")

    sam = signed_in(meet, accounts.STAFF)
    sam.deems_valid(reference)
    sam.issues_the_service_order(reference)
    on = signed_in(meet, accounts.DISPATCHER).schedules(reference, accounts.TECHNICIAN.name)
    tess = signed_in(meet, accounts.TECHNICIAN, phone=True)
    tess.closes_out(on, homes["nora"].street, "Installed")

    nora.sees_status(reference, "Installation Complete")
    for subject in ("Receipt", "submitted", "Site visit on", "Installation complete"):
        assert reference in nora.mail(subject)


def test_agent_corrects_reschedules_and_succeeds(meet: Meet, homes: dict[str, Home]) -> None:
    ben = signed_in(meet, accounts.MANAGER)
    hugo = meet("hugo@example.com", "Hugo Lang", phone=True)
    ben.opens("/requests/new/")
    ben.chooses("Whom is the request for?", "A customer")
    ben.presses("Start")
    where = {"Customer's e-mail address": hugo.email}
    reference = ben.fills_in_the_form(form(homes["hugo"], where=where))
    link = re.search(r"http\S+/sign/\S+", hugo.mail("Please sign the agreement"))
    assert link
    hugo.signs_by_link(link[0])
    ben.signs_the_agreement(reference)
    ben.pays_the_fee(reference)
    ben.sees_status(reference, "Request Submitted")

    sam = signed_in(meet, accounts.STAFF)
    sam.requires_corrections(reference, {"We do not understand how to reach the meter": "Left of what?"})
    ben.sees_status(reference, "Corrections Required")
    assert reference in ben.mail("Corrections required")
    ben.presses("Answer the corrections")
    ben.reads("Left of what?")
    ben.fills(How_does_the_technician_reach_the_meter="Left of the garage, seen from the street.")
    ben.presses("Save this answer")
    ben.presses("Send back for screening")
    ben.sees_status(reference, "Request Submitted")

    sam.deems_valid(reference)
    sam.issues_the_service_order(reference)
    dan = signed_in(meet, accounts.DISPATCHER)
    tess = signed_in(meet, accounts.TECHNICIAN, phone=True)
    on = dan.schedules(reference, accounts.TECHNICIAN.name)
    tess.closes_out(on, homes["hugo"].street, "Could not be done", "The MSA was not there in its package")
    tess.presses("Flyer to leave behind")
    assert reference in tess.pdf("Print on a sheet")

    ben.sees_status(reference, "Site Visit Unsuccessful")
    assert reference in ben.mail("The site visit was not successful")
    ben.presses("Reschedule MSA Site Visit")
    ben.reads("A second fee is due", "$279.22")
    ben.shows_by_photo("The MSA was not there in its package")
    ben.presses("Save and go to the fee")
    ben.sees_status(reference, "Site Visit Unsuccessful")  # F3: not before the money has arrived
    ben.pays_the_fee(reference)
    ben.sees_status(reference, "Reschedule Requested")

    sam.issues_the_service_order(reference)
    on = dan.schedules(reference, accounts.TECHNICIAN.name)
    tess.closes_out(on, homes["hugo"].street, "Installed")
    ben.sees_status(reference, "Installation Complete")
    assert reference in hugo.mail("Installation complete")


def test_customer_changes_the_device_after_a_failed_visit(meet: Meet) -> None:
    maya = signed_in(meet, accounts.CUSTOMER)
    maya.presses("Install, 511 Elm Street")
    reference = maya.reference
    maya.presses("Modification Request")
    maya.reads("The MSA was not there in its package", "A second fee is due")
    maya.chooses("The MSA to put in instead", "Enphase IQ Meter Collar")
    maya.presses("Save and go to the agreement")
    maya.presses("Prepare the agreement")
    maya.signs_the_agreement(reference)
    assert "IQ Meter Collar" in maya.pdf("Download the agreement")
    maya.sees_status(reference, "Site Visit Unsuccessful")
    maya.pays_the_fee(reference)
    maya.sees_status(reference, "Request Submitted")
    assert "IQ Meter Collar" in maya.mail("We have your modification")

    sam = signed_in(meet, accounts.STAFF)
    sam.deems_valid(reference)
    sam.reads("Enphase IQ Meter Collar")


def test_customer_withdraws_and_gets_the_fee_back(meet: Meet) -> None:
    maya = signed_in(meet, accounts.CUSTOMER)
    maya.presses("Install, 305 Cedar Avenue")
    reference = maya.reference
    maya.pays_the_fee(reference)
    maya.sees_status(reference, "Request Submitted")
    maya.presses("Withdraw IR")
    maya.reads("$279.22 comes back")
    maya.chooses("Why do you withdraw?", "My plans changed")
    maya.ticks("I understand that a withdrawn request")
    maya.presses("Withdraw this request")
    maya.sees_status(reference, "Withdrawn")
    maya.reads("Refund of $279.22: Waiting for approval")
    assert reference in maya.mail("Your request is withdrawn")

    sue = signed_in(meet, accounts.SUPERVISOR)
    sue.opens(f"/admin/payments/refund/?q={reference}")
    sue.page.locator("#result_list tbody th a").first.click()
    sue.looks_around()
    sue.presses("Approve this refund")
    sue.reads("$279.22")
    sue.presses("Approve this refund")
    sue.reads("Approved. The money is being sent.")

    assert "$279.22" in maya.mail("Your refund: $279.22")
    maya.opens_request(reference)
    maya.reads("Refund of $279.22: Refunded")
    maya.opens(maya.stack.sandbox_url)
    maya.reads("refunded $279.22")


def test_customer_has_a_gma_removed_by_a_replacement(meet: Meet, homes: dict[str, Home]) -> None:
    maya = signed_in(meet, accounts.CUSTOMER)
    maya.opens("/requests/new/")
    maya.presses("Start")
    adapter = {"Which adapter is there now?": "A generation meter adapter (GMA)"}
    reference = maya.fills_in_the_form(form(homes["maya"], "Replacement", adapter=adapter))
    maya.signs_the_agreement(reference)
    assert "generation meter adapter" in maya.pdf("Download the agreement")
    maya.pays_the_fee(reference)

    sam = signed_in(meet, accounts.STAFF)
    sam.deems_valid(reference)
    sam.issues_the_service_order(reference)
    on = signed_in(meet, accounts.DISPATCHER).schedules(reference, accounts.TECHNICIAN.name)
    tess = signed_in(meet, accounts.TECHNICIAN, phone=True)
    tess.closes_out(on, homes["maya"].street, "Done")
    maya.sees_status(reference, "Installation Complete")
    maya.reads("Replacement complete")
