"""Another day for the visit: chosen from what is free, once; the mail brings it, and the second ask is refused."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from demo import accounts
from tests.browser.test_journeys import Meet, signed_in
from tests.stack import LiveStack

# The demo's customer has a visit today. Dispatch puts it a week off, and nobody else is in the way.
A_WEEK_OFF = """
from django.utils import timezone
from fieldwork.visits import orders
from fieldwork.models import SiteVisit
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
visit = SiteVisit.objects.get(state="scheduled", order__round__msa_request__owner__email="customer@example.com")
on = calendar.load().add(calendar.local_day(timezone.now()), 6)
by = User.objects.get(email="dispatcher@example.com")
orders.schedule(visit, by=by, technician=visit.technician, on=on, window="morning")
print(visit.order.round.msa_request.reference)
"""


def test_customer_chooses_another_day_once(live_stack: LiveStack, meet: Meet) -> None:
    reference = live_stack.manage("shell", "-v", "0", "-c", A_WEEK_OFF).split()[-1]
    maya = signed_in(meet, accounts.CUSTOMER, phone=True)
    maya.opens_request(reference)
    maya.reads("once and without a fee")
    maya.presses("Choose another day")
    offer = maya.content.locator(".usa-radio").last
    chosen = offer.locator("label").inner_text().split("\n")[0].strip()
    offer.locator("label").click()
    maya.presses("Move my visit")
    maya.reads("Your visit is now on", chosen)
    expect(maya.page).to_have_url(re.compile(f"/requests/{reference}/$"))
    maya.reads("Not now: You changed the day once already.")
    assert chosen in maya.mail(f"{reference}")

    maya.presses("Name days that do not suit")
    maya.content.locator(".visit-day__half label").last.click()
    maya.presses("Save")
    maya.reads("We plan the visit around these days.")
