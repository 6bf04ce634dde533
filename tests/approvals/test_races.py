"""Two approvers at once, and a refund that meets a waiver, on PostgreSQL, each with and without the lock (D23)."""

from __future__ import annotations

from typing import Any

import pytest

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import role_grants, services
from msa_portal.approvals.models import Proposal
from payments.models import Fee, Payment, Refund
from payments.services import limits, refunds, waivers
from requests_app.models import ProgramSettings
from tests import factories
from tests.payments import bookings
from tests.threads import at_once, meeting

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def without_lock(row: Any, *_related: str) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def two_approve() -> list[str]:
    """Two supervisors approve one grant in the same moment; the codes of those who were refused."""
    alice, sue = factories.UserFactory(name="Alice"), factories.supervisor()
    proposal = role_grants.propose(alice, Role.SUPERVISOR, by=sue)
    others = [factories.supervisor(), factories.supervisor()]
    acts = [
        lambda by=other: services.approve(Proposal.objects.get(pk=proposal.pk), by=User.objects.get(pk=by.pk))
        for other in others
    ]
    return [getattr(failure, "code", repr(failure)) for failure in at_once(*acts)[1]]


def test_two_supervisors_approve_one_grant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "check_may_approve", meeting(services.check_may_approve))
    assert two_approve() == ["stale"]


def test_without_the_lock_both_approve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "check_may_approve", meeting(services.check_may_approve))
    monkeypatch.setattr(services, "lock", without_lock)
    monkeypatch.setattr(role_grants, "lock", without_lock)
    assert two_approve() == []


def refund_meets_waiver() -> int:
    """A supervisor approves her own refund while another waives the other fee of the payment, each within the limit.

    Returns what one of them alone gave up of the payment, in cents.
    """
    ProgramSettings.current()
    ProgramSettings.objects.update(refund_alone_up_to_cents=bookings.FEE + 100)
    payer = factories.UserFactory()
    payment = bookings.paid(payer, bookings.fees_of(bookings.request_of(None, payer), count=2))
    first, second = payment.fees.order_by("pk")
    payment.allocations.filter(fee=second).update(state="held")
    sue, sol = factories.supervisor(), factories.supervisor()
    refund = refunds.propose_by_staff(payment, by=sue, amount_cents=200, note="Sorry", fee_id=first.pk)
    Refund.objects.update(state="declined", decided_by=sol, decided_at=refund.created_at)

    def give_back() -> None:
        again = refunds.propose_by_staff(
            Payment.objects.get(), by=sue, amount_cents=200, note="Sorry", fee_id=first.pk
        )
        refunds.approve(again, by=sue, expected_cents=refunds.part_of(again).remaining_cents)

    at_once(give_back, lambda: waivers.waive(Fee.objects.get(pk=second.pk), by=sol, reason="Storm"))
    gone = Refund.objects.filter(state__in=Refund.PROMISED, decided_by=sue)
    waived = Fee.objects.filter(state="waived", waived_by=sol)
    return sum(row.amount_cents for row in [*gone, *waived])


@pytest.fixture
def visit_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is about the money: what the waiver means for the visit is left out."""
    monkeypatch.setattr(waivers.settlement, "settle", lambda *_args, **_kwargs: None)


@pytest.mark.usefixtures("visit_is_over")
def test_refund_and_waiver_of_one_payment_count_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_given_up", meeting(limits._given_up))
    assert refund_meets_waiver() <= bookings.FEE + 100


@pytest.mark.usefixtures("visit_is_over")
def test_without_the_lock_they_give_up_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_given_up", meeting(limits._given_up))
    monkeypatch.setattr(waivers, "lock", without_lock)
    monkeypatch.setattr(refunds, "lock", without_lock)
    assert refund_meets_waiver() > bookings.FEE + 100
