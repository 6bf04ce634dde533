"""Payments against the real sandbox process, over HTTP; tasks run at once unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from msa_portal.celery import app
from payments.models import Allocation, FeeSchedule, Payment
from payments.services import checkout, settle
from requests_app.models import MSARequest
from tests import factories, schedules
from tests.jobs import run_at_once
from tests.payments.books.isolation import Portal
from tests.payments.books.world import Network, World, make_quick
from tests.payments.sandbox.harness import SECRET, SandboxControl, running

FEE = 27922


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxControl]:
    with running(tmp_path_factory.mktemp("provider") / "store.sqlite3", "") as control:
        yield control


@pytest.fixture
def provider_sandbox(sandbox_process: SandboxControl, settings: Any) -> SandboxControl:
    """The provider, emptied; the portal's settings point at it."""
    sandbox_process.reset()
    sandbox_process.webhooks(url="", mode="hold")  # events go where and when a test says
    settings.STRIPE_API_BASE = sandbox_process.url
    settings.STRIPE_SECRET_KEY = "sk_test_sandbox"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    return sandbox_process


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would go to a worker after the commit runs in its place."""
    run_at_once(monkeypatch)


@pytest.fixture
def schedule(db: None) -> FeeSchedule:
    schedules.delete(besides="install")
    schedules.change({"request_type": "install"}, amount_cents=FEE)
    return FeeSchedule.objects.get(effective_from=date(2025, 6, 12))


@pytest.fixture
def payable(schedule: FeeSchedule) -> MSARequest:
    """Form and agreement complete, the fee raised."""
    return factories.executed(factories.complete_request())


@pytest.fixture
def world(schedule: FeeSchedule, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Requests with fees due, and everybody who may do something about them; tasks wait in its queue."""
    company = factories.CompanyFactory()
    agent = factories.member_of(company)
    ready = [factories.executed(factories.complete_request(company=company)) for _ in range(3)]
    assert {msa_request.agent for msa_request in ready} == {agent}
    staff = [factories.supervisor(), factories.supervisor()]
    make_quick(monkeypatch)
    portal = Portal()
    made = World(provider_sandbox.url, portal, Network(monkeypatch), ready, staff)
    monkeypatch.setattr(app, "send_task", made.ask)
    yield made
    portal.close()


def opened(msa_request: MSARequest) -> Payment:
    """A checkout that the owner opened."""
    return checkout.open_checkout(msa_request, by=factories.actor_of(msa_request), expected_cents=FEE)


def request_of(payment: Payment) -> MSARequest:
    """The one request of a payment for a single fee."""
    (msa_request,) = settle.requests_of(payment)
    return msa_request


def part_of(payment: Payment) -> Allocation:
    """The one part of a payment for a single fee, read anew."""
    return payment.allocations.select_related("payment", "fee__round__msa_request").get()


def state_of(row: Any) -> str:
    row.refresh_from_db()
    return str(row.state)
