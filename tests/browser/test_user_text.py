"""What people type never acts: no request is sent, nothing runs, on any page of any role (fault 59).

The whole of a demo is filled with hostile text (tests/typed_text.py). A crawler reads every kind of page as each role
and looks for text that became markup; the browser opens those where scripts put text on the page.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from playwright.sync_api import Page

from demo import accounts
from demo.accounts import PASSWORD, Account
from tests import seeded, servers, typed_text
from tests.browser.journey import Person
from tests.browser.test_journeys import Home, Meet, form, signed_in
from tests.stack import LiveStack

ORDERS = """Kim <i hx-post=. hx-vals='{"agrees":"on","name":"Kim"}' hx-trigger=load>"""
SECONDS_TO_FILL = 120
MOST_PAGES = 400  # of a role
SKIPPED = re.compile(r"/accounts/logout/|/static/|/media/|\.(?:pdf|csv|ics|svg|js|css|webmanifest)$|/webhooks/")
LINK = re.compile(r'<(?:a|iframe)\b[^>]*?\b(?:href|src)="([^"]+)"')
WAIT = 800  # milliseconds in which a page would act on its own


@pytest.fixture(scope="session")
def live_stack(worker_id: str) -> Iterator[LiveStack]:
    """A stack of this file's own: what is filled in would be in the way of every other test."""
    with seeded.running(servers.scratch_folder() / f"typed-stack-{worker_id}") as stack:
        yield stack


