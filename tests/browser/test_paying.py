"""An agent pays three fees at once; a customer pays one by a mailed link, on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from demo import accounts
from tests.browser.journey import CARD, PHONE, Person, wait_for
from tests.browser.test_journeys import signed_in
from tests.stack import LiveStack

Meet = Callable[..., Person]

# Four payable requests of the agent's customers, made as the demo data are.
ARRANGE = """
from demo import accounts, seed
from msa_portal.accounts.models import User
people = {each: User.objects.get(email=each.email) for each in accounts.ACCOUNTS}
story = seed._Story(people)
for number in range(4):
    home = seed.Home(f"81000000009{number}", f"Pia Pay{number}", f"{number} Coin Street", "Azusa", "91702", f"223010-20000{number}")
    seed.HOMES[f"paying_{number}"] = home
    print(story._executed(f"paying_{number}", people[accounts.COLLEAGUE]).reference)
"""


@pytest.fixture(scope="module")
def references(live_stack: LiveStack) -> list[str]:
    return re.findall(r"MSA-\d+-\d+", live_stack.manage("shell", "-v", "0", "-c", ARRANGE))


def pays_by_card(person: Person, amount: str) -> None:
    person.fills(
        Card_number=CARD, Expiration_date="12 / 31", Security_code="123", Name_on_card="Pia Pay", ZIP_code="91016"
    )
    person.presses(f"Pay {amount}")


def test_agent_pays_three_fees_at_once(meet: Meet, references: list[str]) -> None:
    cleo = signed_in(meet, accounts.COLLEAGUE)
    cleo.opens("/requests/")
    cleo.content.get_by_role("link", name=re.compile("fees to pay")).click()
    cleo.looks_around()
    cleo.reads("at most 50", "Nothing chosen yet")
    for reference in references[:3]:
        cleo.ticks(reference)
    cleo.reads("3 fees chosen: $837.66")
    cleo.presses("Pay 3 fees, $837.66")
    pays_by_card(cleo, "$837.66")
    cleo.reads("$837.66 paid for 3 fees", *references[:3])
    expect(cleo.content.get_by_text("Request Submitted")).to_have_count(3)
    for reference in references[:3]:
        cleo.sees_status(reference, "Request Submitted")
    assert all(reference in cleo.mail("$837.66 for 3 site visits") for reference in references[:3])


def test_customer_pays_by_link_on_a_phone(meet: Meet, references: list[str]) -> None:
    cleo = signed_in(meet, accounts.COLLEAGUE)
    cleo.opens(f"/requests/{references[3]}/fee/")
    cleo.presses("Send the customer a link to pay")
    cleo.reads("a link to pay was sent to pia@example.com")

    pia = meet("pia@example.com", "Pia Pay3", phone=True)
    assert pia.page.viewport_size == PHONE
    found = re.search(r"http\S+/pay/\S+", pia.mail(f"Please pay $279.22 for the site visit · {references[3]}"))
    assert found
    pia.opens(found[0])
    pia.reads("You are asked to pay $279.22", accounts.COLLEAGUE.name, "3 Coin Street")
    assert pia.page.evaluate("document.documentElement.scrollHeight") <= 3 * PHONE["height"]
    pia.presses("Pay $279.22")
    assert pia.page.evaluate("document.referrer").count("/pay/") == 0
    pays_by_card(pia, "$279.22")
    pia.reads("$279.22 paid")

    def receipt_is_there() -> bool:
        pia.opens(found[0])
        return pia.page.get_by_role("link", name="Download the receipt (PDF)").count() > 0

    wait_for(receipt_is_there, "The receipt was not made.")
    assert "$279.22" in pia.pdf("Download the receipt")
    cleo.sees_status(references[3], "Request Submitted")
