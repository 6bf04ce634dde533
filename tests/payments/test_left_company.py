"""A person who paid for a company and left it sees and hears nothing more of that payment (fault 71)."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from msa_portal.accounts.models import Company, User
from msa_portal.notices.models import NoticeMessage
from payments import notices
from payments.models import Allocation, Fee, FeeSchedule, Payment
from payments.services import statements
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Company:
    return factories.CompanyFactory()


@pytest.fixture
def payer(company: Company) -> User:
    factories.member_of(company, email="bob@example.com")
    return factories.member_of(company, email="payer@example.com")


@pytest.fixture
def part(company: Company, payer: User) -> Allocation:
    msa_request = factories.complete_request(company=company)
    day, until = timezone.localdate(), timezone.now()
    fee = Fee.objects.create(
        round=msa_request.rounds.get(),
        schedule=FeeSchedule.objects.filter(request_type="install").earliest("effective_from"),
        amount_cents=1,
        quoted_on=day,
        quote_holds_until=day,
        state=Fee.State.CANCELED,
    )
    payment = Payment.objects.create(
        amount_cents=1,
        payer=payer,
        payer_name=payer.name,
        payer_email=payer.email,
        company=company,
        session_expires_at=until,
        state=Payment.State.EXPIRED,
    )
    return Allocation.objects.create(payment=payment, fee=fee, amount_cents=1)


def told(part: Allocation) -> set[str]:
    with transaction.atomic():
        notices.payment_held(Allocation.objects.get(pk=part.pk))
    return set(NoticeMessage.objects.filter(kind="payment_held").values_list("to_email", flat=True))


def test_payer_in_the_company_sees_the_payment_and_is_told(part, payer):
    assert list(Payment.objects.visible_to(payer)) == [part.payment]
    assert payer.email in told(part)


def test_payer_who_left_neither_sees_nor_hears_of_it(part, payer, company):
    payer.memberships.all().delete()
    payer = User.objects.get(pk=payer.pk)
    assert list(Payment.objects.visible_to(payer)) == []
    assert list(statements.companies_visible_to(payer)) == []
    people = told(part)
    assert people
    assert payer.email not in people


def test_open_payments_listed_are_those_of_the_company_that_one_works_for_now(part, payer):
    other = factories.CompanyFactory()
    payer.memberships.create(company=other)
    payer = User.objects.get(pk=payer.pk)
    assert list(Payment.objects.listed_for(payer)) == [part.payment]
    payer.chosen_company_id = other.pk
    assert list(Payment.objects.listed_for(payer)) == []


def test_page_of_another_companys_payment_or_statement_asks_to_switch(part, payer, company, client):
    other = factories.CompanyFactory()
    payer.memberships.create(company=other)
    second = Fee.objects.get()
    second.pk = None
    second.round = factories.complete_request(company=company).rounds.get()
    second.save()
    Allocation.objects.create(payment=part.payment, fee=second, amount_cents=1)
    client.force_login(payer)
    pages = [f"/payments/{part.payment_id}/returned/", f"/statements/{company.pk}/2026-01/"]
    assert [client.get(page).status_code for page in pages] == [200, 200]
    client.post("/accounts/company/switch/", {"company": other.pk})
    for page in pages:
        assert client.get(page).url.startswith(f"/accounts/company/switch/?company={company.pk}&next=%2F")
