"""Faults 7, 8, 11, 12: two clicks, the provider's dashboard, floats, and disputes."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from fieldwork import tasks as field
from msa_portal.errors import Refused
from payments.forms.paying import PayForm
from payments.forms.refunds import ApproveForm, ProposeForm
from payments.models import Fee, LedgerEntry, Payment, Refund
from payments.money import cents, dollars
from payments.services import audit, checkout, refund_sending, refunds
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest
from tests import factories, two_people
from tests.faults.conftest import Site, signed_in
from tests.fieldwork.visits.test_orders import wait_long
from tests.payments.conftest import FEE, state_of
from tests.payments.sandbox.harness import until

pytestmark = [pytest.mark.django_db(transaction=True)]


def proposed(payment: Payment, amount_cents: int) -> Refund:
    return refunds.propose_by_staff(payment, by=factories.supervisor(), amount_cents=amount_cents, note="Sorry")


def approve(refund: Refund, expected_cents: int, *, supervisor: Any = None) -> Any:
    """The button on the page, which was drawn when that much was left."""
    desk = supervisor or signed_in(factories.supervisor())
    return desk.post(
        f"/admin/payments/refund/{refund.pk}/approve/",
        {"expected_cents": expected_cents, "amount_cents": refund.amount_cents},
    )


def test_fault_07_refund_clicked_twice_goes_once(payable: MSARequest, site: Site) -> None:
    payment = site.paid(payable)
    refund = proposed(payment, 5000)
    assert [approve(refund, left).status_code for left in (FEE, FEE, FEE - 5000)] == [302, 200, 200]
    assert (site.refunds(payment), Payment.objects.get().refunded_cents) == ([(5000, "succeeded")], 5000)
    assert (refund.ledger_entries.count(), list(audit.differences())) == (2, [])


def test_fault_07_second_refund_on_an_old_page_is_refused(payable: MSARequest, site: Site) -> None:
    payment = site.paid(payable)
    approve(proposed(payment, 5000), FEE)
    again = approve(proposed(payment, 5000), FEE)
    assert (again.status_code, site.refunds(payment)) == (200, [(5000, "succeeded")])


def test_fault_07_refund_sent_twice_is_one(payable: MSARequest, site: Site) -> None:
    payment = site.paid(payable)
    refund = proposed(payment, 5000)
    approve(refund, FEE)
    # As if the provider had forgotten the key, and we that it was sent: a repeat that differs is refused by key.
    Refund.objects.update(state="approved", provider_id=None, amount_cents=4999)
    refund_sending.send(Refund.objects.get())
    assert (site.refunds(payment), state_of(refund)) == ([(5000, "succeeded")], "succeeded")


@pytest.mark.parametrize("there", [20000, FEE])
def test_fault_08_dashboard_refund_that_we_heard_of(payable: MSARequest, site: Site, there: int) -> None:
    payment = site.paid(payable)
    refund = proposed(payment, FEE)
    site.act(payment, "refund", amount=there)
    site.deliver("charge.refunded")
    assert approve(refund, FEE).status_code == 200
    refund.refresh_from_db()  # which shrank to what is left
    approve(refund, FEE - there)
    assert sum(amount for amount, _state in site.refunds(payment)) == FEE
    assert list(audit.differences()) == []


@pytest.mark.parametrize("there", [100, 20000, FEE])
def test_fault_08_dashboard_refund_that_we_did_not_hear_of(payable: MSARequest, site: Site, there: int) -> None:
    """Ours is sent once more after a look, if it still fits; a part is not added to what somebody gave there."""
    payment = site.paid(payable)
    refund = proposed(payment, 20000)
    site.act(payment, "refund", amount=there)
    approve(refund, FEE)
    ours = there + 20000 <= FEE
    assert site.refunds(payment) == [(there, "succeeded")] + ([(20000, "succeeded")] if ours else [])
    assert (state_of(refund), Payment.objects.get().refunded_cents) == (
        "succeeded" if ours else "failed",
        there + (20000 if ours else 0),
    )
    assert list(audit.differences()) == []


def test_fault_08_dashboard_refund_while_ours_is_on_its_way(payable: MSARequest, site: Site) -> None:
    """Between our look at what is refundable and our refund: the provider has the last word."""
    payment = site.paid(payable)
    refund = proposed(payment, 20000)
    site.sandbox.call("faults", kind="timeout_during", method="POST", path="/v1/refunds", seconds=1)
    supervisor = signed_in(factories.supervisor())

    def click() -> None:
        approve(refund, FEE, supervisor=supervisor)
        connection.close()

    sender = threading.Thread(target=click)
    sender.start()
    until(lambda: site.sandbox.read("state")["running_keys"])
    site.act(payment, "refund", amount=20000)
    sender.join(20)
    assert site.refunds(payment) == [(20000, "succeeded")]
    site.deliver("charge.refunded")
    assert (state_of(refund), Payment.objects.get().refunded_cents) == ("failed", 20000)
    assert list(audit.differences()) == []


def test_fault_08_dashboard_refund_of_a_payment_for_two_fees(site: Site, schedule: Any) -> None:
    company = factories.CompanyFactory()
    ready = [factories.executed(factories.complete_request(company=company)) for _ in range(2)]
    payment = checkout.open_joint_checkout(ready, by=factories.actor_of(ready[0]), expected_cents=2 * FEE)
    site.act(payment, "pay")
    site.deliver("checkout.session.completed")
    first, second = payment.allocations.order_by("pk")
    ours = refunds.propose_by_staff(
        payment, by=factories.supervisor(), amount_cents=FEE, note="Sorry", fee_id=second.fee_id
    )
    site.act(payment, "refund", amount=FEE + 5000)
    payment.refresh_from_db()
    approve(ours, FEE)
    site.deliver("charge.refunded")
    refunded = {(part.fee_id, part.refunded_cents) for part in payment.allocations.all()}
    assert refunded == {(first.fee_id, FEE), (second.fee_id, 5000)}
    assert [amount for amount, _state in site.refunds(payment)] == [FEE + 5000]
    assert list(audit.differences()) == []


@pytest.mark.parametrize("value", [279.22, 27922.0, "27922", True, None])
def test_fault_11_anything_but_whole_cents_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        cents(value)
    with pytest.raises(TypeError):
        dollars(value)


@pytest.mark.parametrize("typed", ["279.225", "1e-3", "NaN", "-1", "0", "Infinity"])
def test_fault_11_forms_take_no_part_of_a_cent(typed: str) -> None:
    assert not ProposeForm({"amount": typed, "note": "Sorry"}, parts=[]).is_valid()
    assert not PayForm({"expected_cents": "279.22"}).is_valid()
    assert not ApproveForm({"expected_cents": "279.22", "amount_cents": 1}).is_valid()


@pytest.mark.parametrize("dollars_typed", ["0.29", "1.10", "279.22", "8.20", "1001.10"])
def test_fault_11_dollars_become_cents_exactly(dollars_typed: str) -> None:
    form = ProposeForm({"amount": dollars_typed, "note": "Sorry"}, parts=[])
    assert form.is_valid()
    assert form.amount_cents == int(dollars_typed.replace(".", ""))
    assert str(dollars(form.amount_cents)) in {dollars_typed, dollars_typed.removesuffix("0")}


def test_fault_11_services_and_ledger_take_no_float(payable: MSARequest, site: Site) -> None:
    amount: Any = float(FEE)
    with pytest.raises(TypeError):
        checkout.open_checkout(payable, by=factories.actor_of(payable), expected_cents=amount)
    payment = site.paid(payable)
    before = LedgerEntry.objects.count()
    with pytest.raises(TypeError):
        refunds.propose_by_staff(payment, by=factories.staff(), amount_cents=amount, note="Sorry")
    refund = proposed(payment, 5000)
    with pytest.raises(TypeError):
        refunds.approve(refund, by=factories.supervisor(), expected_cents=amount)
    assert (LedgerEntry.objects.count(), site.refunds(payment)) == (before, [])


def disputed(msa_request: MSARequest, site: Site, **options: Any) -> Payment:
    """Paid, found valid, then disputed by the payer's bank."""
    payment = site.paid(msa_request)
    factories.valid(factories.refreshed(msa_request))
    site.act(payment, "dispute", **options)
    assert site.deliver("charge.dispute.created") == [200]
    payment.refresh_from_db()
    return payment


