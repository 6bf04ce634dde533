"""How much a supervisor gives up alone: counted per payment, over refunds and waivers, of whoever (D23)."""

from __future__ import annotations

from typing import Any

import pytest

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import services as approvals
from msa_portal.errors import Refused
from payments.models import Fee, Payment, Refund
from payments.services import limits, refunds, waivers
from requests_app.models import MSARequest, ProgramSettings
from tests import factories
from tests.payments import bookings

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue() -> User:
    return factories.supervisor()


@pytest.fixture
def sol() -> User:
    return factories.UserFactory(name="Sol", roles=[Role.SUPERVISOR])


@pytest.fixture
def payment() -> Payment:
    """One payment for the fees of two visits, $279.22 each."""
    payer = factories.UserFactory()
    return bookings.paid(payer, bookings.fees_of(bookings.request_of(None, payer), count=2))


def proposed(payment: Payment, cents: int, by: User, *, place: int = 0) -> Refund:
    fee = payment.fees.order_by("pk")[place]
    return refunds.propose_by_staff(payment, by=by, amount_cents=cents, note="Sorry", fee_id=fee.pk)


def approve(refund: Refund, by: User) -> None:
    refunds.approve(refund, by=by, expected_cents=refunds.part_of(refund).remaining_cents)


def code_of(act: Any) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def test_small_refund_is_approved_alone(payment, sue):
    approve(proposed(payment, 5000, sue), sue)
    assert Refund.objects.get().decided_by == sue


def test_limit_counts_what_the_same_supervisor_gave_back_before(payment, sue, sol):
    approve(proposed(payment, 3000, sue), sue)
    second = proposed(payment, 3000, sue)
    assert code_of(lambda: approve(second, sue)) == "own_proposal"
    approve(second, sol)


def test_limit_counts_what_waits_for_other_fees_of_the_payment(payment, sue):
    first, second = proposed(payment, 3000, sue), proposed(payment, 3000, sue, place=1)
    assert [code_of(lambda refund=refund: approve(refund, sue)) for refund in (first, second)] == ["own_proposal"] * 2


def test_limit_counts_what_several_supervisors_gave_back(payment, sue, sol):
    approve(proposed(payment, 4000, sue), sue)
    second = proposed(payment, 4000, sol, place=1)
    assert code_of(lambda: approve(second, sol)) == "own_proposal"


def test_what_was_declined_counts_no_more(payment, sue, sol):
    refunds.decline(proposed(payment, 4000, sue), by=sol, note="No")
    approve(proposed(payment, 4000, sue), sue)
    assert limits.given_up_of(payment) == 4000


def test_limit_counts_a_waiver_that_waits_or_was_approved(payment, sue, sol):
    fee = payment.fees.order_by("pk").last()
    payment.allocations.filter(fee=fee).update(state="duplicate")
    proposal = waivers.waive(fee, by=sol, reason="Storm")
    assert proposal is not None
    assert limits.given_up_of(payment) == fee.amount_cents
    refund = proposed(payment, 1000, sue)
    assert code_of(lambda: approve(refund, sue)) == "own_proposal"


# --- Waivers ---------------------------------------------------------------------------------------


@pytest.fixture
def fee() -> Fee:
    factories.executed(factories.complete_request())
    return Fee.objects.get()


def test_waiver_above_the_limit_takes_a_second_supervisor(fee, sue, sol):
    proposal = waivers.waive(fee, by=sue, reason="Storm")
    assert fee.state == Fee.State.OPEN
    assert code_of(lambda: approvals.approve(proposal, by=sue)) == "own_proposal"
    approvals.approve(proposal, by=sol)
    fee.refresh_from_db()
    assert (fee.state, fee.waived_by, fee.waiver_reason) == ("waived", sol, "Storm")
    assert MSARequest.objects.get().status == "request_submitted"
    assert (proposal.proposed_by, proposal.decided_by) == (sue, sol)


def test_waiver_within_the_limit_takes_one(fee, sue):
    ProgramSettings.current()
    ProgramSettings.objects.update(refund_alone_up_to_cents=fee.amount_cents)
    assert waivers.waive(fee, by=sue, reason="Storm") is None
    assert fee.state == Fee.State.WAIVED


def test_waiver_that_waits_does_not_outlive_the_payment(fee, sue, sol):
    proposal = waivers.waive(fee, by=sue, reason="Storm")
    assert code_of(lambda: waivers.waive(fee, by=sol, reason="Again")) == "already_proposed"
    Fee.objects.update(state="settled", settled_at=proposal.created_at)
    assert code_of(lambda: approvals.approve(proposal, by=sol)) == "fee_not_open"


def test_desk_says_that_another_supervisor_decides(client, fee, sue):
    client.force_login(sue, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/admin/payments/fee/{fee.pk}/waive/"
    assert "another supervisor approves" in client.get(url).text
    answer = client.post(url, {"reason": "Storm"}, follow=True)
    assert "Another supervisor approves it" in answer.text
    fee.refresh_from_db()
    assert fee.state == Fee.State.OPEN
