"""What visits taught, at the desk: the figures, the evidence, what a rule touches, and who is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from demo import accounts
from tests.browser.journey import PHONE, Person
from tests.browser.test_journeys import signed_in
from tests.stack import LiveStack

Meet = Callable[..., Person]
PANEL = "TAUGHT 40U-200"
# Three homes where the work failed for one reason, and one that waits for its visit.
TEACH = f"""
from fieldwork import learning
from fieldwork.models import SiteVisit
from tests import factories
from tests.fieldwork.learning.learned import planned, socket, technician, visited
from requests_app.models import OutcomeReason, Product
factories.UserFactory.reset_sequence(9000)
device = Product.objects.exclude(approved_from=None).exclude(model="").first()
reason = OutcomeReason.objects.filter(code="socket_incompatible").first() or socket()
for _ in range(3):
    visited({PANEL!r}, device, reason)
planned(technician(), factories.ordered(panel_model={PANEL!r}, device=device, account_number="700299999999"))
learning.propose()
"""


@pytest.fixture
def taught(live_stack: LiveStack) -> None:
    live_stack.manage("shell", "-v", "0", "-c", TEACH)


def test_supervisor_makes_a_rule_of_what_visits_taught(taught: None, meet: Meet) -> None:
    sue = signed_in(meet, accounts.SUPERVISOR)
    sue.opens("/admin/fieldwork/ruleproposal/")
    sue.presses(PANEL)
    sue.reads(PANEL, "3 visits failed", "Waits for a decision")
    sue.presses("See what it touches")
    sue.reads("4 open requests", "1 planned visit", "Nothing is saved yet")
    sue.presses("Put the rule in force")
    sue.reads("Accepted", "Look at these visits before a van rolls")

    sue.opens("/admin/fieldwork/sitevisit/figures/?by=device")
    sue.reads("First-visit success", "Why visits failed")
    canvases = sue.page.locator("canvas")
    expect(canvases).to_have_count(6)
    drawn = "all => all.every(each => Chart.getChart(each) && each.height > 0)"
    assert canvases.evaluate_all(drawn)
    sue.page.set_viewport_size(PHONE)
    assert sue.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
