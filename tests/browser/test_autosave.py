"""The request form on a slow network, typed at human speed: nothing that somebody typed or chose is lost (fault 64)."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests import servers
from tests.browser.journey import DESKTOP, PHONE, Watch, a_photo
from tests.stack import BareStack

DRAFTS = 20
EMAIL, PASSWORD = "alice@example.com", "correct horse battery staple"
SLOW = {"offline": False, "latency": 700, "downloadThroughput": 60_000, "uploadThroughput": 30_000}
MAKE = f"""
import json
from allauth.account.models import EmailAddress
from django.test import Client
from tests import factories
person = factories.UserFactory(name="Alice Sample", email="{EMAIL}")
EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
browser = Client()
browser.force_login(person)
sent_back = factories.corrections_required(factories.submitted(factories.complete_request(owner=person)))
drafts = [factories.draft(owner=person).reference for _ in range({DRAFTS})]
print(json.dumps([browser.cookies["sessionid"].value, drafts, sent_back.reference]))
"""


class World:
    """The portal's web server, and as many drafts of one person as there are tests."""

    def __init__(self, stack: BareStack) -> None:
        self.stack = stack
        self.session, self.drafts, self.sent_back = json.loads(stack.manage("shell", "-v", "0", "-c", MAKE))

    def stored(self, reference: str) -> dict[str, Any]:
        with closing(sqlite3.connect(self.stack.folder / "portal.sqlite3")) as connection:
            connection.row_factory = sqlite3.Row
            query = "SELECT * FROM requests_app_msarequest WHERE reference = ?"
            return dict(connection.execute(query, [reference]).fetchone())


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = BareStack(servers.scratch_folder() / "autosave", servers.migrated_file())
    try:
        made.start_redis()
        made.start_web()
        yield World(made)
    finally:
        made.end()


class Typist:
    """Somebody who fills in the first step of a new draft."""

    def __init__(self, world: World, context: BrowserContext) -> None:
        self.world, self.context = world, context
        self.reference = world.drafts.pop()
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "sessionid", "value": world.session, "url": world.stack.url}])
        self.page: Page = context.new_page()
        self.network = context.new_cdp_session(self.page)
        self.page.goto(self.address("where"))
        self.saved = self.page.locator("[data-saved]")
        self.trouble = self.page.locator("[data-save-trouble]")

    def address(self, step: str) -> str:
        return f"{self.world.stack.url}/requests/{self.reference}/form/{step}/"

    def slows_down(self, **more: Any) -> None:
        self.network.send("Network.emulateNetworkConditions", SLOW | more)

    def stored(self) -> dict[str, Any]:
        return self.world.stored(self.reference)

    def chooses(self, request_type: str) -> None:
        self.page.locator(f"[name=request_type][value={request_type}] + label").click()

    def field(self, name: str) -> Locator:
        return self.page.locator(f"#id_{name}")

    def types(self, name: str, words: str) -> None:
        self.field(name).click()
        self.field(name).press("End")
        self.page.keyboard.type(words, delay=60)

    def signs_in(self, page: Page) -> None:
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.fixture
def typist(world: World, new_context: Callable[..., BrowserContext]) -> Typist:
    return Typist(world, new_context(viewport=PHONE))


def is_post(route: Route) -> bool:
    return route.request.method == "POST"


at_desk_too = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])


@at_desk_too
def test_arrow_keys_through_the_types_lose_neither_the_choice_nor_the_name(
    world: World, new_context: Any, viewport: Any
) -> None:
    typist = Typist(world, new_context(viewport=viewport))
    typist.slows_down()
    typist.types("customer_name", " of Monrovia")
    radios = typist.page.locator("[name=request_type]")
    radios.first.focus()
    typist.page.keyboard.press("Space")
    for key in ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"]:
        typist.page.keyboard.press(key)
        typist.page.wait_for_timeout(150)
    expect(typist.saved).to_contain_text("Saved at")
    assert radios.evaluate_all("radios => radios.map(r => r.checked)") == [False, False, True, False]
    assert typist.page.evaluate("document.activeElement.value") == "replacement"
    expect(typist.field("customer_name")).to_have_value("Alice Sample of Monrovia")
    row = typist.stored()
    assert (row["request_type"], row["customer_name"]) == ("replacement", "Alice Sample of Monrovia")


