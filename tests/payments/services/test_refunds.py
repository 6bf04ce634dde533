"""What comes back, who lets it go, and that never more goes than came (D4; faults 7, 8, 12)."""

from __future__ import annotations

import pytest

from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from payments.models import Fee, Payment, Refund
from payments.provider.client import client as stripe_client
from payments.provider.returns import refunds_of
from payments.refund_rules import PaidVisit, refund_owed
from payments.services import refund_sending, refunds, settle, withdrawal
from requests_app.enums import WithdrawalReason
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest
from tests import factories, jobs
from tests.payments.conftest import FEE, opened, request_of, state_of
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]

UTILITY, CUSTOMER = frozenset({"utility"}), frozenset({"customer"})


@pytest.mark.parametrize(
    ("visit", "cents", "reason"),
    [
        (PaidVisit(1, FEE, took_place=False), FEE, "withdrawn_before_visit"),
        (PaidVisit(2, FEE, took_place=False), FEE, "no_second_visit"),
        (PaidVisit(1, FEE, took_place=True, responsible=CUSTOMER), 0, None),
        (PaidVisit(1, FEE, took_place=True, responsible=CUSTOMER | UTILITY), 0, None),
        (PaidVisit(1, FEE, took_place=True, responsible=UTILITY), FEE, "utility_responsible"),
        (PaidVisit(1, FEE, took_place=True, succeeded=True), 0, None),
        (PaidVisit(1, FEE, took_place=True), 0, None),
    ],
)
def test_refund_owed(visit: PaidVisit, cents: int, reason: str | None) -> None:
    (decision,) = refund_owed([visit])
    assert (decision.refund_cents, decision.reason) == (cents, reason)


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl) -> Payment:
    return pay(payable, provider_sandbox)


def pay(msa_request: MSARequest, sandbox: SandboxControl, card: str = "4242424242424242") -> Payment:
    payment = opened(msa_request)
    sandbox.act(str(payment.session_id), "pay", card=card)
    return settle.settle_from_provider(payment)


def withdraw(payment: Payment) -> Refund:
    """The owner withdraws; the refund that D4 proposes."""
    msa_request = factories.refreshed(request_of(payment))
    transitions.withdraw(msa_request, by=factories.actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)
    return Refund.objects.get(payment=payment)


def test_withdrawn_before_the_visit_is_refunded_in_full(paid: Payment) -> None:
    assert [decision.refund_cents for decision in withdrawal.preview_refund(request_of(paid))] == [FEE]
    refund = withdraw(paid)
    assert (refund.state, refund.amount_cents, refund.reason) == ("proposed", FEE, "withdrawn_before_visit")
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    paid.refresh_from_db()
    assert (state_of(refund), paid.refunded_cents) == ("succeeded", FEE)
    assert stripe_client().v1.charges.list({"payment_intent": paid.intent_id}).data[0].amount_refunded == FEE
    assert NoticeMessage.objects.filter(kind="refund_paid").count() == 1


def test_visit_that_failed_on_the_customers_side_costs_its_fee(paid: Payment) -> None:
    msa_request = factories.failed(factories.ordered(factories.valid(factories.refreshed(request_of(paid)))))
    transitions.withdraw(msa_request, by=factories.actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)
    assert not Refund.objects.exists()


def test_visit_that_failed_on_the_utilitys_side_is_refunded(paid: Payment) -> None:
    msa_request = factories.ordered(factories.valid(factories.refreshed(request_of(paid))))
    factories.failed(msa_request, reasons=[factories.utility_reason()])
    assert withdraw(paid).reason == "utility_responsible"


def test_second_fee_without_a_second_visit_is_refunded(paid: Payment, provider_sandbox: SandboxControl) -> None:
    msa_request = factories.failed(factories.ordered(factories.valid(factories.refreshed(request_of(paid)))))
    follow_ups.save_reschedule(
        msa_request, by=factories.actor_of(msa_request), statements={"package_missing": "It is there now."}
    )
    second = pay(factories.refreshed(msa_request), provider_sandbox)
    msa_request = factories.refreshed(msa_request)
    assert (msa_request.status, second.state) == ("reschedule_requested", "paid")
    assert withdraw(second).reason == "no_second_visit"
    assert Refund.objects.count() == 1


def test_follow_up_taken_back_cancels_its_fee(paid: Payment) -> None:
    msa_request = factories.failed(factories.ordered(factories.valid(factories.refreshed(request_of(paid)))))
    follow_ups.save_reschedule(
        msa_request, by=factories.actor_of(msa_request), statements={"package_missing": "It is there now."}
    )
    fee = Fee.objects.get(round__number=2)
    assert fee.state == "open"
    follow_ups.cancel(factories.refreshed(msa_request), by=factories.actor_of(msa_request))
    assert state_of(fee) == "canceled"


