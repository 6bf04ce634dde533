"""A customer sees who acts for them, and ends it; the agent is out at the next click (D10)."""

from __future__ import annotations

import re

from demo import accounts
from tests.browser.journey import Person
from tests.browser.test_journeys import HOMES, Home, Meet, form, signed_in
from tests.stack import LiveStack

RITA = HOMES["rita"]


def follows_from_an_account(person: Person) -> None:
    """From the page after the signature: an account, and back with the request in it."""
    person.presses("Create an account")
    person.creates_an_account()
    person.presses("Add it to my account")


def test_customer_ends_the_agents_authority_and_goes_on_alone(live_stack: LiveStack, meet: Meet) -> None:
    Home.import_into(live_stack)
    ben = signed_in(meet, accounts.MANAGER)
    rita = meet("rita@example.com", RITA.name, phone=True)
    ben.opens("/requests/new/")
    ben.chooses("Whom is the request for?", "A customer")
    ben.presses("Start")
    reference = ben.fills_in_the_form(form(RITA, where={"Customer's e-mail address": rita.email}))
    link = re.search(r"http\S+/sign/\S+", rita.mail("Please sign the agreement"))
    assert link
    rita.signs_by_link(link[0])
    follows_from_an_account(rita)

    rita.opens("/requests/agents/")
    rita.reads("Who acts for you", RITA.account_number, "Holds until", reference)
    rita.presses("End their authority")
    rita.reads("Continue without the agent?", "They can't see or change these requests")
    rita.presses("End their authority")
    rita.reads("you act for yourself")

    assert ben.context.request.get(f"{live_stack.url}/requests/{reference}/").status == 404
    assert "no longer act for this customer" in ben.mail("Your authority has ended")
    rita.opens("/requests/agents/")
    rita.reads("Ended by the customer")