def test_fault_12_dispute_holds_the_dispatch(payable: MSARequest, site: Site) -> None:
    disputed(payable, site)
    wait_long(payable, 20)
    with pytest.raises(Refused) as refusal:
        transitions.issue_service_order(factories.refreshed(payable), by=factories.staff())
    desk = signed_in(factories.staff())
    chosen = {"action": "issue_service_orders", "_selected_action": [payable.pk]}
    chosen[f"seen_{payable.pk}"] = factories.seen(payable)["seen"]
    page = desk.post(reverse("admin:requests_app_msarequest_changelist"), chosen, follow=True).content.decode()
    assert (refusal.value.code, field.issue_due_orders()) == ("fee_disputed", 0)
    assert f"{payable.reference}: The payment of this visit" in page
    assert factories.refreshed(payable).status == "pending_service_order"


def test_fault_12_dispute_blocks_the_refund(payable: MSARequest, site: Site) -> None:
    payment = site.paid(payable)
    refund = proposed(payment, 5000)
    site.act(payment, "dispute")
    site.deliver("charge.dispute.funds_withdrawn")
    assert (approve(refund, FEE).status_code, state_of(refund), site.refunds(payment)) == (200, "proposed", [])


@pytest.mark.parametrize(
    ("acts", "kind", "state", "held"),
    [
        (["win"], "charge.dispute.closed", "won", False),
        (["lose"], "charge.dispute.closed", "lost", True),
    ],
)
def test_fault_12_end_of_a_dispute_is_on_the_record(
    payable: MSARequest, site: Site, acts: list[str], kind: str, state: str, held: bool
) -> None:
    payment = disputed(payable, site)
    for act in acts:
        site.act(payment, act)
    assert site.deliver(kind, times=2) == [200, 200]
    payment.refresh_from_db()
    assert (payment.dispute, payment.disputed, payable.rounds.get().disputed) == (state, held, held)
    assert payable.events.get(kind="dispute_closed").codes["outcome"] == state
    assert list(audit.differences()) == []


def test_fault_12_inquiry_takes_no_money_and_ends(payable: MSARequest, site: Site) -> None:
    payment = disputed(payable, site, inquiry=True)
    assert (payment.dispute, LedgerEntry.objects.filter(dispute__isnull=False).count()) == ("open", 0)
    site.act(payment, "close")
    # The provider's own list of events has none for an inquiry that ends: a later look finds it.
    site.deliver("charge.dispute.created", "checkout.session.completed")
    signed_in(factories.staff()).post(f"/admin/payments/payment/{payment.pk}/ask/")
    payment.refresh_from_db()
    assert (payment.dispute, payable.rounds.get().disputed) == ("won", False)


def test_fault_12_lost_is_written_off_and_the_visit_goes_on(payable: MSARequest, site: Site) -> None:
    payment = disputed(payable, site)
    site.act(payment, "lose")
    site.deliver("charge.dispute.closed")
    two_people.write_off(Fee.objects.get(), reason="The bank decided")
    site.deliver("charge.dispute.closed", "charge.dispute.created")
    assert (Fee.objects.get().state, payable.rounds.get().disputed) == ("written_off", False)
    transitions.issue_service_order(factories.refreshed(payable), by=factories.staff())
    assert list(audit.differences()) == []
