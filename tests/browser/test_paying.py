"""An agent pays three fees at once; a customer pays one by a mailed link, on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from demo import accounts
from tests.browser.journey import CARD, PHONE, Person, wait_for
from tests.browser.test_journeys import signed_in
from tests.stack import LiveStack

Meet = Callable[..., Person]

# A payable request of the agent's customer, made as the demo data are.
ARRANGE = """
from demo import accounts, seed
from msa_portal.accounts.models import User
people = {each: User.objects.get(email=each.email) for each in accounts.ACCOUNTS}
seed.HOMES["by_link"] = seed.Home("810000000090", "Pia Pay", "9 Coin Street", "Azusa", "91702", "223010-200000")
print(seed._Story(people)._executed("by_link", people[accounts.COLLEAGUE]).reference)
"""
HOMES = ("184 Sage Court", "195 Tulip Way", "206 Umber Lane")  # of the demo data, payable


def pays_by_card(person: Person, amount: str) -> None:
    person.fills(
        Card_number=CARD, Expiration_date="12 / 31", Security_code="123", Name_on_card="Pia Pay", ZIP_code="91016"
    )
    person.presses(f"Pay {amount}")


def test_agent_pays_three_fees_at_once(meet: Meet) -> None:
    ben = signed_in(meet, accounts.MANAGER)
    ben.content.get_by_role("link", name=re.compile("fees to pay")).click()
    ben.looks_around()
    ben.reads("at most 50", "Nothing chosen yet")
    rows = [ben.page.get_by_role("row").filter(has_text=home) for home in HOMES]
    references = [row.locator("label").inner_text()[:15] for row in rows]
    for reference in references:
        ben.ticks(reference)
    ben.reads("3 fees chosen: $837.66")
    ben.presses("Pay 3 fees, $837.66")
    pays_by_card(ben, "$837.66")
    ben.reads("$837.66 paid for 3 fees", *references)
    expect(ben.content.get_by_text("Request Submitted")).to_have_count(3)
    for reference in references:
        ben.sees_status(reference, "Request Submitted")
    summary = ben.mail("$837.66 for 3 site visits")
    assert [reference for reference in references if reference not in summary] == []


def test_customer_pays_by_link_on_a_phone(meet: Meet, live_stack: LiveStack) -> None:
    made = re.search(r"MSA-\d+-\d+", live_stack.manage("shell", "-v", "0", "-c", ARRANGE))
    assert made
    reference = made[0]
    cleo = signed_in(meet, accounts.COLLEAGUE)
    cleo.opens(f"/requests/{reference}/fee/")
    cleo.presses("Send the customer a link to pay")
    cleo.reads("a link to pay was sent to pia@example.com")

    pia = meet("pia@example.com", "Pia Pay", phone=True)
    link = re.search(r"http\S+/pay/\S+", pia.mail(f"Please pay $279.22 for the site visit · {reference}"))
    assert link
    pia.opens(link[0])
    pia.reads("You are asked to pay $279.22", accounts.COLLEAGUE.name, "9 Coin Street")
    assert pia.page.evaluate("document.documentElement.scrollHeight") <= 3 * PHONE["height"]
    pia.presses("Pay $279.22")
    assert pia.page.evaluate("document.referrer").count("/pay/") == 0
    pays_by_card(pia, "$279.22")
    pia.reads("$279.22 paid")

    def receipt_is_there() -> bool:
        pia.opens(link[0])
        return pia.page.get_by_role("link", name="Download the receipt (PDF)").count() > 0

    wait_for(receipt_is_there, "The receipt was not made.")
    assert "$279.22" in pia.pdf("Download the receipt")
    cleo.sees_status(reference, "Request Submitted")