def test_part_is_not_approved_a_second_time(paid: Payment) -> None:
    refund = refunds.propose_by_staff(paid, by=factories.staff(), amount_cents=1000, note="Sorry")
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    with pytest.raises(Stale):
        refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE - 1000)
    paid.refresh_from_db()
    assert paid.refunded_cents == 1000


def test_who_proposed_does_not_approve(paid: Payment) -> None:
    supervisor = factories.supervisor()
    refund = refunds.propose_by_staff(paid, by=supervisor, amount_cents=5001, note="Sorry")
    with pytest.raises(Refused) as refusal:
        refunds.approve(refund, by=supervisor, expected_cents=FEE)
    assert (refusal.value.code, state_of(refund)) == ("own_proposal", "proposed")


def test_up_to_the_limit_who_proposed_approves(paid: Payment) -> None:
    supervisor = factories.supervisor()
    refund = refunds.propose_by_staff(paid, by=supervisor, amount_cents=5000, note="Sorry")
    refunds.approve(refund, by=supervisor, expected_cents=FEE)
    assert state_of(refund) == "succeeded"


def test_program_staff_do_not_approve(paid: Payment) -> None:
    refund = withdraw(paid)
    with pytest.raises(Refused) as refusal:
        refunds.approve(refund, by=factories.staff(), expected_cents=FEE)
    assert refusal.value.code == "not_allowed"


def test_promise_gives_way_to_a_refund_made_in_the_dashboard(
    paid: Payment, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = withdraw(paid)
    jobs.kept(monkeypatch)
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    provider_sandbox.act(str(paid.session_id), "refund", amount=20000)
    settle.settle_from_provider(paid)
    assert state_of(refund) == "failed"
    refund_sending.send(Refund.objects.get(pk=refund.pk))
    paid.refresh_from_db()
    again = Refund.objects.get(state="proposed")
    assert (state_of(refund), paid.refunded_cents) == ("failed", 20000)
    assert (again.amount_cents, again.reason) == (FEE - 20000, "withdrawn_before_visit")
    assert sum(row.amount_cents for row in refunds_of(str(paid.intent_id))) == 20000


def test_dashboard_refund_that_nobody_has_seen_yet_is_taken_in_before_ours_is_sent(
    paid: Payment, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = withdraw(paid)
    jobs.kept(monkeypatch)
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    provider_sandbox.act(str(paid.session_id), "refund", amount=20000)
    refund_sending.send(Refund.objects.get(pk=refund.pk))
    paid.refresh_from_db()
    again = Refund.objects.get(state="proposed")
    assert (state_of(refund), paid.refunded_cents, again.amount_cents) == ("failed", 20000, FEE - 20000)


def test_provider_refusal_releases_the_figure_and_tells_staff(paid: Payment, provider_sandbox: SandboxControl) -> None:
    supervisor, refund = factories.supervisor(), withdraw(paid)
    provider_sandbox.act(str(paid.session_id), "refund")
    refunds.approve(refund, by=supervisor, expected_cents=FEE)
    paid.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.state, refund.last_error, paid.refunded_cents) == ("failed", "refunded_at_provider", FEE)
    assert NoticeMessage.objects.filter(kind="refund_failed").count() == 1
    assert [row.amount_cents for row in refunds_of(str(paid.intent_id))] == [FEE]


def test_refund_that_the_provider_refuses_is_released_and_told_to_staff(
    paid: Payment, provider_sandbox: SandboxControl
) -> None:
    supervisor, refund = factories.supervisor(), withdraw(paid)
    provider_sandbox.act(str(paid.session_id), "dispute")
    refunds.approve(refund, by=supervisor, expected_cents=FEE)
    paid.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.state, refund.last_error, paid.refunded_cents) == ("failed", "charge_disputed", 0)
    assert NoticeMessage.objects.filter(kind="refund_failed").count() == 1


def test_refund_that_bounces_later_releases_the_figure(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = pay(payable, provider_sandbox, card="4000000000005126")
    refund = withdraw(payment)
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    assert state_of(refund) == "succeeded"
    provider_sandbox.call("later/run")
    settle.settle_from_provider(payment)
    payment.refresh_from_db()
    assert (state_of(refund), payment.refunded_cents) == ("failed", 0)


def test_refund_that_waits_is_followed_to_its_end(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = pay(payable, provider_sandbox, card="4000000000007726")
    refund = withdraw(payment)
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    assert state_of(refund) == "sent"
    provider_sandbox.call("later/run")
    settle.settle_from_provider(payment)
    assert state_of(refund) == "succeeded"


def test_declined_refund_says_why(paid: Payment) -> None:
    refund = withdraw(paid)
    with pytest.raises(Refused):
        refunds.decline(refund, by=factories.supervisor(), note=" ")
    refunds.decline(refund, by=factories.supervisor(), note="Paid back by check.")
    refund.refresh_from_db()
    assert (refund.state, refund.note) == ("declined", "Paid back by check.")
