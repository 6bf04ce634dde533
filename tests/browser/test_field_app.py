"""The field app with the network switched off in the middle (faults 18, 20, 55 to 58)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserType, Request, Route, expect

from tests.browser.field import Field, Phone
from tests.stack import LiveStack

REPORTS = re.compile(r"/field/api/reports/")
DONE = {
    "outcome": "complete",
    "accepted": True,
    "conflict": "",
    "reasons": [],
    "photos": 1,
    "marks": [],
    "serial_number": "BS-2026-004711",
    "unsafe": False,
    "state": "closed",
}


@pytest.fixture
def phone(
    live_stack: LiveStack, browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Phone]:
    phone = Phone(live_stack, browser_type, browser_type_launch_args, tmp_path / "phone")
    yield phone
    phone.is_closed()


def test_work_begun_on_another_day_stays_on_the_phone(phone: Phone, field: Field, email: str) -> None:
    (visit,) = field.day(email, 1)
    field.call(f"put_off({visit})")
    phone.signs_in(email)
    phone.reads("No visits are planned for you on this day.")
    phone.looks_around()
    phone.is_kept_here()
    phone.presses("Your next visits")
    phone.sees_a_day_of(1)
    phone.presses("I am on site")
    phone.title("Are you at the site now?")
    phone.presses("Yes, I'm on site")
    phone.reads("On site")
    phone.waits_until(lambda: not phone.rows("acts"), "“On site” was not sent.")
    phone.reads("On site")
    phone.loses_coverage()
    phone.is_closed()

    phone.switches_on(offline=True)
    phone.opens(f"/visit/{visit}")
    phone.presses("Close out")
    phone.title("Can you get to the meter safely?")


def test_on_site_tapped_by_mistake_is_taken_back(phone: Phone, day: Callable[[int], list[int]], field: Field) -> None:
    """Before the portal has heard of it, on its way, and after (D25)."""
    (visit,) = day(1)
    phone.loses_coverage()
    phone.opens(f"/visit/{visit}")
    phone.presses("I am on site")
    phone.presses("I'm not on site yet")
    phone.reads("Scheduled", "I am on site")
    assert [row["kind"] for row in phone.rows("acts")] == ["on-site", "off-site"]
    phone.is_back()
    phone.waits_until(lambda: not phone.rows("acts"), "The two taps were not sent.")
    assert field.call(f"state({visit})") == "scheduled"
    phone.presses("I am on site")
    phone.presses("I'm not on site yet")
    phone.waits_until(lambda: field.call(f"state({visit})") == "scheduled", "“I'm not on site yet” was not sent.")
    phone.reads("Scheduled", "I am on site")


def test_three_visits_without_coverage_arrive_once(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    first, second, third = day(3)
    phone.loses_coverage()
    phone.has_done(first, "red")
    phone.reads("The customer will be told")
    phone.sends()
    phone.reads("Kept on this phone.")
    phone.could_not(second, "green")
    phone.reads("The customer will be told, once it has arrived")
    phone.presses("Show the flyer")
    phone.title("We could not do the work today")
    phone.has_done(third, "blue")
    phone.sends()
    phone.is_closed()

    phone.switches_on(offline=True)
    phone.opens()
    phone.sees_a_day_of(3)
    expect(phone.page.get_by_text("Reported, not sent yet")).to_have_count(3)
    phone.waits_with(6)  # three reports, and three times "on site"
    assert field.kept(email) == []

    phone.is_back()
    phone.has_sent_all()
    assert field.kept(email) == [
        {"visit": first} | DONE,
        {
            "visit": second,
            "outcome": "unsuccessful",
            "accepted": True,
            "conflict": "",
            "reasons": field.kept(email)[1]["reasons"],
            "photos": 1,
            "marks": ["circle", "arrow"],
            "serial_number": "",
            "unsafe": True,
            "state": "closed",
        },
        {"visit": third} | DONE,
    ]
    assert len(field.kept(email)[1]["reasons"]) == 1
    phone.has_nothing_left()
    phone.opens(f"/done/{second}")
    phone.reads("Arrived at", "The customer is told that the work could not be done.")
    expect(phone.page.get_by_role("link", name="Print the flyer (PDF)")).to_be_visible()
    phone.opens("/outbox")
    phone.presses("Send now")
    assert len(field.kept(email)) == 3


def test_visit_canceled_meanwhile_is_told_and_its_evidence_kept(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    phone.loses_coverage()
    phone.has_done(visit, "red")
    phone.sends()
    field.call(f"cancel({visit})")
    phone.is_back()
    phone.reads("This visit was canceled meanwhile.", "Nothing is lost")
    phone.looks_around()
    conflict = DONE | {"visit": visit, "accepted": False, "conflict": "canceled", "state": "canceled"}
    assert field.kept(email) == [conflict]
    phone.has_nothing_left()
    phone.opens("/outbox")
    phone.reads("On site at", "Call dispatch before you go on.")


def test_new_version_comes_while_forms_wait(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    first, second = day(2)
    before = phone.version
    phone.loses_coverage()
    phone.has_done(first, "red")
    phone.sends()
    phone.begins(second)
    phone.looks_at_everything()
    phone.makes_the_draft_older()
    phone.context.route(REPORTS, lambda route: route.abort())
    phone.watch.meant += ("ERR_CONNECTION_RESET",)  # connections that the server held open end with it
    field.stack.deploy(FIELD_APP_RELEASE=uuid4().hex)

    phone.is_back()
    phone.has_fetched_a_new_version()
    assert phone.page.get_by_text("A new version of the app is ready.").is_hidden()  # not in the middle of a form
    phone.opens()
    expect(phone.page.get_by_text("A new version of the app is ready.")).to_be_visible()
    phone.looks_around()
    assert phone.version == before
    phone.page.get_by_role("button", name="Reload").click()
    phone.page.wait_for_function("before => document.documentElement.dataset.version !== before", arg=before)
    phone.waits_with(1)

    phone.opens(f"/close-out/{second}")
    phone.title("Photos")
    phone.presses("Next, without a photo")
    phone.types_the_serial_number("It's 1")
    phone.reads("This is no number of a")
    phone.presses("It says so on the device")
    phone.presses("Installed")
    phone.presses("Next", exact=True)
    phone.context.unroute(REPORTS)
    phone.sends_without()
    phone.has_sent_all()
    assert field.kept(email) == [
        {"visit": first} | DONE,
        {"visit": second} | DONE | {"photos": 0, "serial_number": "IT'S1"},
    ]
    phone.has_nothing_left()


def test_signed_out_in_between_keeps_everything_for_its_technician(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    phone.loses_coverage()
    phone.has_done(visit, "red")
    phone.sends()
    field.call(f"sign_out({email!r})")
    phone.is_back()
    expect(phone.page.get_by_text("You are signed out.")).to_be_visible()
    phone.reads("It is sent after you sign in.")
    phone.looks_around()
    phone.opens("/outbox")
    phone.reads("You are signed out. It goes after you sign in.")

    other = f"other-{email}"
    field.day(other, 1)
    phone.signs_in(other)
    phone.sees_a_day_of(1)
    expect(phone.bar).to_have_text("All sent")
    phone.opens("/outbox")
    phone.reads("1 report by another technician is on this phone.")
    phone.looks_around()
    assert "Walnut" not in phone.page.locator("main").inner_text()
    phone.presses("Send now")
    phone.opens("/more")
    phone.presses("Clear the day and sign out")
    phone.page.get_by_role("button", name="Sign out").last.click()
    assert (field.kept(email), field.kept(other)) == ([], [])

    phone.signs_in(email)
    phone.has_sent_all()
    assert field.kept(email) == [{"visit": visit} | DONE]
    phone.has_nothing_left()


def test_signing_out_leaves_a_waiting_report_on_the_phone(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    """Signing out clears the browser's cache, and never what waits to be sent (fault 60)."""
    (visit,) = day(1)
    phone.context.route(REPORTS, lambda route: route.abort())
    phone.has_done(visit, "red")
    phone.sends()
    phone.waits_with(1)
    phone.page.goto(f"{phone.stack.url}/accounts/logout/")
    with phone.page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        phone.page.get_by_role("button", name="Sign out").last.click()
    assert answer.value.header_value("clear-site-data") == '"cache"'
    phone.page.goto(f"{phone.stack.url}/accounts/details/")
    assert "/accounts/login/" in phone.page.url

    phone.context.unroute(REPORTS)
    phone.signs_in(email)
    phone.has_sent_all()
    assert field.kept(email) == [{"visit": visit} | DONE]
    phone.has_nothing_left()


