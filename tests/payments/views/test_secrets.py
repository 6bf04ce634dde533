"""No card data anywhere with us; no secret or personal data in logs and events (fault 52)."""

from __future__ import annotations

import io
import json
import logging
import re
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from msa_portal import logs
from payments.models import Payment, ProviderEvent
from payments.provider import client
from payments.services import pay_links, refunds, settle
from requests_app.models import MSARequest, RequestEvent
from requests_app.signing.invitations import token_for as signing_token_for
from tests import factories
from tests.payments.conftest import FEE, part_of
from tests.payments.sandbox.harness import SECRET, SandboxControl

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_once", "provider_sandbox")]

CARD = "4242 4242 4242 4242"
OURS = ("payments", "requests_app", "msa_portal", "fieldwork", "stripe", "urllib3", "django_structlog", "celery")
PAYER = {"email": "pat.payer@example.org", "billingName": "Pat Quillfeather", "billingPostalCode": "92626"}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is printed, through the very formatter that production prints with, at DEBUG."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter(json=True))
    levels = {name: logging.getLogger(name).level for name in OURS}
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield out
    logging.getLogger().removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@dataclass
class Played:
    msa_request: MSARequest
    payment: Payment
    tokens: list[str]


@pytest.fixture
def played(schedule: Any, provider_sandbox: SandboxControl, live_server: Any, log: io.StringIO) -> Played:
    """Invited, paid by card on the provider's page, told by webhook, refunded, disputed, with calls that are refused."""
    msa_request = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    agent, browser = factories.actor_of(msa_request), Client()
    browser.force_login(agent, backend="django.contrib.auth.backends.ModelBackend")
    invitation = pay_links.invite(msa_request, by=agent)
    tokens = [pay_links.token_for(invitation.key), signing_token_for(invitation.key)]
    for path in (f"/pay/{tokens[0]}/", f"/sign/{tokens[1]}/"):
        browser.get(path)
    pay_links.cancel(msa_request, by=agent)  # the office pays itself
    provider_sandbox.webhooks(url=f"{live_server.url}/webhooks/stripe/", mode="normal")
    assert (
        browser.post(reverse("payments:pay", args=[msa_request.reference]), {"expected_cents": FEE}).status_code == 303
    )
    payment = Payment.objects.get(fees__round__msa_request=msa_request)
    _pay_by_card(provider_sandbox, payment)
    browser.get(reverse("payments:returned", args=[msa_request.reference]), {"session": payment.session_id})
    refund = refunds.propose_by_staff(payment, by=factories.staff(), amount_cents=5000, note="Sorry, Pat.")
    refunds.approve(refund, by=factories.supervisor(), expected_cents=part_of(payment).remaining_cents)
    provider_sandbox.act(str(payment.session_id), "dispute")
    settle.settle_from_provider(payment)
    _wait_for_event("charge.dispute.created")
    browser.post("/webhooks/stripe/", b"{}", content_type="application/json", headers={"stripe-signature": "t=1,v1=0"})
    payment.refresh_from_db()
    return Played(msa_request, payment, tokens)


def _wait_for_event(kind: str) -> None:
    """The provider tells when it gets round to it."""
    deadline = time.monotonic() + 30
    while not ProviderEvent.objects.filter(type=kind).exists():
        assert time.monotonic() < deadline, f"{kind} was not told."
        time.sleep(0.05)


def _pay_by_card(sandbox: SandboxControl, payment: Payment) -> None:
    page = sandbox.http("GET", payment.session_url)
    card = {"cardNumber": CARD, "cardExpiry": "04 / 31", "cardCvc": "123"}
    assert sandbox.submit(payment.session_url, token=page.field("token"), **card, **PAYER).status == 303


def test_log_of_a_whole_payment_names_nobody_and_no_secret(played: Played, log: io.StringIO) -> None:
    text = log.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    events = " ".join(str(line["event"]) for line in lines)
    assert "Request to Stripe api" in events
    assert "a webhook call was refused" in events
    msa_request, payment = played.msa_request, played.payment
    agent = factories.actor_of(msa_request)
    hidden = {
        *(msa_request.customer_email, msa_request.customer_name, agent.email, agent.name, payment.payer_email),
        *(PAYER["email"], PAYER["billingName"], msa_request.street, msa_request.account_number),
        *(settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET, SECRET, settings.SECRET_KEY),
        *(payment.session_url, str(payment.session_id), *played.tokens, CARD, CARD.replace(" ", "")),
    }
    hidden |= {urllib.parse.quote(word, safe="") for word in hidden} | {
        urllib.parse.quote_plus(word) for word in hidden
    }
    assert {word for word in hidden if word and word in text} == set()
    assert re.findall(r"[\w.+-]+(?:@|%40)[\w-]+\.\w+", text) == []


def test_client_would_tell_bodies_without_the_filter(log: io.StringIO, played: Played) -> None:
    """The guard taken out: the client's own DEBUG lines hold what the payer is called."""
    stripe_log, raw = logging.getLogger("stripe"), io.StringIO()
    guards, handler = stripe_log.filters[:], logging.StreamHandler(raw)
    assert any(isinstance(guard, logs.NoBodies) for guard in guards)
    stripe_log.addHandler(handler)
    try:
        client.client().v1.checkout.sessions.retrieve(str(played.payment.session_id))
        with_guard = raw.getvalue()
        stripe_log.filters.clear()
        client.client().v1.checkout.sessions.retrieve(str(played.payment.session_id))
    finally:
        stripe_log.filters[:] = guards
        stripe_log.removeHandler(handler)
    payer = played.payment.payer_email
    assert (payer in with_guard, payer in raw.getvalue()) == (False, True)


def test_clients_own_switch_for_printing_is_off() -> None:
    assert client._util._console_log_level() is None


def test_events_hold_ids_and_codes_only(played: Played) -> None:
    events = list(ProviderEvent.objects.all())
    assert {event.type for event in events} >= {"checkout.session.completed", "charge.dispute.created"}
    for event in events:
        assert re.fullmatch(r"evt_\w+", event.event_id)
        assert re.fullmatch(r"[a-z_.]+", event.type)
        assert re.fullmatch(r"(cs|pi|ch|py|re|dp|du|pyr)_\w+", event.object_id)
        assert re.fullmatch(r"[\w. ]{0,60}", event.error)
    codes = list(RequestEvent.objects.values_list("codes", flat=True))
    assert any(event_codes.get("refund") for event_codes in codes)
    assert [event_codes for event_codes in codes if not _plain(event_codes)] == []


def _plain(value: Any) -> bool:
    """A number, a code, a day, a fingerprint, or several of them: nothing that a person wrote or is called."""
    if isinstance(value, dict):
        return all(_plain(name) and _plain(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | int) or bool(re.fullmatch(r"[\w.:+-]{0,80}", value))


def test_no_table_holds_a_card(played: Played) -> None:
    """Every column of every table, after a payment by card."""
    tables, looked_at = [], 0
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # our own tables
            for row in cursor.fetchall():
                looked_at += 1
                if re.search(r"4242[ -]?4242|cardNumber|\bcvc\b", " ".join(map(str, row)), re.IGNORECASE):
                    tables.append(table)
    assert looked_at > 100
    assert tables == []


def test_admin_shows_no_checkout_address(played: Played) -> None:
    browser = Client()
    browser.force_login(factories.supervisor(), backend="django.contrib.auth.backends.ModelBackend")
    for path in (f"{played.payment.pk}/change/", ""):
        answer = browser.get(f"/admin/payments/payment/{path}")
        assert answer.status_code == 200
        assert played.payment.session_url not in answer.content.decode()
