"""What people type never acts: no request is sent, nothing runs, on any page of any role (fault 59).

The whole of a demo is filled with hostile text (tests/typed_text.py). A crawler reads every kind of page as each role
and looks for text that became markup; the browser opens those where scripts put text on the page.
"""

from __future__ import annotations

import re
from collections import Counter, deque
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
MOST_PAGES = 2000  # of a role
# A request's pages differ with its standing, and a proposal's with its kind; of other rows' pages two are read.
OF_A_REQUEST, PAGES_OF_A_REQUEST, PAGES_OF_OTHERS = (
    re.compile(r"(?:/admin/requests_app/msarequest|/admin/approvals/proposal|/requests)/#/"),
    20,
    2,
)
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
    fill = "from tests import every_kind_of_row, typed_text; every_kind_of_row.add(); typed_text.fill()"
    live_stack.manage("shell", "-v", "0", "-c", fill, seconds=SECONDS_TO_FILL)
    return live_stack


class Crawl:
    """Every kind of page that a role can come to by links, for some rows of each."""

    def __init__(self, stack: LiveStack, desk: Counter[str], account: Account | None, starts: list[str]) -> None:
        self.desk = desk  # the staff's pages that colleagues have been shown, by kind
        self.url, self.session = stack.url, requests.Session()
        self.faults: list[str] = []
        self.shown: set[int] = set()
        self.pages: dict[str, str] = {}
        self.opened: Counter[str] = Counter()
        self.waiting = deque(starts)
        self.met = set(starts)
        self.session.headers["User-Agent"] = typed_text.hostile_text("usersessions.UserSession", "user_agent")
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
        while self.waiting and self.opened.total() < MOST_PAGES:
            path = self.waiting.popleft()
            kind = self.kind_of(path)
            most = PAGES_OF_A_REQUEST if OF_A_REQUEST.match(kind) else PAGES_OF_OTHERS
            if max(self.opened[kind], self.desk[kind]) < most and not SKIPPED.search(urlsplit(path).path):
                self.opened[kind] += 1
                self._read(kind, path)

    @staticmethod
    def kind_of(path: str) -> str:
        address = urlsplit(path)
        names = sorted(set(re.findall(r"(?:^|&)([\w-]+)=", address.query)) - {"_changelist_filters", "o", "p"})
        return re.sub(r"MSA-\d+-\d+|\d+(?:-\d+)*|_[0-9A-F]{2}", "#", address.path) + "?" + ",".join(names[:1])

    def _read(self, kind: str, path: str) -> None:
        answer = self.session.get(self.url + path)
        self.pages[kind] = path
        if answer.status_code >= 500:
            self.faults.append(f"{path}: {answer.status_code}")
        elif answer.status_code == 200 and path.startswith("/admin/"):
            self.desk[kind] += 1
        if "html" not in answer.headers.get("Content-Type", ""):
            return
        self.faults += [f"{path}: {fault}" for fault in typed_text.acting(answer.text)]
        self.shown |= {int(number) for number in re.findall(r"zq(\d+)q", answer.text)}
        for target in LINK.findall(answer.text):
            self._follow(urljoin(answer.url, unescape(target)))

    def _follow(self, target: str) -> None:
        path = target.removeprefix(self.url).partition("#")[0]
        if target.startswith(self.url + "/") and path not in self.met:
            self.met.add(path)
            self.waiting.append(path)


ROLES: dict[str, tuple[Account | None, list[str]]] = {
    "nobody": (None, ["/", "/demo/mailbox/", "/eligibility/", "/products/", "/fees/"]),
    "customer": (accounts.CUSTOMER, ["/requests/", "/accounts/details/", "/statements/", "/calendar/"]),
    "agent": (accounts.MANAGER, ["/requests/", "/accounts/company/", "/payments/", "/statements/"]),
    "supervisor": (accounts.SUPERVISOR, ["/admin/", "/admin/approvals/proposal/"]),
    "staff": (accounts.STAFF, ["/admin/?staff=1", "/admin/requests_app/msarequest/?staff=1"]),
    "dispatcher": (accounts.DISPATCHER, ["/admin/?dispatch=1", "/admin/fieldwork/sitevisit/?dispatch=1"]),
    "technician": (accounts.TECHNICIAN, ["/field/"]),
}
# What no page shows, by the reason. A field that a page begins to show must come off.
_SIGN_INS = {"http_accept", "path_info", "user_agent", "username"}
NOT_SHOWN: dict[str, dict[str, set[str]]] = {
    "kept to find out about attacks": {
        "axes.AccessAttempt": {"get_data", "post_data", *_SIGN_INS},
        "axes.AccessFailureLog": _SIGN_INS,
        "axes.AccessLog": _SIGN_INS,
    },
    "evidence, on the last pages of the signed agreement": {
        "requests_app.DocumentOpening": {"email", "user_agent"},
        "requests_app.Signature": {"consent_text", "email", "user_agent"},
        "requests_app.SigningConsent": {"email", "text", "user_agent"},
    },
    "compared with what is asked now, and shown as that": {
        "requests_app.AgentAuthority": {"customer_email"},
        "requests_app.MSARequest": {"panel_model_confirmed"},
        "requests_app.RecordComparison": {"fields"},
        "requests_app.Screening": {"facts"},
    },
    "shown while the fee can be paid, which an agreement that no longer fits prevents (tests/payments/views)": {
        "payments.PayInvitation": {"email", "name"},
    },
    "kept with the request": {"requests_app.Withdrawal": {"note"}},
    "on the desk, for rows that the crawl doesn't come to (test_conflicts, test_address_corrections, "
    "test_one_per_account, test_waiting_decisions)": {
        "fieldwork.CloseOut": {"review_note"},
        "requests_app.AddressCorrection": {"from_email", "to_email"},
        "requests_app.MSARequest": {"panel_model_confirmed", "allowed_account_because"},
        "requests_app.StaffDecision": {"ended_why"},
    },
}
# Pages on which scripts write what was typed.
SCRIPTED = {
    "customer": r"/requests/#/(?:agreement/|form/\w+/|fee/|photos/)?\?",
    "supervisor": r"/admin/(?:requests_app/msarequest/#/change|fieldwork/sitevisit/board)/\?|/admin/requests_app/product/#/change/\?",
    "dispatcher": r"/admin/fieldwork/sitevisit/(?:board|figures|#/change)/\?",
    "technician": r"/field/(?:app/|visits/#/)\?",
    "nobody": r"/demo/mailbox/#/(?:html/)?\?",
}


def pairs(models: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    return ((model, name) for model, names in models.items() for name in names)


@pytest.fixture(scope="session")
def crawls(filled_stack: LiveStack) -> dict[str, Crawl]:
    desk: Counter[str] = Counter()
    crawls = {role: Crawl(filled_stack, desk, *ways) for role, ways in ROLES.items()}
    for crawl in crawls.values():
        crawl.run()
    return crawls


def test_no_page_of_any_role_takes_text_for_anything_else(crawls: dict[str, Crawl]) -> None:
    faults = {role: crawl.faults for role, crawl in crawls.items() if crawl.faults}
    assert faults == {}
    shown = set().union(*(crawl.shown for crawl in crawls.values()))
    silent = {place for place, number in typed_text.NUMBER_OF.items() if number not in shown}
    listed = {place for models in NOT_SHOWN.values() for place in pairs(models)}
    assert not silent ^ listed, sorted(silent ^ listed)


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