def test_photo_goes_on_where_its_upload_broke_off(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    phone.loses_coverage()
    phone.has_done(visit, "", large=True)
    phone.sends()
    size = phone.rows("photos")[0]["size"]
    let = iter([True, True])

    def break_off(route: Route) -> None:
        if route.request.method == "PATCH" and not next(let, False):
            route.abort()
        else:
            route.continue_()

    phone.context.route(REPORTS, break_off)
    phone.is_back()
    phone.waits_until(lambda: len(chunks(phone.asked)) >= 3, "No third chunk was tried.")
    phone.is_closed()
    received = field.call(f"received({visit})")
    assert 0 < received < size
    assert (chunks(phone.asked)[0], chunks(phone.asked)[2]) == (0, received)

    phone.asked.clear()
    phone.switches_on()
    phone.opens()
    phone.has_sent_all()
    assert chunks(phone.asked)[0] == received
    assert field.kept(email) == [{"visit": visit} | DONE]
    phone.has_nothing_left()


def chunks(asked: list[Request]) -> list[int]:
    """Where each chunk of a photo began."""
    return [int(request.headers["upload-offset"]) for request in asked if request.method == "PATCH"]


def test_outbox_is_saved_as_a_file_that_holds_everything(phone: Phone, day: Callable[[int], list[int]]) -> None:
    (visit,) = day(1)
    phone.loses_coverage()
    phone.has_done(visit, "red")
    phone.sends()
    phone.opens("/outbox")
    phone.reads("There is no coverage.")
    with phone.page.expect_download() as caught:
        phone.presses("Save as a file")
    saved = json.loads(caught.value.path().read_text())
    (report,) = saved["reports"]
    (photo,) = report["photos"]
    assert (saved["format"], report["visit"], report["outcome"]) == ("msa-outbox-1", visit, "complete")
    assert hashlib.sha256(base64.b64decode(photo["data"])).hexdigest() == photo["sha256"]
    phone.waits_with(2)  # it stays on the phone as well


def test_report_may_be_changed_until_its_sending_begins(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    phone.loses_coverage()
    phone.has_done(visit, "red")
    phone.sends()
    minted = phone.rows("reports")[0]["id"]
    phone.opens("/outbox")
    phone.presses("Change it")
    phone.title("Is this right?")
    phone.page.locator(".row", has_text="Serial number").click()
    phone.types_the_serial_number("BS-2026-004712")
    phone.title("Is this right?")
    phone.sends()
    assert phone.rows("reports")[0]["id"] != minted
    phone.is_back()
    phone.has_sent_all()
    assert field.kept(email) == [{"visit": visit} | DONE | {"serial_number": "BS-2026-004712"}]


def test_full_phone_says_so_and_loses_nothing(phone: Phone, day: Callable[[int], list[int]]) -> None:
    phone.has_room_for(2_500_000)
    (visit,) = day(1)
    phone.begins(visit)
    phone.looks_at_everything()
    phone.takes_large_photos_until("Delete other photos, then take it again.")
    phone.looks_around()
    kept = len(phone.rows("photos"))
    phone.has_room_for(None)
    phone.takes_a_photo("red")
    expect(phone.page.locator(".thumb").nth(kept)).to_be_visible()  # and the large one, where there is room for it now
    assert [row["answers"]["access"] for row in phone.rows("reports")] == ["ok"]
