"""How much a supervisor gives up alone: counted per payment, over refunds and waivers, by anyone (D23)."""

from __future__ import annotations

from typing import Any

import pytest

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
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


# --- Refunds that no rule owes ---------------------------------------------------------------------


@pytest.fixture
def asked(payment: Payment) -> Refund:
    """The payer asks for a whole fee back."""
    part = payment.allocations.order_by("pk").first()
    assert part
    assert part.payment.payer
    return refunds.ask_for(part, by=part.payment.payer, note="I moved")


def state_of(refund: Refund) -> str:
    return Refund.objects.get(pk=refund.pk).state


def test_refund_that_a_customer_asks_for_above_the_limit_takes_two_supervisors(asked, sue, sol):
    approve(asked, sue)
    assert state_of(asked) == "proposed"
    assert code_of(lambda: approve(asked, sue)) == "own_proposal"
    assert state_of(asked) == "proposed"
    approve(asked, sol)
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("approved", sol)
    proposal = Proposal.objects.get()
    assert (proposal.proposed_by, proposal.decided_by, proposal.state) == (sue, sol, "approved")


def test_second_supervisor_may_decide_on_the_page_of_approvals(asked, sue, sol):
    approve(asked, sue)
    proposal = Proposal.objects.get()
    assert code_of(lambda: approvals.approve(proposal, by=sue)) == "own_proposal"
    approvals.approve(proposal, by=sol)
    assert state_of(asked) == "approved"


@pytest.mark.parametrize(("roles", "state"), [([Role.PROGRAM_STAFF], "proposed"), ([Role.SUPERVISOR], "approved")])
def test_goodwill_above_the_limit_counts_its_proposer_where_that_is_a_supervisor(payment, sue, roles, state):
    refund = proposed(payment, 6000, factories.UserFactory(roles=roles))
    approve(refund, sue)
    assert state_of(refund) == state


def test_refund_that_a_customer_asks_for_within_the_limit_takes_one(asked, sue):
    ProgramSettings.current()
    ProgramSettings.objects.update(refund_alone_up_to_cents=asked.amount_cents)
    approve(asked, sue)
    assert state_of(asked) == "approved"


@pytest.mark.parametrize("reason", ["withdrawn_before_visit", "utility_responsible", "duplicate", "cannot_submit"])
def test_one_supervisor_releases_what_a_rule_owes(asked, sue, reason):
    Refund.objects.update(reason=reason)
    asked.refresh_from_db()
    approve(asked, sue)
    assert state_of(asked) == "approved"


def test_supervisor_who_asked_for_their_own_money_is_neither_of_the_two(payment, sue, sol):
    Payment.objects.update(payer=sue)
    part = payment.allocations.select_related("payment").order_by("pk").first()
    refund = refunds.ask_for(part, by=sue, note="I moved")
    assert code_of(lambda: approve(refund, sue)) == "own_proposal"
    approve(refund, sol)
    assert code_of(lambda: approvals.approve(Proposal.objects.get(), by=sue)) == "own_benefit"
    assert code_of(lambda: approve(refund, sue)) == "own_proposal"


def test_first_approval_does_not_hold_for_another_amount(asked, sue, sol):
    approve(asked, sue)
    Refund.objects.update(amount_cents=20000)
    asked.refresh_from_db()
    assert code_of(lambda: approvals.approve(Proposal.objects.get(), by=sol)) == "stale"
    approve(asked, sol)
    assert state_of(asked) == "proposed"
    assert [(row.state, row.proposed_by) for row in Proposal.objects.order_by("pk")] == [
        ("declined", sue),
        ("proposed", sol),
    ]
    approve(asked, sue)
    assert state_of(asked) == "approved"


def test_first_approval_ends_when_the_refund_is_declined(asked, sue, sol):
    approve(asked, sue)
    refunds.decline(asked, by=sol, note="No")
    assert (state_of(asked), Proposal.objects.get().state) == ("declined", "declined")


def test_desk_tells_the_first_supervisor_that_a_second_one_approves(client, asked, sue, sol):
    url = f"/admin/payments/refund/{asked.pk}/approve/"
    for person, said in ((sue, "No money has gone yet: a second supervisor"), (sol, "The money is being sent.")):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        assert "Two supervisors, since no rule owes this money" in client.get(url).text
        seen = {"expected_cents": bookings.FEE, "amount_cents": asked.amount_cents}
        answer = client.post(url, seen, follow=True)
        assert said in answer.text
        if person == sue:
            page = client.get(url).text
            assert "You approved this refund already." in page
            assert "Approved first by" in page
    assert state_of(asked) == "approved"


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
