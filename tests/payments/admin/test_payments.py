"""Money on the staff desk: who sees which step, and that a GET does nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from msa_portal.accounts.models import User
from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from payments.models import Fee, Payment, Refund
from payments.services import refunds, settle
from requests_app.models import MSARequest
from tests import factories
from tests.payments.conftest import FEE, opened, state_of
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl) -> Payment:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    return settle.settle_from_provider(payment)


def test_two_supervisors_waive_with_a_reason(payable: MSARequest) -> None:
    fee = Fee.objects.get()
    client = signed_in(factories.supervisor())
    address = f"/admin/payments/fee/{fee.pk}/waive/"
    assert address in client.get(f"/admin/payments/fee/{fee.pk}/change/").content.decode()
    assert (client.get(address).status_code, state_of(fee)) == (200, "open")
    assert (client.post(address, {"reason": ""}).status_code, state_of(fee)) == (200, "open")
    assert (client.post(address, {"reason": "Storm"}).status_code, state_of(fee)) == (302, "open")
    approvals.approve(Proposal.objects.get(), by=factories.supervisor())
    assert state_of(fee) == "waived"


def test_program_staff_find_no_waiver(payable: MSARequest) -> None:
    fee = Fee.objects.get()
    client = signed_in(factories.staff())
    assert "/waive/" not in client.get(f"/admin/payments/fee/{fee.pk}/change/").content.decode()
    assert client.post(f"/admin/payments/fee/{fee.pk}/waive/", {"reason": "Storm"}).status_code == 404
    assert state_of(fee) == "open"


def test_staff_propose_and_a_supervisor_approves(paid: Payment) -> None:
    staff, supervisor = signed_in(factories.staff()), signed_in(factories.supervisor())
    staff.post(f"/admin/payments/payment/{paid.pk}/propose/", {"amount": "10.05", "note": "Sorry"})
    refund = Refund.objects.get()
    address = f"/admin/payments/refund/{refund.pk}/approve/"
    assert staff.post(address, {"expected_cents": FEE, "amount_cents": 1005}).status_code == 404
    assert (supervisor.get(address).status_code, state_of(refund)) == (200, "proposed")
    assert supervisor.post(address, {"expected_cents": FEE, "amount_cents": 1005}).status_code == 302
    assert (state_of(refund), refund.amount_cents) == ("succeeded", 1005)
    again = supervisor.post(address, {"expected_cents": FEE, "amount_cents": 1005})
    assert "already" in again.content.decode()


def test_supervisor_declines(paid: Payment) -> None:
    refund = refunds.propose_by_staff(paid, by=factories.staff(), amount_cents=1000, note="Sorry")
    signed_in(factories.supervisor()).post(f"/admin/payments/refund/{refund.pk}/decline/", {"note": "No cause"})
    assert (state_of(refund), refund.note) == ("declined", "No cause")


def test_staff_ask_the_provider(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    client = signed_in(factories.staff())
    assert (client.get(f"/admin/payments/payment/{payment.pk}/ask/").status_code, state_of(payment)) == (200, "open")
    assert client.post(f"/admin/payments/payment/{payment.pk}/ask/").status_code == 302
    assert state_of(payment) == "paid"


@pytest.mark.parametrize("model", ["fee", "payment", "refund"])
def test_customer_finds_no_desk(paid: Payment, model: str) -> None:
    answer = signed_in(factories.UserFactory()).get(f"/admin/payments/{model}/")
    assert answer.status_code in {302, 404}


@pytest.mark.parametrize("model", ["fee", "payment", "refund"])
def test_lists_are_shown(paid: Payment, model: str) -> None:
    assert signed_in(factories.supervisor()).get(f"/admin/payments/{model}/").status_code == 200
