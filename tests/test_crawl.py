"""No page answers 500: every link is followed and every form is posted, empty and with nonsense, as every role.

Text that would act (fault 59) is typed into every form too, and read back where the form leads and where it stood.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from demo import accounts
from msa_portal.accounts.models import User
from tests import every_kind_of_row, typed_text

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HOST = "http://testserver"
STARTS = (
    "/",
    "/requests/",
    "/payments/",
    "/admin/",
    "/field/",
    "/help/",
    "/verify/",
    "/api/docs/",
    "/accounts/email/",
)
NONSENSE = (
    *("²", "-1", "99999999999999999999999999", "2026-02-31", "{{ 7*7 }}", "<i hx-get=/ hx-trigger=load>"),
    "👩‍🚒'\";--",
)
FREE_TEXT = {"text", "search", "tel", "url"}
PAGES_OF_A_ROUTE = 2  # a view with rows of several kinds is opened for two of them
ENDS_THE_SESSION = {"account_logout", "usersessions_list"}


@dataclass
class Form:
    page: str  # on which it stands
    action: str
    is_post: bool
    values: dict[str, str] = field(default_factory=dict)
    texts: dict[str, int | None] = field(default_factory=dict)  # fields of free text, with the most characters


class Page(HTMLParser):
    """The addresses that a page leads to, and its forms with their fields' values."""

    def __init__(self, address: str, source: str) -> None:
        super().__init__()
        self.address = address
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.outside = Form(address, address, is_post=False)
        self.form = self.outside
        self.select = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name: value or "" for name, value in attrs}
        for name in ("href", "hx-get", "src", "data-url"):
            if names.get(name):
                self.links.append(urljoin(self.address, names[name]))
        if tag == "form":
            action = urljoin(self.address, names.get("action") or self.address)
            self.form = Form(self.address, action, names.get("method", "").lower() == "post")
            self.forms.append(self.form)
        elif names.get("hx-post"):
            action = urljoin(self.address, names["hx-post"])
            self.forms.append(Form(self.address, action, is_post=True, values=self.form.values, texts=self.form.texts))
        elif tag in {"input", "select", "textarea", "button"} and names.get("name"):
            self._field(tag, names)
        elif tag == "option" and self.select and (not self.form.values.get(self.select) or "selected" in names):
            self.form.values[self.select] = names.get("value", "")

    def _field(self, tag: str, names: dict[str, str]) -> None:
        name = names["name"]
        self.select = name if tag == "select" else ""
        if "checked" in names:
            self.form.values[name] = names.get("value", "on")
        self.form.values.setdefault(name, names.get("value", ""))
        if tag == "textarea" or (tag == "input" and names.get("type", "text") in FREE_TEXT):
            self.form.texts[name] = int(names["maxlength"]) if names.get("maxlength") else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = self.outside


def route_of(path: str) -> str:
    try:
        return resolve(path).view_name or path
    except Resolver404:
        return path


