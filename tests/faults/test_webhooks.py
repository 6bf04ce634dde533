"""Faults 1 to 5: events that come often, in the wrong order, forged, at the same time, or of other money."""

from __future__ import annotations

from typing import Any

import pytest

from msa_portal.notices.models import NoticeMessage
from payments.models import LedgerEntry, Payment, ProviderEvent, Refund
from requests_app.enums import Status
from requests_app.models import MSARequest
from tests import factories, jobs
from tests.faults.conftest import Site, signed_in
from tests.payments.conftest import FEE, state_of

pytestmark = [pytest.mark.django_db(transaction=True)]

COMPLETED = "checkout.session.completed"


def receipts() -> int:
    return NoticeMessage.objects.filter(kind="receipt").count()


def test_fault_01_ten_times_at_once_settles_once(payable: MSARequest, site: Site) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    assert site.deliver(COMPLETED, times=10, concurrent=True) == [200] * 10
    payable.refresh_from_db()
    assert (ProviderEvent.objects.count(), receipts(), state_of(payment)) == (1, 1, "paid")
    assert (payable.status, payable.events.filter(kind="fee_settled").count()) == (Status.REQUEST_SUBMITTED, 1)


def test_fault_01_one_event_is_looked_into_once(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    asked = jobs.kept(monkeypatch)
    site.deliver(COMPLETED, times=10)
    assert len(asked) == 1


def test_fault_02_refund_before_completion_converges(payable: MSARequest, site: Site) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    site.act(payment, "refund", amount=5000)
    assert site.deliver("charge.refunded", "refund.created", "payment_intent.succeeded", COMPLETED) == [200] * 4
    payment.refresh_from_db()
    payable.refresh_from_db()
    assert (payment.state, payment.refunded_cents, payable.status) == ("paid", 5000, "request_submitted")
    assert (receipts(), ProviderEvent.objects.filter(processed_at__isnull=True).count()) == (1, 0)


@pytest.mark.parametrize("how", ["bad_signature", "missing_signature", "stale", "future", "tampered"])
def test_fault_03_unsigned_or_untimely_writes_nothing(payable: MSARequest, site: Site, how: str) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    assert (site.forge(COMPLETED, how), ProviderEvent.objects.count(), state_of(payment)) == (400, 0, "open")


def test_fault_03_signed_event_that_we_do_not_heed_is_taken_and_not_kept(payable: MSARequest, site: Site) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay", card="4000000000000002")
    assert site.deliver("payment_intent.payment_failed") == [200]
    assert (ProviderEvent.objects.count(), state_of(payment)) == (0, "open")


def test_fault_03_signed_event_of_no_payment_is_taken_and_not_kept(payable: MSARequest, site: Site) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    site.act(payment, "refund", amount=100)
    assert (site.forge("refund.created", "altered", payment_intent=None), ProviderEvent.objects.count()) == (200, 0)
    assert state_of(payment) == "open"


@pytest.mark.parametrize("key", ["", "order 17", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"])
def test_fault_03_signed_event_of_somebody_elses_checkout_moves_nothing(
    payable: MSARequest, site: Site, key: str
) -> None:
    price = {"currency": "usd", "unit_amount": FEE, "product_data": {"name": "Something else"}}
    session = site.sandbox.client().v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": "http://127.0.0.1:1/",
            "metadata": {"payment": key},
        }  # type: ignore[arg-type]
    )
    site.sandbox.act(session.id, "pay")
    assert site.deliver(COMPLETED, "payment_intent.succeeded") == [200, 200]
    seen = ProviderEvent.objects.values_list("error", flat=True)
    assert (set(seen), Payment.objects.count()) == ({"no payment of ours"}, 0)
    assert not LedgerEntry.objects.filter(payment__isnull=False).exists()


def test_fault_04_webhook_and_return_page_settle_once(payable: MSARequest, site: Site) -> None:
    payment = site.opened(payable)
    back = "/" + site.act(payment, "pay")["success_url"].split("/", 3)[3]
    payer = signed_in(factories.actor_of(payable))
    assert (payer.get(back).status_code, site.deliver(COMPLETED), payer.get(back).status_code) == (200, [200], 200)
    assert (state_of(payment), receipts(), Refund.objects.count()) == ("paid", 1, 0)


@pytest.mark.parametrize(
    ("change", "reason", "proposed"),
    [
        ({"amount_total": 100}, "amount", 1),
        ({"currency": "cad"}, "currency", 0),
        ({"livemode": True}, "livemode", 0),
        ({"client_reference_id": "MSA-2026-999999"}, "reference", 1),
        ({"metadata": {"payment": "another"}}, "reference", 1),
    ],
)
def test_fault_05_money_that_is_not_as_asked_is_held(
    payable: MSARequest, site: Site, change: dict[str, Any], reason: str, proposed: int
) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    site.sandbox.call(f"objects/{payment.session_id}", **change)
    assert site.deliver(COMPLETED) == [200]
    payable.refresh_from_db()
    payment.refresh_from_db()
    assert (payable.status, payment.state, payment.held_reason) == (Status.UNSUBMITTED, "held", reason)
    assert Refund.objects.filter(state="proposed").count() == proposed
    assert NoticeMessage.objects.filter(kind__in=["payment_held", "payment_held_staff"]).exists()


def test_fault_05_event_that_says_another_amount_is_a_trigger_only(payable: MSARequest, site: Site) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    assert site.forge(COMPLETED, "altered", amount_total=1, currency="cad") == 200
    payment.refresh_from_db()
    assert (payment.state, payment.received_cents) == ("paid", FEE)
