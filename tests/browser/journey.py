"""What people do in the portal, as sentences: `maya.opens(…)`, `maya.signs_the_agreement()`.

Each page that somebody comes to is looked at by `Person.looks_around`: see `Watch`.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from PIL import Image
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Request,
    Response,
    WebError,
    expect,
)
from pypdf import PdfReader

from demo.accounts import PASSWORD
from msa_portal.business_days.calendar import local_day
from tests import servers
from tests.stack import LiveStack

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
CARD = "4242 4242 4242 4242"
PATIENCE = 60  # seconds for what the worker does meanwhile
# The stack has no scheduler: what the broker lost on a busy machine is asked for once more.
SWEEP = "from msa_portal.notices.tasks import sweep; sweep()"
SWEEP_AFTER = 12  # looks into the mailbox
LOOPBACK = {"localhost", "127.0.0.1"}
STATUS = ".request-status"


class Watch:
    """Nothing serious for axe, no error in the console, no request off this machine, no sideways scroll.

    A page is looked at once in a run for each address (its numbers apart) and heading, by whichever process
    comes there first.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        context.on("console", self._heard)
        context.on("weberror", self._broke)
        context.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text} at {message.location.get('url')}")

    def _broke(self, error: WebError) -> None:
        self.faults.append(f"script: {error.error}")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.hostname not in LOOPBACK:
            self.faults.append(f"request to {request.url}")

    def look(self, page: Page) -> None:
        if self._is_new(page):
            self._judge(page)
        assert not self.faults, f"{page.url}\n" + "\n".join(self.faults)

    @staticmethod
    def _is_new(page: Page) -> bool:
        path = re.sub(r"MSA-\d+-\d+|\d+|(?<=/sign/)[^/]+|(?<=/pay/)[^/]{20,}", "…", urlsplit(page.url).path)
        kind = f"{path} {page.locator('h1').first.inner_text()}"
        mark = servers.shared_folder() / f"seen-{hashlib.sha256(kind.encode()).hexdigest()}"
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _judge(self, page: Page) -> None:
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in {"serious", "critical"}:
                places = [node["html"][:200] for node in violation["nodes"][:3]]
                self.faults.append(f"axe, {violation['impact']}: {violation['help']} {places}")
        before = page.viewport_size
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if before:
            page.set_viewport_size(before)
        if wide > 0:
            self.faults.append(f"at 390 px the page scrolls sideways by {wide} px")


