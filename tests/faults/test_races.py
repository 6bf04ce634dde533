"""Two at once on PostgreSQL, each with and without the lock (faults 4, 6, 7, 8).

Every race is brought to the moment at which both have looked and neither has written. Without the
lock it is lost: so each test is known to be able to fail.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from msa_portal import db
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from payments import provider
from payments.models import Allocation, Fee, Payment, Refund
from payments.provider import returns
from payments.services import audit, checkout, fees, refund_sending, refunds, settle
from requests_app.enums import WithdrawalReason
from requests_app.lifecycle import settlement, transitions
from requests_app.models import MSARequest
from tests import factories, jobs
from tests.faults.conftest import Site
from tests.payments.conftest import FEE, state_of
from tests.threads import at_once, meeting

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def failures_of(*acts: Callable[[], Any]) -> list[BaseException]:
    return at_once(*acts)[1]


def without_lock(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def test_fault_04_webhook_and_return_page(payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = site.opened(payable)
    site.act(payment, "pay")
    monkeypatch.setattr(provider, "fetch_session", meeting(provider.fetch_session))
    assert failures_of(*[lambda: settle.settle_from_provider(payment)] * 2) == []
    assert (state_of(payment), Refund.objects.count()) == ("paid", 0)
    assert NoticeMessage.objects.filter(kind="receipt").count() == 1
    assert payable.events.filter(kind="fee_settled").count() == 1


def test_fault_04_without_the_lock_the_race_is_lost(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later one takes the same money for a second payment; only the ledger's key stops it."""
    payment = site.opened(payable)
    site.act(payment, "pay")
    meet = meeting(without_lock)
    monkeypatch.setattr(settle, "lock", lambda row: meet(row) if isinstance(row, Payment) else without_lock(row))
    failures = failures_of(*[lambda: settle.settle_from_provider(payment)] * 2)
    assert failures or (state_of(payment), Refund.objects.count()) == ("duplicate", 1)


def approvals(payment: Payment) -> list[BaseException]:
    """Two supervisors approve one refund at once, each on a page that says that all is left."""
    refund = refunds.propose_by_staff(payment, by=factories.supervisor(), amount_cents=20000, note="Sorry")
    first, second = factories.supervisor(), factories.supervisor()
    return failures_of(
        lambda: refunds.approve(Refund.objects.get(pk=refund.pk), by=first, expected_cents=FEE),
        lambda: refunds.approve(Refund.objects.get(pk=refund.pk), by=second, expected_cents=FEE),
    )


def test_fault_07_two_supervisors_approve(payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = site.paid(payable)
    failures = approvals(payment)
    assert [getattr(failure, "code", failure) for failure in failures] == ["stale"]
    assert (site.refunds(payment), list(audit.differences())) == ([(20000, "succeeded")], [])
    assert payable.events.filter(kind="refund_approved").count() == 1


def test_fault_07_without_the_lock_both_approve(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promised twice: the ledger's own key or the sum of its entries shows it."""
    payment = site.paid(payable)
    meet = meeting(without_lock)
    monkeypatch.setattr(refunds, "lock", lambda row: meet(row) if isinstance(row, Refund) else without_lock(row))
    failures = approvals(payment)
    assert not any(isinstance(failure, Refused) for failure in failures)
    assert failures or list(audit.differences())


def send_twice_at_once(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    jobs.kept(monkeypatch)
    refund = refunds.propose_by_staff(payment, by=factories.staff(), amount_cents=5000, note="Sorry")
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    monkeypatch.setattr(returns, "refunds_of", meeting(returns.refunds_of))
    return failures_of(*[lambda: refund_sending.send(Refund.objects.select_related("payment").get())] * 2)


def test_fault_07_two_workers_send_one_refund(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = site.paid(payable)
    failures = send_twice_at_once(payment, monkeypatch)
    assert all(isinstance(failure, provider.ProviderUnavailable) for failure in failures)
    assert (site.refunds(payment), state_of(Refund.objects.get())) == ([(5000, "succeeded")], "succeeded")
    assert list(audit.differences()) == []


def test_fault_07_without_one_key_two_refunds_are_made(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = site.paid(payable)
    create = returns.client().v1.refunds.create
    monkeypatch.setattr(returns.client().v1.refunds, "create", lambda params, _options: create(params))
    send_twice_at_once(payment, monkeypatch)
    assert site.refunds(payment) == [(5000, "succeeded")] * 2


def overlapping(monkeypatch: pytest.MonkeyPatch, *, locked: bool) -> list[BaseException]:
    """Two people of one company put fees into two checkouts at once; one fee is in both."""
    company = factories.CompanyFactory()
    ready = [factories.executed(factories.complete_request(company=company)) for _ in range(3)]
    people = [factories.actor_of(ready[0]), factories.member_of(company)]
    if not locked:
        for module in (checkout, db, settlement):
            monkeypatch.setattr(module, "lock", without_lock)
        monkeypatch.setattr(fees, "raise_fee", meeting(fees.raise_fee))
    return failures_of(
        lambda: checkout.open_joint_checkout(ready[:2], by=people[0], expected_cents=2 * FEE),
        lambda: checkout.open_joint_checkout(ready[1:], by=people[1], expected_cents=2 * FEE),
    )


def live_per_fee() -> int:
    """The most checkouts that are open for one fee."""
    live = Allocation.objects.filter(payment__state__in=Payment.LIVE)
    return max(live.filter(fee=fee).count() for fee in Fee.objects.all())


def test_fault_06_two_joint_checkouts_over_one_fee(schedule: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = overlapping(monkeypatch, locked=True)
    assert [getattr(failure, "code", failure) for failure in failures] == ["paid_elsewhere"]
    assert live_per_fee() == 1


def test_fault_06_without_the_lock_both_joint_checkouts_open(
    schedule: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlapping(monkeypatch, locked=False)
    assert live_per_fee() == 2


def withdraw_and_settle(msa_request: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch) -> Payment:
    payment = site.opened(msa_request)
    site.act(payment, "pay")
    fetched = threading.Event()
    fetch = provider.fetch_session

    def fetch_and_tell(session_id: str) -> provider.Session:
        seen = fetch(session_id)
        fetched.set()
        return seen

    monkeypatch.setattr(provider, "fetch_session", fetch_and_tell)

    def withdraw() -> None:
        fetched.wait(10)
        row = MSARequest.objects.get(pk=msa_request.pk)
        transitions.withdraw(row, by=factories.actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)

    assert failures_of(lambda: settle.settle_from_provider(payment), withdraw) == []
    return payment


def test_withdrawal_and_settlement_propose_the_refund_whoever_is_first(
    payable: MSARequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = withdraw_and_settle(payable, site, monkeypatch)
    payable.refresh_from_db()
    refund = Refund.objects.get()
    reasons = {"paid": "withdrawn_before_visit", "held": "cannot_submit"}
    assert (payable.status, refund.state, refund.amount_cents) == ("withdrawn", "proposed", FEE)
    assert reasons[state_of(payment)] == refund.reason
    assert list(audit.differences()) == []
