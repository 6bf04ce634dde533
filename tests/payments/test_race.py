"""Webhook and return page at the same moment (fault 4), with and without the lock.

Both have asked the provider before either writes. Without the lock both see an unsettled payment,
and the later one takes the money for a duplicate: so the test is known to be able to fail.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from msa_portal.notices.models import NoticeMessage
from payments import provider
from payments.models import Payment, Refund
from payments.services import settle
from requests_app.models import MSARequest
from tests.payments.conftest import opened, state_of
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_once", "provider_sandbox"),
]


def settle_twice_at_once(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    both, fetch = threading.Barrier(2, timeout=10), provider.fetch_session
    failures: list[BaseException] = []

    def fetch_together(session_id: str) -> provider.Session:
        seen = fetch(session_id)
        both.wait()
        return seen

    def run() -> None:
        try:
            settle.settle_from_provider(Payment.objects.get(pk=payment.pk))
        except BaseException as error:  # noqa: BLE001  (told by the test's own thread)
            failures.append(error)
        finally:
            connection.close()

    monkeypatch.setattr(provider, "fetch_session", fetch_together)
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []


def test_webhook_and_return_page_at_once_settle_once(
    payable: MSARequest, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    settle_twice_at_once(payment, monkeypatch)
    assert (state_of(payment), Refund.objects.count()) == ("paid", 0)
    assert NoticeMessage.objects.filter(kind="receipt").count() == 1
    assert payable.events.filter(kind="fee_settled").count() == 1


def test_without_the_lock_the_race_is_lost(
    payable: MSARequest, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    read = threading.Barrier(2, timeout=10)

    def read_without_lock(row: Any) -> Any:
        fresh = type(row)._default_manager.get(pk=row.pk)
        if isinstance(row, Payment):
            read.wait()
        return fresh

    monkeypatch.setattr(settle, "lock", read_without_lock)
    settle_twice_at_once(payment, monkeypatch)
    assert (state_of(payment), Refund.objects.count()) == ("duplicate", 1)