def wait_for[T](what: Callable[[], T | None], said: str) -> T:
    """What comes of itself, by the worker or a webhook; fails with `said` where it does not come in time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        outcome = what()
        if outcome:
            return outcome
        assert time.monotonic() < deadline, said
        time.sleep(0.3)


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, stack: LiveStack, context: BrowserContext, email: str = "", name: str = "") -> None:
        self.stack, self.context, self.email, self.name = stack, context, email, name
        context.set_default_timeout(15_000)
        self.watch = Watch(context)
        self.page = context.new_page()

    # Moving about

    def opens(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.stack.url + path)
        self.looks_around()

    def looks_around(self) -> None:
        self.page.wait_for_load_state()
        # Where files wait for an inspector the page moves on without a click.
        self.page.wait_for_url(lambda address: "/files/" not in address)
        self.watch.look(self.page)

    @property
    def content(self) -> Locator:
        """The page without its header and footer; in the staff desk with its messages."""
        return self.page.locator("main").first

    def presses(self, name: str) -> None:
        """A button or a link, by its words; then the page that comes is looked at."""
        words = re.compile(rf"^\s*{re.escape(name)}")
        button = self.content.get_by_role("button", name=words)
        link = self.content.get_by_role("link", name=words)
        button.or_(link).filter(visible=True).first.click()
        self.looks_around()

    def reads(self, *words: str) -> None:
        for word in words:
            expect(self.content).to_contain_text(word)

    def fills(self, **words: str) -> None:
        """By the label, written with underscores."""
        for label, value in words.items():
            self.page.get_by_label(label.replace("_", " ")).filter(visible=True).first.fill(value)

    def chooses(self, question: str, answer: str) -> None:
        label_of(self.page.get_by_role("group", name=question), answer).click()

    def ticks(self, words: str) -> None:
        label_of(self.content, words).click()

    # Signing in and mail

    def signs_up(self) -> None:
        self.opens("/accounts/signup/")
        self.creates_an_account()

    def creates_an_account(self) -> None:
        """On the page for it, up to the code in the mail."""
        self.fills(Full_name=self.name, Email=self.email)
        self.presses("Create account")
        self.enters_the_code("Confirm")

    def enters_the_code(self, subject: str) -> None:
        """From the newest email with these words in its subject, on the page that asks for it."""
        mail = self.mail(subject)
        code = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail)
        assert code, mail
        self.page.get_by_label("Code").fill(code[0])
        self.presses("Continue")

    def signs_in(self, start: str) -> None:
        self.opens(f"/accounts/login/?next={start}")
        self.fills(Email=self.email, Password=PASSWORD)
        self.presses("Sign in")
        expect(self.page).to_have_url(self.stack.url + start)

    def mail(self, subject: str) -> str:
        """The text of the newest mail whose subject holds these words, once it has arrived."""
        page = self.context.new_page()
        address = f"{self.stack.url}/demo/mailbox/?to={self.email}"
        entry = page.locator(".mailbox-list a", has=page.locator(".mailbox-subject", has_text=subject))

        looks = count(1)

        def arrived() -> bool:
            if next(looks) == SWEEP_AFTER:
                self.stack.manage("shell", "-v", "0", "-c", SWEEP)
            page.goto(address)
            return entry.count() > 0

        wait_for(arrived, f"No mail “{subject}” came to {self.email}.")
        self.watch.look(page)
        entry.first.click()
        text = page.locator(".mailbox-text").inner_text()
        self.watch.look(page)
        page.close()
        return text

    def pdf(self, link: str) -> str:
        """The text of the PDF behind that link."""
        address = self.page.get_by_role("link", name=re.compile(link)).first.get_attribute("href")
        answer = self.context.request.get(self.stack.url + str(address))
        assert answer.headers["content-type"] == "application/pdf", address
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body())).pages)

    # The request form

    @property
    def reference(self) -> str:
        match = re.search(r"MSA-\d+-\d+", self.page.url)
        assert match, self.page.url
        return match[0]

    def opens_request(self, reference: str) -> None:
        self.opens(f"/requests/{reference}/")

    def sees_status(self, reference: str, status: str) -> None:
        """Now, or as soon as the portal has heard of it."""
        self.opens_request(reference)

        def shown() -> bool:
            self.page.reload()
            return status in self.page.locator(STATUS).inner_text()

        wait_for(shown, f"{reference} is not “{status}”: {self.page.locator(STATUS).inner_text()}")
        self.looks_around()

    def answers(self, questions: Mapping[str, str]) -> None:
        """One step of the form; each answer is saved before the next one is given."""
        for question, answer in questions.items():
            group = self.page.get_by_role("group", name=question)
            if group.count():
                self._saves(lambda group=group, answer=answer: label_of(group, answer).click(), group, answer)
                continue
            field = self.page.get_by_label(question).first
            if field.get_attribute("type") == "checkbox":
                if not field.is_checked():
                    self._change(lambda question=question: self.ticks(question))
            elif field.input_value() != answer:
                self._change(lambda field=field, answer=answer: (field.fill(answer), field.blur()))

    def _saves(self, act: Callable[[], Any], group: Locator, answer: str) -> None:
        chosen = label_of(group, answer).locator("xpath=preceding-sibling::input")
        if not chosen.is_checked():
            self._change(act)

    def _change(self, act: Callable[[], Any]) -> None:
        def saved(answer: Response) -> bool:
            return answer.request.method == "POST" and "/form/" in answer.url

        with self.page.expect_response(saved) as caught:
            act()
        assert caught.value.status == 200, caught.value.url
        expect(self.page.locator("[data-saved]")).to_contain_text("Saved")

    def goes_on(self) -> None:
        """To the form's next step: the button waits until all is saved, so the page goes a moment later."""
        before = self.page.url
        self.content.get_by_role("button", name="Save and go on").last.click()
        self.page.wait_for_url(lambda address: address != before)
        self.looks_around()

    def fills_in_the_form(self, steps: list[dict[str, str]]) -> str:
        """From the first step to the agreement. Gives the reference."""
        for questions in steps:
            self.answers(questions)
            self.goes_on()
        reference = self.reference
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("Photos")
        self.presses("Go on to the review")
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("Review")
        self.presses("Continue to the agreement")
        return reference

    # After a failed visit

    def shows_by_photo(self, reason: str) -> None:
        """A reason of the failed visit is put right, shown by a photo."""
        section = self.page.locator("section.correction", has_text=reason)
        section.locator("input[type=file]").set_input_files(a_photo())
        section.get_by_role("button", name="This is put right").click()
        self.looks_around()
        expect(self.page.locator("section.correction", has_text=reason)).to_contain_text("Put right")

    # Agreement and fee

    def signs_the_agreement(self, reference: str) -> None:
        """As soon as the worker has written its PDF."""
        self.opens(f"/requests/{reference}/agreement/")
        self.waits_for_the_agreement()
        if self.content.get_by_role("button", name="Open the agreement (PDF)").is_visible():
            self.agrees_to_sign_electronically()
        self.fills(Type_your_full_name=self.name)
        self.ticks("I have read the agreement")
        self.presses("Sign")
        self.reads("You have signed")

    def waits_for_the_agreement(self) -> None:
        """The page shows it by itself."""
        link = self.page.get_by_role("link", name="Download the agreement (PDF)")
        button = self.page.get_by_role("button", name="Open the agreement (PDF)")
        expect(link.or_(button)).to_be_visible(timeout=PATIENCE * 1000)
        self.looks_around()

    def agrees_to_sign_electronically(self) -> None:
        """Once for a request, after the PDF could be opened; not asked again for a newer version."""
        with self.page.expect_download() as caught:
            self.content.get_by_role("button", name="Open the agreement (PDF)").click()
        assert caught.value.suggested_filename.endswith(".pdf")
        self.ticks("I opened the PDF")
        self.presses("Go on to sign")

    def signs_by_link(self, address: str) -> None:
        """The customer of an agent, without an account: three screens."""
        self.opens(address)
        self.reads("You are asked to sign an agreement")
        self.presses("Read the agreement")
        self.agrees_to_sign_electronically()
        self.fills(Type_your_full_name=self.name)
        self.ticks("I have read the agreement")
        self.presses("Sign")
        self.reads("You have signed. Thank you.")

    def pays_the_fee(self, reference: str) -> None:
        self.opens(f"/requests/{reference}/fee/")
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Submit Meter Socket Adapter Fee")
        self.presses("Pay $279.22")
        self.fills(
            Card_number=CARD, Expiration_date="12 / 31", Security_code="123", Name_on_card=self.name, ZIP_code="91016"
        )
        self.presses("Pay $279.22")
        self.reads("$279.22 paid")

    # Staff

    def opens_in_the_desk(self, reference: str) -> None:
        """Finds the request in the queue."""
        self.opens(f"/admin/requests_app/msarequest/?q={reference}")
        self.page.locator("#result_list a", has_text=reference).first.click()
        self.looks_around()

    def deems_valid(self, reference: str) -> None:
        self.opens_in_the_desk(reference)
        while self.content.get_by_role("button", name="Accept").count():
            self.presses("Accept")
        self.presses("Save and deem valid")
        self.reads("Pending Service Order")

    def requires_corrections(self, reference: str, reasons: Mapping[str, str]) -> None:
        self.opens_in_the_desk(reference)
        for title, note in reasons.items():
            self.page.get_by_label("Find a reason").fill(title)
            row = self.page.locator("[data-pick-row]", has_text=title)
            row.get_by_role("checkbox").first.check()
            row.locator("textarea").first.fill(note)
        self.presses("Send back for corrections")
        self.reads("Corrections Required")

    def issues_the_service_order(self, reference: str) -> None:
        self.opens_in_the_desk(reference)
        self.presses("Issue service order")
        self.reads("Service Order Issued")

    def schedules(self, reference: str, technician: str) -> str:
        """For the first business day from today on; gives that day."""
        self.opens(f"/admin/fieldwork/sitevisit/?q={reference}&state__exact=unscheduled")
        self.page.locator("#result_list tbody th a").first.click()
        self.looks_around()
        for ahead in range(6):
            on = (local_day(timezone.now()) + timedelta(days=ahead)).isoformat()
            self.page.get_by_label("Meter technician").select_option(label=technician)
            self.page.get_by_label("Day").fill(on)
            self.page.get_by_role("radio").first.check(force=True)
            self.presses("Schedule")
            if self.page.get_by_text("Planned. The customer is told now.").count():
                return on
        raise AssertionError("No business day within a week.")

    # Technician

    def closes_out(self, on: str, address: str, outcome: str, *reasons: str) -> None:
        self.opens(f"/field/?on={on}")
        stop = self.page.locator(".field-stop", has_text=address).filter(has_text="Scheduled")
        stop.get_by_role("link", name="Open").click()
        self.looks_around()
        at_another_day = self.page.get_by_label("I'm at the site now")
        if at_another_day.count():
            at_another_day.check(force=True)
        self.presses("I am on site")
        for check in self.page.locator("[data-screen]").first.get_by_role("group").all():
            label_of(check, "OK").click()
        self.presses("Next")
        self.presses("Next")
        self.chooses("How did it go?", outcome)
        for reason in reasons:
            label_of(self.page.locator("[data-reasons]"), reason).click()
        self.presses("Send")
        self.reads("Reported:")


def a_photo() -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "steelblue").save(out, "JPEG")
    return {"name": "meter.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def label_of(place: Locator, words: str) -> Locator:
    """A choice's label: its button itself is drawn by the style sheet."""
    return place.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(words)}")).first
