"""A decision that waits, on the desk and on a phone: first on the page, counting down, canceled by a colleague."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from demo import accounts
from tests.browser.test_journeys import Meet, signed_in
from tests.stack import LiveStack

QUEUE = "/admin/requests_app/msarequest/?queue=screening"


@pytest.fixture
def five_minutes(live_stack: LiveStack) -> Iterator[None]:
    live_stack.deploy(STAFF_DECISION_WAIT="300")
    yield
    live_stack.deploy(STAFF_DECISION_WAIT="0")


@pytest.mark.usefixtures("five_minutes")
def test_waiting_decision_comes_first_and_counts_down_until_a_colleague_cancels_it(meet: Meet) -> None:
    sam = signed_in(meet, accounts.STAFF)
    sam.opens(QUEUE)
    sam.page.locator("#result_list tbody th a").first.click()
    address = sam.page.url
    row = sam.page.locator("[data-pick-row]").first
    sam.page.locator("[data-pick-group]").first.evaluate("group => { group.open = true; }")
    row.get_by_role("checkbox").first.check()
    row.locator("textarea").fill("Two digits are swapped.")
    sam.presses("Send back for corrections")
    sam.reads("Not sent yet: Send back for corrections", "Two digits are swapped.", "Request Submitted")
    timer = sam.page.get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^4:\d\d left$"))
    first = timer.inner_text()
    expect(timer).not_to_have_text(first)
    sam.looks_around()

    sue = signed_in(meet, accounts.SUPERVISOR, phone=True)
    sue.page.goto(address)
    box = sue.page.get_by_role("button", name="Cancel decision").bounding_box()
    assert box is not None
    assert sue.page.viewport_size is not None
    assert box["y"] + box["height"] < sue.page.viewport_size["height"]
    sue.presses("Cancel decision")
    sue.reads("Nothing was sent.", "Decisions that weren't sent")

    sam.opens(QUEUE)
    sam.reads("Your decision was canceled", "Sue Park")
    sam.presses("Mark as read")


def test_what_was_typed_into_another_form_is_not_lost_without_a_word(meet: Meet) -> None:
    sam = signed_in(meet, accounts.STAFF)
    sam.opens(QUEUE)
    sam.page.locator("#result_list tbody th a").first.click()
    sam.page.wait_for_url("**/change/**")
    forms = sam.page.locator("#content-main form[method=post]")
    sam.page.evaluate("document.querySelectorAll('#content-main details').forEach((it) => { it.open = true; })")
    note = forms.last.locator("textarea").first
    note.fill("Half a note")
    button = forms.first.get_by_role("button").first
    button.scroll_into_view_if_needed()
    button.click()
    warning = sam.page.get_by_role("alert").filter(has_text="another part of this page")
    expect(warning).to_be_visible()
    expect(note).to_have_value("Half a note")
    sam.looks_around()
    note.press("End")
    note.press_sequentially(" and more")
    expect(warning).to_be_hidden()
