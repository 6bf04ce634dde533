"""One payment for two requests: each shows and gives back its own part."""

from __future__ import annotations

from typing import Any

import pytest

from payments.models import Payment, Refund
from payments.services import checkout, refunds
from tests import factories
from tests.payments.conftest import FEE
from tests.payments.sandbox.harness import SandboxControl
from tests.payments.steps import act, approve, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


@pytest.fixture
def both_paid(schedule: Any, provider_sandbox: SandboxControl) -> Payment:
    """By one of the company's people, for two of its customers."""
    company = factories.CompanyFactory()
    agent = factories.member_of(company)
    both = [factories.executed(factories.complete_request(company=company)) for _each in range(2)]
    payment = checkout.open_joint_checkout(both, by=agent, expected_cents=2 * FEE)
    act(payment, provider_sandbox, "pay")
    return payment


def test_part_of_a_payment_for_several_shows_its_own_amounts_alone(both_paid: Payment) -> None:
    first, second = both_paid.allocations.order_by("pk")
    refund = refunds.propose_by_staff(
        both_paid, by=factories.staff(), amount_cents=1234, note="Sorry", fee_id=second.fee_id
    )
    approve(refund)
    assert both_paid.payer is not None
    client = signed_in(both_paid.payer)
    references = [part.fee.round.msa_request.reference for part in (first, second)]
    pages = [client.get(f"/requests/{reference}/money/").content.decode() for reference in references]
    panels = [client.get(f"/requests/{reference}/").content.decode() for reference in references]
    assert [page.count("$279.22 received") for page in pages] == [1, 1]
    assert "part of one payment for several requests" in pages[0]
    assert ["$12.34" in page for page in (*pages, *panels)] == [False, True, False, True]
    assert ["$558.44" in page for page in (*pages, *panels)] == [False] * 4


def test_refund_of_a_payment_for_several_names_its_fee(both_paid: Payment) -> None:
    supervisor = signed_in(factories.supervisor())
    step = f"/admin/payments/payment/{both_paid.pk}/propose/"
    chosen = both_paid.allocations.last()
    assert chosen is not None
    assert supervisor.post(step, {"amount": "10.00", "note": "Sorry"}).status_code == 200
    assert Refund.objects.count() == 0
    supervisor.post(step, {"amount": "10.00", "note": "Sorry", "fee": chosen.fee_id})
    refund = Refund.objects.get()
    assert (refund.fee_id, refund.amount_cents) == (chosen.fee_id, 1000)
    parts = supervisor.get(f"/admin/payments/payment/{both_paid.pk}/change/").content.decode()
    assert [part.fee.round.msa_request.reference in parts for part in both_paid.allocations.all()] == [True, True]
