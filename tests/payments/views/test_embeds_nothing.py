"""Payment pages embed nothing foreign and ask for no card: the card is typed at the provider alone (SAQ A)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from payments.models import Payment
from payments.services import pay_links, settle
from requests_app.models import MSARequest
from tests import factories
from tests.payments.conftest import opened
from tests.payments.sandbox.harness import SandboxControl
from tests.test_access import ALL_ROUTES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]

PAGES = sorted(name for name in ALL_ROUTES if name.startswith("payments:"))
OWN = {"'self'", "'none'"}
# Pictures that a page makes itself are no way out, nor in.
OWN_PICTURES = OWN | {"data:", "blob:"}
CARD = re.compile(r"card|cvc|cvv|pan\b|expir|iban|account.?number|routing|security.?code", re.IGNORECASE)


class Page(HTMLParser):
    """What a page loads, where its forms go, what it asks for, and what of it would run without a file."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.asks: list[str] = []
        self.posts: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.loads += [values[name] for name in ("src", "srcset", "data", "poster", "background") if name in values]
        if tag == "link":
            self.loads.append(values.get("href", ""))
        if tag == "form":
            self.posts.append(values.get("action", ""))
        if tag in {"input", "select", "textarea", "button"}:
            self.asks += [f"{values.get(part, '')}" for part in ("name", "id", "autocomplete", "placeholder")]
        if tag in {"iframe", "frame", "object", "embed", "base", "style"} or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        self.inline += [value for value in values.values() if value.lower().startswith("javascript:")]


@pytest.fixture
def by_agent(schedule: Any) -> MSARequest:
    """A request that an agent submits for a customer, its fee raised."""
    return factories.executed(factories.complete_request(company=factories.CompanyFactory()))


def pages(client: Client, msa_request: MSARequest, payment: Payment, token: str) -> dict[str, Any]:
    """Every page of payments by GET, whatever it needs in its address. A new kind of part is to be named here."""
    parts = {
        "reference": msa_request.reference,
        "payment_id": payment.pk,
        "refund_id": 1,
        "part_id": payment.allocations.get().pk,
        "pk": payment.pk,
        "token": token,
        "month": timezone.localdate().replace(day=1),
        "company_id": msa_request.agent_company_id,
    }
    answers = {}
    for name in PAGES:
        address = reverse(name, kwargs={part: parts[part] for part in ALL_ROUTES[name]})
        query = {"session": payment.session_id} if "returned" in name else {}
        answer = client.get(address, query)
        if answer["Content-Type"].startswith("text/html"):
            answers[name] = answer
        else:
            _drain(answer)
    return answers


def _drain(answer: Any) -> None:
    if answer.streaming:
        list(answer.streaming_content)


def policy(answer: Any) -> dict[str, set[str]]:
    parts = [part.split() for part in answer["Content-Security-Policy"].split(";") if part.strip()]
    return {name: set(sources) for name, *sources in parts}


def check(answer: Any) -> None:
    rules = policy(answer)
    for name in ("default-src", "script-src", "style-src", "connect-src", "font-src", "object-src", "base-uri"):
        assert rules[name] <= OWN, (name, rules[name])
    assert rules.get("frame-src", rules["default-src"]) <= OWN
    assert rules["img-src"] <= OWN_PICTURES
    assert rules["frame-ancestors"] == {"'none'"}
    assert rules["form-action"] == {"'self'", settings.STRIPE_CHECKOUT_ORIGIN}
    page = Page(answer.content.decode())
    assert [address for address in page.loads if not re.match(r"/(?!/)|data:image/", address)] == []
    assert [address for address in page.posts if not re.match(r"(/(?!/)|$)", address)] == []
    assert [word for word in page.asks if CARD.search(word)] == []
    assert page.inline == []


def test_every_payment_page_is_our_own(by_agent: MSARequest, provider_sandbox: SandboxControl) -> None:
    client = Client()
    client.force_login(factories.actor_of(by_agent), backend="django.contrib.auth.backends.ModelBackend")
    of_customer = factories.executed(factories.complete_request(company=by_agent.agent_company))
    token = pay_links.token_for(pay_links.invite(of_customer, by=factories.actor_of(of_customer)).key)
    payment = opened(by_agent)
    shown = set()
    for state in ("open", "paid"):
        if state == "paid":
            provider_sandbox.act(str(payment.session_id), "pay")
            settle.settle_from_provider(payment)
        for name, answer in pages(client, by_agent, payment, token).items():
            if answer.status_code in {200, 404, 409, 410}:
                check(answer)
                shown.add((name, answer.status_code))
    assert {("payments:fee", 200), ("payments:returned", 200), ("payments:statement", 200)} <= shown


def test_the_way_to_the_provider_is_a_redirect(by_agent: MSARequest) -> None:
    client = Client()
    client.force_login(factories.actor_of(by_agent), backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(reverse("payments:pay", args=[by_agent.reference]), {"expected_cents": 27922})
    assert answer.status_code == 303
    assert answer["Location"].startswith(settings.STRIPE_API_BASE)
    assert answer.content == b""


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://js.stripe.com/v3/"></script>',
        "<script>alert(1)</script>",
        '<iframe src="/x"></iframe>',
        '<img src="//tracker.example/x.gif">',
        '<p style="color:red">',
        '<a href="javascript:alert(1)">',
        '<form action="https://evil.example/">',
        '<input name="cardNumber">',
        '<input autocomplete="cc-csc" name="cvc">',
    ],
)
def test_what_would_be_foreign_is_found(text: str) -> None:
    page = Page(text)
    wrong = [address for address in page.loads if not re.match(r"/(?!/)|data:image/", address)]
    wrong += [address for address in page.posts if not re.match(r"(/(?!/)|$)", address)]
    assert wrong + [word for word in page.asks if CARD.search(word)] + page.inline