class Crawler:
    """Follows links breadth first from the starts, as one person. Posts are taken back, so that all see the same rows."""

    def __init__(self, user: User | None) -> None:
        self.client = Client(raise_request_exception=False)
        if user:
            self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.broken: dict[str, str] = {}
        self.acting: dict[str, list[str]] = {}
        self.shown = 0  # pages that show what was typed
        self.opened: Counter[str] = Counter()
        self.posted: set[tuple[str, tuple[str, ...]]] = set()
        self.asked: set[str] = set()

    def crawl(self) -> dict[str, str]:
        waiting = deque(STARTS)
        while waiting:
            address = waiting.popleft()
            for link in self.open(address):
                if link not in self.asked:
                    self.asked.add(link)
                    waiting.append(link)
        return self.broken

    def open(self, address: str) -> Iterator[str]:
        parts = urlsplit(address)
        route = route_of(parts.path)
        key = f"{route} with a query" if parts.query else route
        if self.opened[key] >= PAGES_OF_A_ROUTE or route in ENDS_THE_SESSION:
            return
        self.opened[key] += 1
        answer = self.note(f"GET {address}", self.client.get(address))
        if answer.status_code in {301, 302, 303}:
            yield from ours([urljoin(HOST + address, answer["Location"])])
        if answer.streaming:
            list(answer.streaming_content)
        elif answer["Content-Type"].startswith("text/html"):
            page = Page(HOST + address, answer.content.decode())
            yield from ours(page.links)
            for form in page.forms:
                self.try_out(form)

    def try_out(self, form: Form) -> None:
        path = urlsplit(form.action).path
        key = (route_of(path), tuple(sorted(form.values)) if form.is_post else ())
        if key in self.posted or key[0] in ENDS_THE_SESSION or not form.action.startswith(HOST):
            return
        self.posted.add(key)
        number = len(self.posted)
        typed = {name: typed_text.hostile(number, longest) for name, longest in form.texts.items()}
        nonsense = {name: NONSENSE[(number + place) % len(NONSENSE)] for place, name in enumerate(form.values)}
        nul = dict.fromkeys(form.values, "\0")  # which PostgreSQL doesn't take
        for values in ({}, form.values, nonsense, nul, form.values | typed):
            method = "POST" if form.is_post else "GET"
            block = transaction.atomic()
            block._from_testcase = True  # a block of the product's that must be the outermost may begin in it
            with block:
                cookies = self.client.cookies.output()
                send = self.client.post if form.is_post else self.client.get
                answer = self.note(f"{method} {path} {values}", send(path, values))
                if answer.streaming:
                    list(answer.streaming_content)
                if typed and values == form.values | typed:
                    self.read_back(answer, form)
                transaction.set_rollback(True)
                if self.client.cookies.output() != cookies:
                    self.client.cookies.load(cookies.replace("Set-Cookie: ", ""))

    def read_back(self, answer: Any, form: Form) -> None:
        """What was typed is only text: in the answer, where it leads, and on the page on which the form stood."""
        pages = [answer, self.client.get(form.page)]
        if answer.status_code in {301, 302, 303}:
            pages += [self.client.get(path) for path in ours([urljoin(form.action, answer["Location"])])]
        for page in pages:
            if not page.streaming and page["Content-Type"].startswith("text/html"):
                source = page.content.decode()
                self.shown += "zq-x" in source
                if faults := typed_text.acting(source):
                    self.acting[f"{form.action} shown on {page.request['PATH_INFO']}"] = faults

    def note(self, what: str, answer: Any) -> Any:
        if answer.status_code >= 500:
            error = answer.exc_info[1] if getattr(answer, "exc_info", None) else answer.status_code
            self.broken[what] = repr(error)
        return answer


def ours(links: list[str]) -> Iterator[str]:
    for link in links:
        parts = urlsplit(link)
        if f"{parts.scheme}://{parts.netloc}" == HOST and not parts.path.startswith("/static/"):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


@pytest.fixture(scope="module")
def demo_rows(module_rows: None) -> None:
    call_command("seed_demo")
    every_kind_of_row.add()


# Rows that signing in makes, and one kind that is not used: an address is proven by a code.
WITHOUT_ROWS = {"sessions.Session", "usersessions.UserSession", "account.EmailConfirmation"}


def test_every_kind_of_row_is_there(db: None, demo_rows: None) -> None:
    assert set(every_kind_of_row.empty_models(typed_text.OURS)) <= WITHOUT_ROWS


@pytest.mark.parametrize("account", [None, *accounts.ACCOUNTS], ids=lambda it: it.email if it else "nobody")
def test_no_page_breaks(db: None, demo_rows: None, settings: Any, account: accounts.Account | None) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    crawler = Crawler(User.objects.get(email=account.email) if account else None)
    broken = crawler.crawl()
    assert not broken, "\n".join(f"{what}: {error}" for what, error in broken.items())
    assert crawler.acting == {}
    assert crawler.shown >= 5


@pytest.mark.parametrize("year", ["99999999999999999999999999", "²", "0", "2026.5"])
def test_dates_in_an_address_that_no_calendar_has_are_not_an_error_of_ours(
    db: None, demo_rows: None, year: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(
        User.objects.get(email=accounts.SUPERVISOR.email), backend="django.contrib.auth.backends.ModelBackend"
    )
    lists = {
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"): desk.date_hierarchy
        for model, desk in admin.site._registry.items()
        if desk.date_hierarchy
    }
    assert len(lists) >= 4
    for path, column in lists.items():
        answer = client.get(f"{path}?{column}__year={year}&{column}__month=-1&{column}__day={year}")
        assert answer.status_code < 500, path
