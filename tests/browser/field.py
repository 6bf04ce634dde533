"""A technician with a phone: what they do in the field app, as sentences.

The browser is a persistent one, so that it can be closed and opened again with what it keeps.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, BrowserType, CDPSession, FilePayload, Locator, Page, Request, expect

from tests.browser.journey import PATIENCE, PHONE, Watch
from tests.factories import PASSWORD
from tests.stack import SECONDS_TO_START, LiveStack

APP = "/field/app/"
# Said by the browser itself of a request that could not go, or that was answered so: meant here.
MEANT = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_CONNECTION_REFUSED", "401 (Unauthorized)", "409 (Conflict)")


class FieldWatch(Watch):
    """Axe, console, foreign requests and sideways scroll on each screen of the app; being without coverage is no fault."""

    meant = MEANT

    def _heard(self, message: Any) -> None:
        if not any(expected in message.text for expected in self.meant):
            super()._heard(message)

    @staticmethod
    def _kind(page: Page) -> str:
        screen = page.url.partition("#")[2].split("/")
        return "/field/app/ " + " ".join(part for part in screen if part.isalpha() or "-" in part)


class Field:
    """The stack's own world, as the office sees it."""

    def __init__(self, stack: LiveStack) -> None:
        self.stack = stack

    def call(self, expression: str, *, seconds: float = SECONDS_TO_START) -> Any:
        code = f"import json; from tests.browser import field_world as w; print(); print(json.dumps(w.{expression}))"
        return json.loads(self.stack.manage("shell", "-v", "0", "-c", code, seconds=seconds).strip().splitlines()[-1])

    def day(self, email: str, count: int) -> list[int]:
        made: list[int] = self.call(f"day({email!r}, 'Fay Field', {count})", seconds=SECONDS_TO_START + 15 * count)
        return made

    def kept(self, email: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.call(f"kept({email!r})")
        return rows


class Phone:
    def __init__(
        self, stack: LiveStack, browser: BrowserType, options: dict[str, Any], folder: Path, url: str = ""
    ) -> None:
        """`url`: where the portal is reached for it, another than the stack's own where a bad network is in between."""
        self.stack, self.browser, self.options, self.folder = stack, browser, options, folder
        self.url = url or stack.url
        # Run before the app's own, at each start. Without Background Sync, as in most browsers (fault 56): what the page
        # sends is what a test sees.
        self.scripts = [NO_SYNC]
        self.context: BrowserContext
        self.page: Page
        self.watch: FieldWatch
        self.asked: list[Request] = []
        self.devtools: CDPSession | None = None
        self.switches_on()

    # The phone itself

    def switches_on(self, *, offline: bool = False) -> None:
        self.context = self.browser.launch_persistent_context(
            self.folder, **self.options, viewport=PHONE, locale="en-US", timezone_id="America/Los_Angeles"
        )
        self.context.set_default_timeout(20_000)
        self.context.set_offline(offline)
        self.watch = FieldWatch(self.context)
        self.context.on("request", self._asked)
        for script in self.scripts:
            self.context.add_init_script(script)
        self.page = self.context.new_page()

    def _asked(self, request: Request) -> None:
        self.asked.append(request)

    def waits_until(self, what: Callable[[], bool], said: str) -> None:
        """Routes and events are only heard while the page is asked something: a plain sleep would stop them."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, said
            self.page.wait_for_timeout(200)

    def is_closed(self) -> None:
        self.context.close()

    def loses_coverage(self) -> None:
        self.context.set_offline(True)

    def is_back(self) -> None:
        self.context.set_offline(False)

    # Moving about

    def opens(self, screen: str = "/") -> None:
        self.page.goto(f"{self.url}{APP}#{screen}")
        self.page.locator("html[data-ready]").wait_for(state="attached")
        self.looks_around()

    def signs_in(self, email: str) -> None:
        self.page.goto(f"{self.url}/accounts/login/?next={APP}")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").first.fill(PASSWORD)
        self.page.locator("label", has_text="Remember").click()  # else the browser forgets when it is closed
        self.page.get_by_role("button", name="Sign in").first.click()
        self.page.locator("html[data-ready]").wait_for(state="attached")

    def is_kept_here(self) -> None:
        """The service worker has all files, and sees to this page from now on."""
        self.page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
        self.page.reload()
        self.page.wait_for_function("Boolean(navigator.serviceWorker.controller)")

    def sees_a_day_of(self, count: int) -> None:
        expect(self.page.locator(".field-stop")).to_have_count(count)
        self.looks_around()

    def looks_around(self) -> None:
        self.watch.look(self.page)

    def presses(self, words: str, *, exact: bool = False) -> None:
        button = self.page.get_by_role("button", name=words, exact=exact)
        link = self.page.get_by_role("link", name=words, exact=exact)
        button.or_(link).filter(visible=True).first.click()

    def reads(self, *words: str) -> None:
        for word in words:
            expect(self.page.locator("main")).to_contain_text(word)

    @property
    def bar(self) -> Locator:
        return self.page.locator("[data-outbox]")

    def waits_with(self, count: int) -> None:
        expect(self.bar).to_have_text(f"{count} waiting")

    def has_sent_all(self) -> None:
        expect(self.bar).to_have_text("All sent", timeout=60_000)

    def title(self, words: str) -> None:
        expect(self.page.locator("h1")).to_contain_text(words)
        self.looks_around()

    # At a visit

    def begins(self, visit: int) -> None:
        self.opens(f"/visit/{visit}")
        self.presses("I am on site")
        self.presses("Close out")
        self.title("Can you get to the meter safely?")

    def looks_at_everything(self) -> None:
        self.presses("Yes, it is safe")
        self.title("Checks")
        self.presses("I looked: all")
        self.title("Photos")

    def takes_large_photos_until(self, words: str) -> None:
        said = self.page.get_by_text(words).filter(visible=True).first
        for count in range(1, 6):
            self.page.locator("[data-camera]").set_input_files(a_photo("", large=True))
            expect(said.or_(self.page.locator(".thumb").nth(count - 1)).filter(visible=True).first).to_be_visible()
            if said.is_visible():
                return
        raise AssertionError(f"Nothing said “{words}”.")

    def takes_a_photo(self, color: str, *, large: bool = False) -> None:
        self.page.locator("[data-camera]").set_input_files(a_photo(color, large=large))
        self.page.locator(".thumb").first.wait_for()

    def types_the_serial_number(self, number: str = "BS-2026-004711") -> None:
        self.title("Serial number")
        self.page.get_by_label("Or type it").fill(number)
        self.presses("Next", exact=True)

    def has_done(self, visit: int, color: str, *, large: bool = False) -> None:
        """A visit that went well, up to the last look."""
        self.begins(visit)
        self.looks_at_everything()
        self.takes_a_photo(color, large=large)
        self.presses("Next", exact=True)
        self.types_the_serial_number()
        self.title("How did it go?")
        self.presses("Installed")
        self.title("Anything else?")
        self.presses("Next", exact=True)
        self.title("Is this right?")

    def sends(self) -> None:
        self.presses("Send", exact=True)
        self.title("Reported")

    def sends_without(self) -> None:
        """A report that lacks what the device asks for: the app asks first."""
        self.presses("Send", exact=True)
        self.presses("Send it without")
        self.title("Reported")

    def could_not(self, visit: int, color: str) -> None:
        """Not safe: stopped at the first screen, with a photo that is marked, and the reason."""
        self.begins(visit)
        self.presses("Not safe, stop")
        self.title("Why not?")
        self.page.locator(".choice--reason").first.click()
        self.presses("Next, with 1 reason")
        self.takes_a_photo(color)
        self.page.locator(".thumb").first.click()
        self.title("Photo 1")
        self.marks()
        self.presses("Keep it")
        self.presses("Next", exact=True)
        self.title("What is not safe?")
        self.presses("Loose dog")
        self.presses("Next", exact=True)
        self.title("Is this right?")
        self.sends()

    def marks(self) -> None:
        """A circle by the pointer, an arrow by keys alone."""
        box = self.page.locator(".photo-edit").bounding_box()
        assert box
        self.page.mouse.move(box["x"] + 60, box["y"] + 60)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 150, box["y"] + 120, steps=4)
        self.page.mouse.up()
        self.page.get_by_role("button", name="Arrow").press("Enter")
        self.page.get_by_role("button", name="Mark the middle").press("Enter")
        self.page.locator(".photo-edit").press("ArrowRight")

    @property
    def version(self) -> str:
        return str(self.page.evaluate("document.documentElement.dataset.version"))

    def has_fetched_a_new_version(self) -> None:
        waiting = "navigator.serviceWorker.getRegistration('/field/').then((it) => Boolean(it.waiting))"
        self.waits_until(lambda: bool(self.page.evaluate(waiting)), "No new version came.")

    def makes_the_draft_older(self) -> None:
        """As the first version would have left it: it asked for less."""
        self.page.evaluate(OLDER)

    def has_room_for(self, size: int | None) -> None:
        """It holds as long as the session that says so."""
        self.devtools = self.devtools or self.context.new_cdp_session(self.page)
        quota = {} if size is None else {"quotaSize": size}
        self.devtools.send("Storage.overrideQuotaForOrigin", {"origin": self.url} | quota)

    def rows(self, store: str) -> list[dict[str, Any]]:
        """What this phone keeps in that store, without the photos' bytes."""
        rows: list[dict[str, Any]] = self.page.evaluate(ROWS, store)
        return rows

    def has_nothing_left(self) -> None:
        self.waits_until(
            lambda: self.rows("reports") == [] and self.rows("photos") == [], "Something stayed on the phone."
        )


NO_SYNC = "delete globalThis.ServiceWorkerRegistration?.prototype.sync;"

OLDER = """async () => {
  const db = await new Promise((resolve) => { indexedDB.open("msa-field").onsuccess = (event) => resolve(event.target.result); });
  await new Promise((resolve) => {
    const step = db.transaction("reports", "readwrite");
    step.oncomplete = resolve;
    step.objectStore("reports").openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return;
      if (cursor.value.state === "draft") {
        const { access, checks } = cursor.value.answers;
        const { format, ...row } = { ...cursor.value, answers: { access, checks } };
        cursor.update(row);
      }
      cursor.continue();
    };
  });
  db.close();
}"""

ROWS = """async (store) => {
  const db = await new Promise((resolve, reject) => {
    const asked = indexedDB.open("msa-field");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const rows = await new Promise((resolve) => {
    db.transaction(store).objectStore(store).getAll().onsuccess = (event) => resolve(event.target.result);
  });
  db.close();
  return rows.map(({ data, ...row }) => row);
}"""


def a_photo(color: str, *, large: bool = False) -> FilePayload:
    """A large one has noise in it, and is sent in several chunks."""
    out = io.BytesIO()
    if large:
        Image.effect_noise((1600, 1200), 90).convert("RGB").save(out, "JPEG", quality=95)
    else:
        Image.new("RGB", (640, 480), color).save(out, "JPEG")
    return {"name": "meter.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
