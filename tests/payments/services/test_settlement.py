"""What the provider says becomes what we know (faults 1 to 6, 12; D15)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from msa_portal.notices.models import NoticeMessage
from payments import provider
from payments.models import Payment, ProviderEvent, Refund
from payments.provider.client import client as stripe_client
from payments.provider.events import read_object
from payments.services import checkout, events, settle
from requests_app.enums import Status, WithdrawalReason
from requests_app.lifecycle import drafts, transitions
from requests_app.models import MSARequest
from requests_app.signing import authority
from tests import factories, jobs
from tests.payments.conftest import opened, state_of
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


def receipts() -> int:
    return NoticeMessage.objects.filter(kind="receipt").count()


def pay(sandbox: SandboxControl, payment: Payment, **options: Any) -> None:
    sandbox.act(str(payment.session_id), "pay", **options)


def test_paid_checkout_submits_with_one_receipt_however_often_asked(
    payable: MSARequest, provider_sandbox: SandboxControl
) -> None:
    payment = opened(payable)
    pay(provider_sandbox, payment)
    for _ in range(3):
        settle.settle_from_provider(payment)
    payable.refresh_from_db()
    payment.refresh_from_db()
    assert (payable.status, payment.state, receipts()) == (Status.REQUEST_SUBMITTED, "paid", 1)
    assert payable.events.filter(kind="fee_settled").count() == 1
    assert payment.allocations.get().receipt is not None
    with payment.allocations.get().receipt.file.open("rb") as file:
        assert file.read(5) == b"%PDF-"


def test_unpaid_checkout_settles_nothing(payable: MSARequest) -> None:
    payment = opened(payable)
    settle.settle_from_provider(payment)
    payable.refresh_from_db()
    assert (payable.status, state_of(payment)) == (Status.UNSUBMITTED, "open")


def test_money_for_a_withdrawn_request_is_held(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = opened(payable)
    pay(provider_sandbox, payment, bank=True)
    settle.settle_from_provider(payment)
    assert state_of(payment) == "pending"
    transitions.withdraw(payable, by=factories.actor_of(payable), reason=WithdrawalReason.CHANGED_PLANS)
    provider_sandbox.act(str(payment.session_id), "settle")
    settle.settle_from_provider(payment)
    refund = Refund.objects.get()
    assert (state_of(payment), payment.held_reason, refund.reason, refund.state) == (
        "held",
        "cannot_submit",
        "cannot_submit",
        "proposed",
    )


def test_money_after_the_agent_was_revoked_is_held(schedule: Any, provider_sandbox: SandboxControl) -> None:
    company = factories.CompanyFactory()
    msa_request = factories.executed(factories.complete_request(company=company))
    owner = factories.UserFactory()
    drafts.claim(msa_request, by=owner)
    payment = opened(msa_request)
    pay(provider_sandbox, payment)
    authority.take_over(msa_request, by=owner)
    settle.settle_from_provider(payment)
    msa_request.refresh_from_db()
    assert (state_of(payment), payment.held_reason, msa_request.status) == (
        "held",
        "cannot_submit",
        Status.UNSUBMITTED,
    )


def test_bank_debit_is_pending_then_submits(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = opened(payable)
    pay(provider_sandbox, payment, bank=True)
    settle.settle_from_provider(payment)
    payable.refresh_from_db()
    assert (state_of(payment), payable.status, payable.frozen_until is not None) == ("pending", "unsubmitted", True)
    provider_sandbox.act(str(payment.session_id), "settle")
    settle.settle_from_provider(payment)
    payable.refresh_from_db()
    assert (state_of(payment), payable.status) == ("paid", "request_submitted")


def test_event_waits_for_the_sweeper_where_the_broker_is_down(
    payable: MSARequest, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = opened(payable)
    pay(provider_sandbox, payment)
    jobs.kept(monkeypatch)
    event = stripe_client().v1.events.list({"type": "checkout.session.completed"}).data[0].to_dict()
    events.record(read_object(event))
    monkeypatch.setattr(events, "SWEEP_AFTER", -events.SWEEP_AFTER)
    assert state_of(payment) == "open"
    for row in events.waiting():
        events.process(row)
    assert (state_of(payment), events.waiting().count()) == ("paid", 0)


def test_checkout_we_never_heard_of_is_adopted_by_its_key(
    payable: MSARequest, provider_sandbox: SandboxControl
) -> None:
    payment = opened(payable)
    session = str(payment.session_id)
    Payment.objects.filter(pk=payment.pk).update(session_id=None, state="created")
    pay(provider_sandbox, payment)
    events.record(provider.Event("evt_1", "checkout.session.completed", session))
    assert state_of(payment) == "paid"


def test_nothing_of_the_payer_stands_in_an_event(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = opened(payable)
    pay(provider_sandbox, payment)
    event = stripe_client().v1.events.list({"type": "checkout.session.completed"}).data[0].to_dict()
    events.record(read_object(event))
    assert factories.actor_of(payable).email not in json.dumps(list(ProviderEvent.objects.values()), default=str)


def test_canceling_what_was_paid_meanwhile_counts_the_payment(
    payable: MSARequest, provider_sandbox: SandboxControl
) -> None:
    payment = opened(payable)
    pay(provider_sandbox, payment)
    ended = checkout.cancel_checkout(payable, by=factories.actor_of(payable))
    assert ended.state == "paid"


def test_return_page_of_a_stranger_is_not_there(payable: MSARequest) -> None:
    payment = opened(payable)
    client = Client()
    client.force_login(factories.UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/requests/{payable.reference}/fee/returned/?session={payment.session_id}")
    assert page.status_code == 404
