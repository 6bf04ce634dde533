"""Faults 6, 9, 10, 13, 14: two tabs, lost webhooks, a fee that changes, no money, and no answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from msa_portal.business_days.calendar import local_day
from msa_portal.celery import app
from payments import provider, tasks
from payments.models import Fee, FeeSchedule, Payment, Refund
from payments.services import audit, refunds
from requests_app.enums import Status
from requests_app.models import MSARequest
from tests import factories, schedules
from tests.faults.conftest import Site, signed_in
from tests.payments.conftest import FEE, state_of
from tests.payments.sandbox.harness import until

pytestmark = [pytest.mark.django_db(transaction=True)]

COMPLETED = "checkout.session.completed"


def test_fault_06_second_tab_gets_the_same_checkout(payable: MSARequest, site: Site) -> None:
    assert site.opened(payable) == site.opened(payable)
    assert Payment.objects.count() == 1


def both_paid(msa_request: MSARequest, site: Site, **second: Any) -> tuple[Payment, Payment]:
    """Two checkouts for one fee, opened past the guard, and both paid."""
    first = site.opened(msa_request)
    Payment.objects.update(state="expired")
    later = site.opened(msa_request)
    Payment.objects.filter(pk=first.pk).update(state="open")
    for payment, options in ((first, {}), (later, second)):
        site.act(payment, "pay", **options)
        assert site.deliver(COMPLETED) == [200]
    first.refresh_from_db()
    later.refresh_from_db()
    return first, later


def test_fault_06_of_two_paid_the_second_goes_back_and_the_first_stands(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "send_task", without_ending_others(app.send_task))
    first, second = both_paid(payable, site)
    payable.refresh_from_db()
    assert (first.state, second.state, payable.status) == ("paid", "duplicate", Status.REQUEST_SUBMITTED)
    assert (site.refunds(first), site.refunds(second)) == ([], [(FEE, "succeeded")])
    assert (payable.rounds.get().settlement, Fee.objects.get().state) == ("paid", "settled")


def test_fault_06_refund_of_the_second_that_fails_unpays_nothing_either(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "send_task", without_ending_others(app.send_task))
    first, second = both_paid(payable, site, card="4000000000005126")
    site.sandbox.call("later/run")
    assert site.deliver("refund.failed") == [200]
    assert (Refund.objects.get().state, state_of(first), state_of(second)) == ("failed", "paid", "duplicate")
    assert (payable.rounds.get().settlement, Fee.objects.get().state) == ("paid", "settled")
    assert list(audit.differences()) == []


def without_ending_others(send: Any) -> Any:
    """The second checkout is paid before anybody could end it."""
    return lambda job, *args, **options: None if job == "payments.end_checkout" else send(job, *args, **options)


def test_fault_06_other_checkout_is_ended_once_one_is_paid(payable: MSARequest, site: Site) -> None:
    first = site.opened(payable)
    Payment.objects.update(state="expired")
    second = site.opened(payable)
    Payment.objects.filter(pk=first.pk).update(state="open")
    site.act(second, "pay")
    site.deliver(COMPLETED)
    assert (state_of(second), state_of(first)) == ("paid", "expired")


@pytest.mark.parametrize("state", ["open", "pending"])
def test_fault_09_lost_webhooks_are_made_up_for_by_the_sweeper(payable: MSARequest, site: Site, state: str) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay", bank=state == "pending")
    if state == "pending":
        site.deliver(COMPLETED)
        site.act(payment, "settle")
    assert state_of(payment) == state
    tasks.sweep_payments()
    assert state_of(payment) == state  # it is asked about once it was quiet for a while
    Payment.objects.update(updated_at=timezone.now() - timedelta(minutes=6))
    tasks.sweep_payments()
    payable.refresh_from_db()
    assert (state_of(payment), payable.status) == ("paid", Status.REQUEST_SUBMITTED)


def test_fault_10_quote_holds_while_the_schedule_changes(
    payable: MSARequest, site: Site, schedule: FeeSchedule
) -> None:
    payment = site.opened(payable)
    schedules.change(amount_cents=30000)
    Fee.objects.update(quote_holds_until=local_day(timezone.now()) - timedelta(days=1))
    again = site.opened(payable)  # the checkout that is open keeps its amount
    site.act(payment, "pay")
    site.deliver(COMPLETED)
    payment.refresh_from_db()
    assert (again, payment.state, payment.received_cents) == (payment, "paid", FEE)


def test_fault_10_after_the_quote_a_new_one_and_the_old_page_is_refused(
    payable: MSARequest, site: Site, schedule: FeeSchedule
) -> None:
    payer = signed_in(factories.actor_of(payable))
    page = f"/requests/{payable.reference}/fee/"
    schedules.change(amount_cents=30000)
    assert "$279.22" in payer.get(page).content.decode()
    Fee.objects.update(quote_holds_until=local_day(timezone.now()) - timedelta(days=1))
    assert "$300.00" in payer.get(page).content.decode()
    old = site.post_pay(payable, FEE)
    assert (old.status_code, "$300.00" in old.content.decode(), Payment.objects.count()) == (409, True, 0)
    assert site.post_pay(payable, 30000).status_code == 303
    assert sorted(Fee.objects.values_list("state", "amount_cents")) == [("canceled", FEE), ("open", 30000)]


@pytest.mark.parametrize("end", ["expire", "decline"])
def test_fault_13_no_money_leaves_it_unsubmitted_and_a_retry_is_offered(
    payable: MSARequest, site: Site, end: str
) -> None:
    payment = site.opened(payable)
    if end == "decline":
        site.act(payment, "pay", card="4000000000000002")
    site.act(payment, "expire")
    assert site.deliver("checkout.session.expired") == [200]
    payable.refresh_from_db()
    assert (state_of(payment), payable.status, payable.frozen_until) == ("expired", Status.UNSUBMITTED, None)
    assert site.opened(payable) != payment


def test_fault_13_bank_debit_that_fails_offers_a_retry(payable: MSARequest, site: Site) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay", bank=True)
    site.deliver(COMPLETED)
    assert state_of(payment) == "pending"
    site.act(payment, "fail")
    site.deliver("checkout.session.async_payment_failed")
    payable.refresh_from_db()
    assert (state_of(payment), payable.status, payable.frozen_until) == ("failed", Status.UNSUBMITTED, None)
    assert site.opened(payable) != payment


@pytest.mark.parametrize("when", ["timeout_before", "timeout_during", "timeout_after"])
def test_fault_14_no_answer_to_a_checkout_then_the_same_key_gives_one(
    payable: MSARequest, site: Site, impatient: None, when: str
) -> None:
    site.sandbox.call("faults", kind=when, method="POST", path="/v1/checkout/sessions", seconds=1.5)
    refused = site.post_pay(payable)
    payable.refresh_from_db()
    assert (refused.status_code, payable.frozen_until, Payment.objects.get().state) == (409, None, "created")
    until_free(site)
    payment = site.opened(payable)
    sessions = site.sandbox.client().v1.checkout.sessions.list({"limit": 10}).data
    assert [session.id for session in sessions] == [payment.session_id]
    assert Payment.objects.count() == 1


def until_free(site: Site) -> None:
    """The call that hung is over at the provider."""
    until(lambda: not site.sandbox.read("state")["running_keys"])


@pytest.mark.parametrize("when", ["timeout_before", "timeout_during", "timeout_after"])
def test_fault_14_no_answer_to_a_refund_then_the_same_key_gives_one(
    payable: MSARequest, site: Site, impatient: None, when: str
) -> None:
    payment = site.paid(payable)
    refund = refunds.propose_by_staff(payment, by=factories.staff(), amount_cents=5000, note="Sorry")
    site.sandbox.call("faults", kind=when, method="POST", path="/v1/refunds", seconds=1.5)
    with pytest.raises(provider.ProviderUnavailable):
        refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    assert (state_of(refund), Payment.objects.get().refunded_cents) == ("approved", 5000)
    until_free(site)
    Refund.objects.update(updated_at=timezone.now() - timedelta(minutes=6))
    tasks.sweep_refunds()
    assert (state_of(refund), site.refunds(payment)) == ("succeeded", [(5000, "succeeded")])
    assert list(audit.differences()) == []