@at_desk_too
def test_what_is_typed_right_after_a_choice_stays_with_its_caret(
    world: World, new_context: Any, viewport: Any
) -> None:
    typist = Typist(world, new_context(viewport=viewport))
    typist.slows_down()
    typist.chooses("install")
    typist.types("street", "12 Oak Ave")
    typist.page.keyboard.press("ArrowLeft")
    typist.page.wait_for_timeout(2500)  # the answer to the choice comes
    typist.page.keyboard.type("X", delay=60)
    expect(typist.field("street")).to_have_value("12 Oak AvXe")
    assert not typist.saved.inner_text()
    typist.page.keyboard.press("Tab")
    expect(typist.saved).to_contain_text("Saved at")
    row = typist.stored()
    assert (row["request_type"], row["street"]) == ("install", "12 Oak AvXe")


def test_typed_before_the_questions_went_away_is_there_when_they_come_back(typist: Typist) -> None:
    typist.slows_down()
    typist.types("city", "Monrovia")
    typist.chooses("maintenance")
    expect(typist.page.get_by_text("Maintenance starts with a call")).to_be_visible()
    typist.chooses("install")
    expect(typist.field("city")).to_have_value("Monrovia")
    expect(typist.saved).to_contain_text("Saved at")
    assert typist.stored()["city"] == "Monrovia"


def test_button_right_after_the_last_letter_sends_everything_and_finds_no_conflict(typist: Typist) -> None:
    typist.slows_down()
    typist.chooses("removal")
    typist.types("city", "Azusa")
    typist.page.get_by_role("button", name="Save and go on").last.click()
    expect(typist.page.locator("h1")).to_contain_text("adapter")
    row = typist.stored()
    assert (row["request_type"], row["city"]) == ("removal", "Azusa")


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_one_press_is_enough_where_everything_is_saved(typist: Typist, how: str) -> None:
    """A browser ignores a submit that is asked for while the one before is still told."""
    typist.chooses("removal")
    expect(typist.page.locator("[data-saved]")).to_contain_text("Saved")
    typist.page.wait_for_timeout(500)
    if how == "click":
        typist.page.get_by_role("button", name="Save and leave").last.click()
        expect(typist.page).not_to_have_url(re.compile("/form/"))
    else:
        typist.field("city").press("Enter")
        expect(typist.page.locator("h1")).to_contain_text("adapter")


def test_offline_it_says_so_survives_a_reload_and_saves_when_it_is_back(typist: Typist) -> None:
    typist.slows_down(offline=True)
    typist.types("city", "Duarte")
    typist.page.get_by_role("button", name="Save and go on").last.click()
    expect(typist.trouble).to_contain_text("You’re offline")
    expect(typist.field("city")).to_have_value("Duarte")
    typist.slows_down(latency=0)
    expect(typist.saved).to_contain_text("Saved at")
    expect(typist.trouble).to_be_hidden()
    assert typist.stored()["city"] == "Duarte"


def test_what_could_not_be_sent_survives_a_reload(typist: Typist) -> None:
    typist.page.route("**/form/where/", lambda route: route.abort() if is_post(route) else route.continue_())
    typist.page.on("dialog", lambda dialog: dialog.accept())
    typist.types("city", "Duarte")
    typist.page.keyboard.press("Tab")
    expect(typist.trouble).to_contain_text("We can’t reach the portal")
    typist.page.reload()
    expect(typist.trouble).to_contain_text("We can’t reach the portal")
    expect(typist.field("city")).to_have_value("Duarte")
    typist.page.unroute("**/form/where/")
    typist.page.get_by_role("button", name="Try again now").click()
    expect(typist.saved).to_contain_text("Saved at")
    assert typist.stored()["city"] == "Duarte"


def test_signed_out_they_sign_in_beside_it_and_nothing_is_typed_twice(typist: Typist) -> None:
    typist.context.clear_cookies(name="sessionid")
    typist.types("city", "Arcadia")
    typist.page.keyboard.press("Tab")
    expect(typist.trouble).to_contain_text("You’re signed out")
    with typist.context.expect_page() as opened:
        typist.page.get_by_role("link", name="Sign in (opens a new tab)").click()
    typist.signs_in(opened.value)
    expect(typist.saved).to_contain_text("Saved at")
    expect(typist.trouble).to_be_hidden()
    assert typist.stored()["city"] == "Arcadia"
    assert opened.value.is_closed()


