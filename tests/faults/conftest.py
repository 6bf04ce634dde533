"""Faults 1 to 14 against the running sandbox: its webhooks come over HTTP, people use pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from msa_portal.accounts.models import User
from payments.models import Payment
from payments.provider import client as provider_client
from requests_app.models import MSARequest
from tests import factories
from tests.payments.conftest import FEE, at_once, payable, provider_sandbox, sandbox_process, schedule
from tests.payments.sandbox.harness import SandboxControl

__all__ = ["at_once", "payable", "provider_sandbox", "sandbox_process", "schedule"]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


class Site:
    """The portal as its payers and the provider reach it."""

    def __init__(self, sandbox: SandboxControl, address: str) -> None:
        self.sandbox = sandbox
        sandbox.webhooks(url=f"{address}/webhooks/stripe/", mode="hold")  # they go when a test says

    def post_pay(self, msa_request: MSARequest, cents: int = FEE) -> Any:
        """The button on the fee page."""
        payer = signed_in(factories.actor_of(msa_request))
        return payer.post(f"/requests/{msa_request.reference}/fee/pay/", {"expected_cents": cents})

    def opened(self, msa_request: MSARequest) -> Payment:
        """A checkout opened by the button: the answer leads to the provider's page."""
        answer = self.post_pay(msa_request)
        assert answer.status_code == 303, answer.content.decode()
        return Payment.objects.get(session_url=answer["Location"])

    def act(self, payment: Payment, name: str, **options: Any) -> dict[str, Any]:
        return self.sandbox.act(str(payment.session_id), name, **options)

    def event(self, kind: str) -> str:
        """The newest event of that type, by its id."""
        events = self.sandbox.client().v1.events.list({"type": kind}).data
        assert events, f"the provider has no event {kind}"
        return str(events[0].id)

    def deliver(self, *kinds: str, times: int = 1, **options: Any) -> list[int]:
        """The newest event of each type goes out; the portal's answers."""
        sent = [self.sandbox.call(f"events/{self.event(kind)}/resend", times=times, **options) for kind in kinds]
        return [attempt["status"] for event in sent for attempt in event["attempts"]]

    def forge(self, kind: str, how: str, **changes: Any) -> int:
        options = {"changes": changes} if changes else {}
        return int(self.sandbox.call(f"events/{self.event(kind)}/forge", kind=how, **options)["status"])

    def paid(self, msa_request: MSARequest, **options: Any) -> Payment:
        payment = self.opened(msa_request)
        self.act(payment, "pay", **options)
        assert self.deliver("checkout.session.completed") == [200]
        payment.refresh_from_db()
        return payment

    def refunds(self, payment: Payment) -> list[tuple[int, str]]:
        """The provider's refunds of that payment, the first one first."""
        refunds = self.sandbox.client().v1.refunds.list({"payment_intent": str(payment.intent_id)}).data
        return [(refund.amount, str(refund.status)) for refund in reversed(refunds)]


@pytest.fixture
def site(provider_sandbox: SandboxControl, live_server: Any, at_once: None) -> Site:
    return Site(provider_sandbox, live_server.url)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client waits a moment and repeats nothing by itself."""
    with monkeypatch.context() as patch:
        patch.setattr(provider_client, "ANSWER_SECONDS", 0.5)
        patch.setattr(provider_client, "RETRIES", 0)
        provider_client._client_for.cache_clear()
        yield
    provider_client._client_for.cache_clear()
