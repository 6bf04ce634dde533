"""What people are told about money, and about the day of the visit."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction
from django.utils import timezone

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.notices.models import NoticeMessage
from payments import notices
from payments.models import Allocation, Fee, FeeSchedule, Payment, Refund
from requests_app.models import MSARequest
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_with_payment() -> tuple[MSARequest, Payment]:
    """Paid by somebody who is neither the customer nor the agent any more."""
    msa_request = factories.executed(factories.complete_request())
    visit = msa_request.rounds.get()
    schedule, _created = FeeSchedule.objects.get_or_create(
        request_type="install", effective_from=date(2023, 4, 1), defaults={"amount_cents": 27922}
    )
    fee = visit.fees.first() or Fee.objects.create(
        round=visit,
        schedule=schedule,
        amount_cents=27922,
        quoted_on=date(2026, 12, 1),
        quote_holds_until=date(2026, 12, 15),
    )
    payer = factories.UserFactory(name="Pat Payer", email="pat@example.com")
    payment = Payment.objects.create(
        amount_cents=27922,
        received_cents=27922,
        payer=payer,
        payer_name=payer.name,
        payer_email=payer.email,
        state=Payment.State.PAID,
        paid_at=timezone.now(),
    )
    Allocation.objects.create(payment=payment, fee=fee, amount_cents=27922, received_cents=27922, state="settled")
    return msa_request, payment


def told(kind: str) -> dict[str, str]:
    return {row.to_email: row.subject for row in NoticeMessage.objects.filter(kind=kind)}


def test_receipt_goes_to_customer_and_payer_once(request_with_payment: tuple[MSARequest, Payment]) -> None:
    msa_request, payment = request_with_payment
    assert msa_request.owner is not None
    with transaction.atomic():
        notices.receipts(payment, [payment.allocations.get()])
        notices.receipts(payment, [payment.allocations.get()])
    subject = f"Your receipt: $279.22 · {msa_request.reference}"
    assert told("receipt") == {msa_request.owner.email: subject, "pat@example.com": subject}
    assert "Paid by: Pat Payer" in NoticeMessage.objects.filter(kind="receipt")[0].text


def test_fee_due_names_amount_and_last_day(request_with_payment: tuple[MSARequest, Payment]) -> None:
    msa_request, payment = request_with_payment
    NoticeMessage.objects.filter(kind="fee_due").delete()
    fee = payment.fees.get()
    fee.quote_holds_until = date(2026, 12, 15)
    with transaction.atomic():
        notices.fee_due(fee)
    text = NoticeMessage.objects.get(kind="fee_due").text
    for part in (
        "$279.22",
        "Tue, Dec 15, 2026",
        "Submit Meter Socket Adapter Fee",
        f"/requests/{msa_request.reference}/fee/",
    ):
        assert part in text


def test_customer_without_an_account_is_not_asked_to_pay() -> None:
    msa_request = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    assert msa_request.customer_email not in told("fee_due")


def test_failed_refund_is_told_to_supervisors_alone(request_with_payment: tuple[MSARequest, Payment]) -> None:
    boss: User = factories.supervisor()
    factories.staff()
    payment = request_with_payment[1]
    refund = Refund.objects.create(
        payment=payment,
        fee=payment.fees.get(),
        amount_cents=27922,
        reason=Refund.Reason.GOODWILL,
        last_error="card expired",
    )
    with transaction.atomic():
        notices.refund_failed(refund)
    assert list(told("refund_failed")) == [boss.email]
    text = NoticeMessage.objects.get(kind="refund_failed").text
    assert "card expired" in text
    assert f"/admin/payments/refund/{refund.pk}/change/" in text


def test_held_payment_is_told_to_customer_and_staff(request_with_payment: tuple[MSARequest, Payment]) -> None:
    boss: User = factories.supervisor()
    with transaction.atomic():
        notices.payment_held(request_with_payment[1].allocations.get())
    assert len(told("payment_held")) == 2
    assert list(told("payment_held_staff")) == [boss.email]
    row = f"/admin/payments/payment/{request_with_payment[1].pk}/change/"
    assert row in NoticeMessage.objects.get(kind="payment_held_staff").text


def test_refund_names_amount_and_reason(request_with_payment: tuple[MSARequest, Payment]) -> None:
    payment = request_with_payment[1]
    refund = Refund.objects.create(
        payment=payment,
        fee=payment.fees.get(),
        amount_cents=27922,
        reason=Refund.Reason.WITHDRAWN_BEFORE_VISIT,
    )
    with transaction.atomic():
        notices.refund_paid(refund)
    assert "Withdrawn before any visit" in NoticeMessage.objects.filter(kind="refund_paid")[0].text


def _technician(number: str) -> Technician:
    return Technician.objects.create(user=factories.technician(), employee_number=number)


def test_visit_is_told_with_its_day_and_each_move_of_it() -> None:
    msa_request = factories.ordered()
    visit = SiteVisit.objects.get(order__round__msa_request=msa_request)
    first = calendar.load().add(timezone.localdate(), 3)
    second = calendar.load().add(first, 1)
    planner, one, two = factories.dispatcher(), _technician("1"), _technician("2")
    for technician, on, window in [
        (one, first, "morning"),
        (two, first, "morning"),  # the customer sees no difference
        (two, second, "afternoon"),
        (two, first, "morning"),
    ]:
        orders.schedule(visit, by=planner, technician=technician, on=on, window=window)
    rows = NoticeMessage.objects.filter(kind__in=["visit_scheduled", "visit_moved"]).order_by("pk")
    assert [row.kind for row in rows] == ["visit_scheduled", "visit_moved", "visit_moved"]
    assert "between 8 a.m. and noon" in rows[0].text
    assert "between noon and 5 p.m." in rows[1].text