CAUSES = {
    403: "You can’t change this request now",
    413: "too large to send",
    429: "The portal is busy",
    502: "Something went wrong on our side",
    200: "We can’t reach the portal",
}


def test_each_failed_save_names_its_cause(typist: Typist) -> None:
    """The last is a hotel's page in the portal's place."""
    now = {"status": 0}

    def answer(route: Route) -> None:
        if is_post(route):
            route.fulfill(status=now["status"], content_type="text/html", body="<h1>Welcome to the hotel</h1>")
        else:
            route.continue_()

    typist.page.route("**/form/where/", answer)
    for status, words in CAUSES.items():
        now["status"] = status
        typist.types("city", "A")
        typist.page.keyboard.press("Tab")
        expect(typist.trouble).to_contain_text(words)
        expect(typist.trouble).to_contain_text("What you entered is still on this page.")
        expect(typist.saved).to_have_text("Not saved yet")
        expect(typist.page.get_by_role("link", name="Sign in")).to_have_count(0)  # they are signed in
    typist.page.unroute("**/form/where/")
    typist.page.get_by_role("button", name="Try again now").click()
    expect(typist.saved).to_contain_text("Saved at")
    assert typist.stored()["city"] == "A" * len(CAUSES)


def test_answer_to_a_correction_waits_on_its_page_until_it_is_saved(typist: Typist) -> None:
    page = typist.page
    page.goto(f"{typist.world.stack.url}/requests/{typist.world.sent_back}/corrections/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/corrections/", lambda route: route.abort() if is_post(route) else route.continue_())
    page.locator("details summary").last.click()
    words = page.locator("form[data-keep] textarea:visible").last
    words.click()
    page.keyboard.type("It is on the bill", delay=60)
    expect(typist.trouble).to_contain_text("We can’t reach the portal")
    expect(page.locator("[data-saved]:visible").last).to_have_text("Not saved yet")
    page.unroute("**/corrections/")
    page.get_by_role("button", name="Try again now").click()
    expect(page.locator("[data-saved]:visible").last).to_contain_text("Saved.")
    expect(typist.trouble).to_be_hidden()
    page.reload()
    expect(page.locator("details[open] textarea").last).to_have_value("It is on the bill")


def test_photo_that_is_not_saved_names_its_cause_and_stays(typist: Typist) -> None:
    """The photo library is offered beside the camera: nothing asks for the camera alone."""
    typist.chooses("install")
    expect(typist.saved).to_contain_text("Saved at")
    typist.page.goto(typist.address("photos"))
    answers = iter([502, 401])

    def answer(route: Route) -> None:
        if is_post(route) and (status := next(answers, None)):
            route.fulfill(status=status, content_type="text/html", body="<h1>No</h1>")
        elif is_post(route):
            route.fulfill(status=200, content_type="text/html", body=card)
        else:
            route.continue_()

    typist.page.route("**/photos/", answer)
    first = typist.page.locator("[data-photo-card]").first
    card = first.evaluate("card => card.outerHTML")
    field = first.locator("input[type=file]")
    assert field.get_attribute("capture") is None
    field.set_input_files(a_photo())
    expect(typist.trouble).to_contain_text("Something went wrong on our side")
    expect(first).to_contain_text("This photo isn’t saved yet")
    typist.page.get_by_role("button", name="Try again now").click()
    expect(typist.trouble).to_contain_text("You’re signed out")
    expect(first.locator("[data-preview] img")).to_be_visible()
    typist.page.get_by_role("button", name="Try again now").click()
    expect(typist.trouble).to_be_hidden()


def test_page_is_read_by_axe_and_fits_a_phone(typist: Typist) -> None:
    """With the words for a failed save on it."""
    watch = Watch(typist.context)
    typist.page.route("**/form/where/", lambda route: route.abort() if is_post(route) else route.continue_())
    typist.types("city", "Duarte")
    typist.page.keyboard.press("Tab")
    expect(typist.trouble).to_be_visible()
    watch.faults.clear()  # the aborted request
    watch.look(typist.page)
