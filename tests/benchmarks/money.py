"""Money: taking in webhooks, settling a payment, comparing a day with the provider's list; through a sandbox over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from django.urls import reverse

from msa_portal.celery import app
from payments import provider
from payments.models import Payment
from payments.sandbox.webhooks import signature
from payments.services import checkout, reconciliation, settle
from tests import factories, servers
from tests.benchmarks.measure import WARM_UPS, Case
from tests.benchmarks.pages import call
from tests.payments import many
from tests.payments.provider_books import ProviderBooks
from tests.payments.sandbox.harness import KEY, SECRET, SandboxControl, running

STORE, FETCH, LISTING = "bare_store", "bare_fetch", "bare_listing"
# A day is long: fewer rounds than the rest.
_ROUNDS_OF_A_DAY = 5


@contextmanager
def provider_and_broker() -> Iterator[SandboxControl]:
    """As in production a webhook's commit hands its task to a broker; no worker takes it."""
    app.conf.broker_url = servers.redis_url()
    app._after_fork()  # as in a new process: no connection to the broker before
    with TemporaryDirectory() as folder, running(Path(folder) / "store.sqlite3", "") as sandbox:
        sandbox.webhooks(url="", mode="hold")
        with override_settings(STRIPE_API_BASE=sandbox.url, STRIPE_SECRET_KEY=KEY, STRIPE_WEBHOOK_SECRET=SECRET):
            yield sandbox


def cases(sandbox: SandboxControl, *, repetitions: int, payments: int) -> list[Case]:
    return [*_intake(), *_settling(sandbox, repetitions + WARM_UPS), *_comparing(sandbox, payments)]


def _intake() -> list[Case]:
    """Both end with a commit; events differ, as a repeat of one costs less."""
    with override_settings(MIDDLEWARE=[]):
        bare_handler = WSGIHandler()
    handler = WSGIHandler()
    return [
        Case(STORE, "Bare Django view that stores a row", partial(_deliver, bare_handler, "/bare/store/"), STORE),
        Case("webhook", "Webhook taken in", partial(_deliver, handler, reverse("payments:webhook")), STORE),
    ]


def _deliver(handler: WSGIHandler, path: str) -> None:
    ref = uuid4().hex
    event = {
        "id": f"evt_{ref}",
        "object": "event",
        "type": "checkout.session.completed",
        "data": {"object": {"id": f"cs_test_{ref}", "object": "checkout.session"}},
    }
    body = json.dumps(event).encode()
    call(handler, path, "", body=body, HTTP_STRIPE_SIGNATURE=signature(body, SECRET))


def _settling(sandbox: SandboxControl, calls: int) -> list[Case]:
    """Each call settles another payment, which waits paid at the provider."""
    waiting = [_paid(sandbox) for _ in range(calls)]
    session_id = str(waiting[0].session_id)
    left = iter(waiting)

    def settle_next() -> None:
        if settle.settle_from_provider(next(left)).state != Payment.State.PAID:
            raise RuntimeError("the payment was not settled")

    return [
        Case(FETCH, "Paid checkout fetched, nothing else", partial(provider.fetch_session, session_id), FETCH),
        Case("settlement", "Payment settled, fetch included", settle_next, FETCH),
    ]


def _paid(sandbox: SandboxControl) -> Payment:
    msa_request = factories.executed(factories.complete_request())
    fee = msa_request.rounds.get().fees.get()
    payment = checkout.open_checkout(msa_request, by=factories.actor_of(msa_request), expected_cents=fee.amount_cents)
    sandbox.act(str(payment.session_id), "pay")
    return payment


def _comparing(sandbox: SandboxControl, payments: int) -> list[Case]:
    """Every call compares the day anew; the first one finds it clean, and so do all others."""
    day = reconciliation.today() - timedelta(days=40)
    many.paid_on(day, payments, ProviderBooks(sandbox))

    def list_all() -> None:
        listed = sum(1 for _movement in provider.movements(*reconciliation.bounds(day)))
        if listed != payments:
            raise RuntimeError(f"{listed} movements were listed, not {payments}")

    def compare() -> None:
        (row,) = reconciliation.run([day]).days
        if (row.state, row.movements) != ("clean", payments):
            raise RuntimeError(f"the day is {row.state}, with {row.movements} movements")

    return [
        _long(LISTING, f"A day's {payments} payments listed", list_all),
        _long("reconciliation", "The same day compared with our books", compare),
    ]


def _long(name: str, title: str, action: Callable[[], Any]) -> Case:
    return Case(name, title, action, against=LISTING, rounds=_ROUNDS_OF_A_DAY)