class Acts:
    """What a page does that nobody asked it to do."""

    def __init__(self, page: Page) -> None:
        self.seen: list[str] = []
        page.on("dialog", lambda dialog: (self.seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", self._asked)
        page.expose_function("zqRan", lambda: self.seen.append("script"))

    def _asked(self, request: object) -> None:
        method, url = request.method, request.url  # type: ignore[attr-defined]
        if method != "GET" or "zq-asked" in url or url.endswith("/x"):
            self.seen.append(f"{method} {url}")


def opens_and_waits(person: Person, path: str) -> list[str]:
    """What the page did on its own."""
    acts = Acts(person.page)
    person.page.goto(person.stack.url + path)
    person.page.wait_for_timeout(WAIT)
    return acts.seen


def test_name_that_gives_orders_neither_signs_nor_promotes(live_stack: LiveStack, meet: Meet) -> None:
    home = Home("810000000061", ORDERS, "61 Walnut Street")
    ben, kim = signed_in(meet, accounts.MANAGER), meet("kim@example.com", ORDERS, phone=True)
    ben.opens("/requests/new/")
    ben.chooses("Whom is the request for?", "A customer")
    ben.presses("Start")
    reference = ben.fills_in_the_form(form(home, where={"Customer's e-mail address": kim.email}))
    ben.opens(f"/requests/{reference}/agreement/")
    ben.waits_for_the_agreement()

    link = re.search(r"http\S+/sign/\S+", kim.mail("Please sign the agreement"))
    assert link
    kim.opens(link[0])
    kim.presses("Read the agreement")
    kim.agrees_to_sign_electronically()
    kim.reads(f"As in the request: {ORDERS}")
    acts = Acts(kim.page)
    kim.page.reload()
    kim.page.wait_for_timeout(WAIT)
    assert acts.seen == []
    ben.opens(f"/requests/{reference}/agreement/")
    assert "Not signed yet" in ben.content.locator(".agreement-signers li", has_text="Customer: ").first.inner_text()

    cora = signed_in(meet, accounts.COLLEAGUE)
    cora.opens("/accounts/details/")
    cora.fills(Full_name="Cora <i hx-post=/accounts/company/members/2/manager/ hx-trigger=load>")
    cora.presses("Save")
    for path in ("/accounts/company/", "/requests/", f"/requests/{reference}/", "/eligibility/"):
        assert opens_and_waits(ben, path) == []
        ben.page = ben.context.new_page()
    ben.opens("/accounts/company/")
    assert "Member" in ben.content.locator("li.portal-card", has_text="Cora").inner_text()


@pytest.fixture(scope="session")
def filled_stack(live_stack: LiveStack) -> LiveStack:
    live_stack.manage("shell", "-v", "0", "-c", "from tests.typed_text import fill; fill()", seconds=SECONDS_TO_FILL)
    return live_stack


class Crawl:
    """Every kind of page that a role can come to by links, each once."""

    def __init__(self, stack: LiveStack, desk: set[str], account: Account | None, starts: list[str]) -> None:
        self.desk = desk  # kinds of the staff's pages that a colleague has been shown
        self.url, self.session = stack.url, requests.Session()
        self.faults: list[str] = []
        self.shown: set[int] = set()
        self.pages: dict[str, str] = {}
        self.waiting = deque(starts)
        if account:
            self._sign_in(account)

    def _sign_in(self, account: Account) -> None:
        page = self.session.get(f"{self.url}/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        answer = {"login": account.email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        signed_in = self.session.post(f"{self.url}/accounts/login/", answer, headers={"Referer": self.url})
        assert signed_in.url != f"{self.url}/accounts/login/"

    def run(self) -> None:
        while self.waiting and len(self.pages) < MOST_PAGES:
            path = self.waiting.popleft()
            if self.kind_of(path) not in self.pages.keys() | self.desk and not SKIPPED.search(urlsplit(path).path):
                self._read(path)

    @staticmethod
    def kind_of(path: str) -> str:
        address = urlsplit(path)
        names = sorted(set(re.findall(r"(?:^|&)([\w-]+)=", address.query)) - {"_changelist_filters", "o", "p"})
        return re.sub(r"MSA-\d+-\d+|\d+(?:-\d+)*|_[0-9A-F]{2}", "#", address.path) + "?" + ",".join(names[:1])

    def _read(self, path: str) -> None:
        answer = self.session.get(self.url + path)
        self.pages[self.kind_of(path)] = path
        if answer.status_code >= 500:
            self.faults.append(f"{path}: {answer.status_code}")
        elif answer.status_code == 200 and path.startswith("/admin/"):
            self.desk.add(self.kind_of(path))
        if "html" not in answer.headers.get("Content-Type", ""):
            return
        self.faults += [f"{path}: {fault}" for fault in typed_text.acting(answer.text)]
        self.shown |= {int(number) for number in re.findall(r"zq(\d+)q", answer.text)}
        for target in LINK.findall(answer.text):
            self._follow(urljoin(answer.url, unescape(target)))

    def _follow(self, target: str) -> None:
        if target.startswith(self.url + "/"):
            self.waiting.append(target.removeprefix(self.url).partition("#")[0])


ROLES: dict[str, tuple[Account | None, list[str]]] = {
    "nobody": (None, ["/", "/demo/mailbox/", "/eligibility/", "/products/", "/fees/"]),
    "customer": (accounts.CUSTOMER, ["/requests/", "/accounts/details/", "/statements/", "/calendar/"]),
    "agent": (accounts.MANAGER, ["/requests/", "/accounts/company/", "/payments/", "/statements/"]),
    "supervisor": (accounts.SUPERVISOR, ["/admin/"]),
    "staff": (accounts.STAFF, ["/admin/?staff=1", "/admin/requests_app/msarequest/?staff=1"]),
    "dispatcher": (accounts.DISPATCHER, ["/admin/?dispatch=1", "/admin/fieldwork/sitevisit/?dispatch=1"]),
    "technician": (accounts.TECHNICIAN, ["/field/"]),
}
# The demo has no such row, or none with text there, so no page shows it here. A field that the demo gains comes off.
NOT_IN_THE_DEMO = {
    "admin.LogEntry": {"object_repr"},
    "axes.AccessAttempt": {"get_data", "http_accept", "path_info", "post_data", "user_agent", "username"},
    "axes.AccessFailureLog": {"http_accept", "path_info", "user_agent", "username"},
    "axes.AccessLog": {"http_accept", "path_info", "user_agent", "username"},
    "fieldwork.CloseOut": {"notes", "review_note"},
    "fieldwork.PlanRun": {"error"},
    "fieldwork.RuleProposal": {"note", "panel_model"},
    "payments.PayInvitation": {"email", "name"},
    "payments.Payment": {"payer_email", "payer_name"},
    "payments.ProviderEvent": {"error"},
    "payments.ReconciliationItem": {"note"},
    "payments.Refund": {"last_error", "note"},
    "requests_app.Correction": {"answer", "draft", "proposal"},
    "requests_app.Cure": {"statement"},
    "requests_app.DeadlineExtension": {"reason"},
    "requests_app.DocumentOpening": {"email", "user_agent"},
    "requests_app.IncompatiblePanel": {"note"},
    "requests_app.MSARequest": {"panel_model_confirmed", "project_number", "unit"},
    "requests_app.PanelModelAnswer": {"suggested", "typed"},
    "requests_app.PanelRestriction": {"explanation", "panel_model"},
    "requests_app.PaperSection": {"note"},
    "requests_app.PaperSigning": {"sent_from"},
    "requests_app.Product": {"next_steps", "required_documents"},
    "requests_app.ReadinessStatement": {"findings", "text"},
    "requests_app.RecordComparison": {"fields"},
    "requests_app.Screening": {"facts"},
    "requests_app.ScreeningAnswer": {"note"},
    "requests_app.ServiceAccount": {"unit"},
    "requests_app.Signature": {"consent_text", "email", "user_agent"},
    "requests_app.SigningConsent": {"email", "text", "user_agent"},
    "requests_app.SigningInvitation": {"email"},
    "requests_app.Withdrawal": {"note"},
    "usersessions.UserSession": {"user_agent"},
}
# Pages on which scripts write what was typed.
SCRIPTED = {
    "customer": r"/requests/#/(?:agreement/|form/\w+/|fee/|photos/)?\?",
    "supervisor": r"/admin/(?:requests_app/msarequest/#/change|fieldwork/sitevisit/board)/\?|/admin/requests_app/product/#/change/\?",
    "dispatcher": r"/admin/fieldwork/sitevisit/(?:board|figures|#/change)/\?",
    "technician": r"/field/(?:app/|visits/#/)\?",
    "nobody": r"/demo/mailbox/#/(?:html/)?\?",
}


@pytest.fixture(scope="session")
def crawls(filled_stack: LiveStack) -> dict[str, Crawl]:
    desk: set[str] = set()
    crawls = {role: Crawl(filled_stack, desk, *ways) for role, ways in ROLES.items()}
    for crawl in crawls.values():
        crawl.run()
    return crawls


def test_no_page_of_any_role_takes_text_for_anything_else(crawls: dict[str, Crawl]) -> None:
    faults = {role: crawl.faults for role, crawl in crawls.items() if crawl.faults}
    assert faults == {}
    shown = set().union(*(crawl.shown for crawl in crawls.values()))
    silent = {place for place, number in typed_text.NUMBER_OF.items() if number not in shown}
    assert {place for place in silent if place[1] not in NOT_IN_THE_DEMO.get(place[0], set())} == set()


def test_nothing_runs_where_scripts_write_the_text(crawls: dict[str, Crawl], meet: Meet) -> None:
    opened, acted = 0, {}
    for role, pattern in SCRIPTED.items():
        account = ROLES[role][0]
        person = signed_in(meet, account) if account else meet()
        for kind, path in crawls[role].pages.items():
            if re.fullmatch(f"(?:{pattern}).*", kind):
                acted[path] = opens_and_waits(person, path)
                person.page = person.context.new_page()
                opened += 1
    assert opened >= 10
    assert {path: acts for path, acts in acted.items() if acts} == {}
