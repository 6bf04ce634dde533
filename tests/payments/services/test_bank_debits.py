"""A bank debit takes days and may fail: everybody who waits for it reads so everywhere, and hears of it at once (fault 68)."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from fieldwork.models import CloseOut
from fieldwork.visits import closeouts
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices import recipients
from msa_portal.notices.models import NoticeMessage
from payments.models import Payment, Refund
from payments.services import checkout, pay_links, settle
from requests_app import history
from requests_app.enums import Debit, Holder, Status, WithdrawalReason
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import agency, transitions
from requests_app.models import MSARequest
from tests import factories
from tests.fieldwork.conftest import failure, new_technician, planned
from tests.payments.conftest import FEE, opened, state_of
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]

ON_ITS_WAY = "bank payment is on its way"


def debit(payment: Payment, sandbox: SandboxControl) -> Payment:
    sandbox.act(str(payment.session_id), "pay", bank=True)
    return settle.settle_from_provider(payment)


def ends(payment: Payment, sandbox: SandboxControl, how: str) -> Payment:
    sandbox.act(str(payment.session_id), how)
    return settle.settle_from_provider(payment)


def text(client: Client, page: str) -> str:
    return client.get(page).content.decode()


def kinds(msa_request: MSARequest) -> list[str]:
    return [event.kind for event in msa_request.events.order_by("sequence")]


def mails(kind: str) -> list[NoticeMessage]:
    return list(NoticeMessage.objects.filter(kind=kind).order_by("pk"))


def test_every_page_says_that_it_is_on_its_way(payable, provider_sandbox, client):
    debit(opened(payable), provider_sandbox)
    payable.refresh_from_db()
    assert (payable.debit, kinds(payable)[-1]) == (Debit.UNDER_WAY, "debit_started")
    client.force_login(payable.owner)
    status, requests, fee, withdraw = (
        text(client, page)
        for page in (
            payable.get_absolute_url(),
            reverse("requests:list"),
            reverse("payments:fee", args=[payable.reference]),
            reverse("requests:withdraw", args=[payable.reference]),
        )
    )
    assert [ON_ITS_WAY in page for page in (status, requests, fee, withdraw)] == [True] * 4
    for page in (status, requests):
        for words in (
            "Pay the fee",
            "Finish by",
            "is due",
            payable.customer_name + ", the customer",
            "Finish the payment",
        ):
            assert words not in page
    canceled = client.get(reverse("payments:canceled", args=[payable.reference]))
    assert canceled["Location"] == reverse("payments:fee", args=[payable.reference])
    assert "Bank payment on its way" in status
    assert "goes back to your" in withdraw


def test_failed_one_is_told_at_once_and_can_be_paid_again(payable, provider_sandbox, client):
    payment = debit(opened(payable), provider_sandbox)
    failed = ends(payment, provider_sandbox, "fail")
    assert failed.state == Payment.State.FAILED
    payable.refresh_from_db()
    assert (payable.debit, payable.frozen_until, kinds(payable)[-1]) == (Debit.FAILED, None, "debit_failed")
    [mail] = mails("payment_failed")
    assert (mail.to_email, mail.recipient) == (payable.owner.email, payable.owner)
    assert "$279.22" in mail.text
    assert reverse("payments:fee", args=[payable.reference]) in mail.text
    client.force_login(payable.owner)
    status = text(client, payable.get_absolute_url())
    for words in ("Your bank payment failed", "Pay the fee", "Bank payment failed"):
        assert words in status
    assert re.search(r"for visit 1\s*:\s*Failed", status)
    settle.settle_from_provider(payment)
    assert len(mails("payment_failed")) == 1
    again = opened(payable)
    payable.refresh_from_db()
    assert (again.pk != payment.pk, payable.debit) == (True, "")
    provider_sandbox.act(str(again.session_id), "pay")
    settle.settle_from_provider(again)
    payable.refresh_from_db()
    assert (payable.status, payable.debit) == (Status.REQUEST_SUBMITTED, "")


def test_one_that_arrives_leaves_nothing_behind(payable, provider_sandbox):
    payment = debit(opened(payable), provider_sandbox)
    ends(payment, provider_sandbox, "settle")
    payable.refresh_from_db()
    assert (payable.status, payable.debit, payable.debit_since) == (Status.REQUEST_SUBMITTED, "", None)
    assert mails("payment_failed") == []


def test_payment_page_that_was_left_is_no_failed_debit(payable, provider_sandbox):
    payment = opened(payable)
    checkout.cancel_checkout(payable, by=payable.owner)
    payable.refresh_from_db()
    assert (state_of(payment), payable.debit, mails("payment_failed")) == ("expired", "", [])


def test_debit_that_fails_after_a_withdrawal_changes_nothing(payable, provider_sandbox, client):
    payment = debit(opened(payable), provider_sandbox)
    transitions.withdraw(payable, by=payable.owner, reason=WithdrawalReason.CHANGED_PLANS)
    client.force_login(payable.owner)
    assert "This request is closed." in text(client, payable.get_absolute_url())
    ends(payment, provider_sandbox, "fail")
    payable.refresh_from_db()
    assert (payable.status, payable.debit, kinds(payable)[-1]) == (Status.WITHDRAWN, "", "withdraw")


def test_payer_of_several_is_told_once(schedule, provider_sandbox):
    company = factories.CompanyFactory()
    factories.member_of(company)
    pair = [factories.executed(factories.complete_request(company=company)) for _ in range(2)]
    payer = pair[0].agent
    payment = checkout.open_joint_checkout(pair, by=payer, expected_cents=2 * FEE)
    ends(debit(payment, provider_sandbox), provider_sandbox, "fail")
    told = mails("payment_failed")
    assert [mail.to_email for mail in told].count(payer.email) == 1
    assert {mail.to_email for mail in told} == {payer.email, *(row.customer_email for row in pair)}
    assert "the fees for 2 requests" in next(mail.text for mail in told if mail.to_email == payer.email)


def test_customer_who_paid_by_a_link_gets_the_link_again(schedule, provider_sandbox):
    msa_request = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    invitation = pay_links.invite(msa_request, by=msa_request.agent)
    payment = pay_links.open_checkout(invitation, expected_cents=FEE)
    ends(debit(payment, provider_sandbox), provider_sandbox, "fail")
    by_address = {mail.to_email: mail for mail in mails("payment_failed")}
    assert by_address[msa_request.customer_email].private_link == f"pay:{invitation.key}"
    assert reverse("payments:fee", args=[msa_request.reference]) in by_address[msa_request.agent.email].text


@pytest.mark.parametrize("outcome", ["lost", "won"])
def test_disputed_payment_is_told_and_how_it_ends(payable, provider_sandbox, outcome):
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    settle.settle_from_provider(payment)
    provider_sandbox.act(str(payment.session_id), "dispute")
    settle.settle_from_provider(payment)
    [mail] = mails("payment_disputed")
    assert "ask your bank to end the dispute" in " ".join(mail.text.split())
    provider_sandbox.act(str(payment.session_id), "win" if outcome == "won" else "lose")
    settle.settle_from_provider(payment)
    last = mails("payment_disputed")[-1]
    assert ("took back" in last.text, "stands" in last.text) == (outcome == "lost", outcome == "won")


@pytest.fixture
def asked_again(payable) -> MSARequest:
    """Its visit failed, another report of it says otherwise, and the fee for the next visit is due."""
    technician = new_technician()
    visit = planned(technician, factories.ordered(factories.valid(factories.paid(payable))))
    closeouts.close_out(visit, failure(), by=technician.user)
    closeouts.close_out(visit, failure(reasons=[factories.utility_reason()]), by=technician.user)
    msa_request = factories.refreshed(payable)
    follow_ups.save_reschedule(msa_request, by=msa_request.owner, statements={"package_missing": "It's there now."})
    return factories.refreshed(msa_request)


def test_debit_for_a_visit_that_isnt_owed_any_longer_asks_nobody_to_pay(asked_again, provider_sandbox):
    payment = debit(opened(asked_again), provider_sandbox)
    one, other = CloseOut.objects.filter(visit__order__round__msa_request=asked_again).order_by("-accepted")
    closeouts.let_stand(other, instead_of=one.pk, by=factories.dispatcher(), note="Called them.")
    ends(payment, provider_sandbox, "fail")
    msa_request = factories.refreshed(asked_again)
    assert (msa_request.status, msa_request.debit) == (Status.SITE_VISIT_UNSUCCESSFUL, "")
    [mail] = mails("payment_failed")
    assert "You don't have to pay it again." in mail.text
    assert "Please pay again" not in mail.text + mail.html


def test_fee_of_a_visit_that_isnt_needed_goes_back_once(asked_again, provider_sandbox):
    payment = opened(asked_again)
    provider_sandbox.act(str(payment.session_id), "pay")
    settle.settle_from_provider(payment)
    assert factories.refreshed(asked_again).status == Status.RESCHEDULE_REQUESTED
    reports = list(CloseOut.objects.filter(visit__order__round__msa_request=asked_again).order_by("-accepted"))
    for one, other in (reports, reports[::-1], reports):
        closeouts.let_stand(other, instead_of=one.pk, by=factories.dispatcher(), note="Called them.")
    [refund] = Refund.objects.all()
    assert (refund.state, refund.reason, refund.amount_cents) == ("proposed", "no_second_visit", FEE)
    assert mails("refund_failed") == []


def test_company_that_paid_hears_of_it_also_when_it_acts_no_longer(schedule, provider_sandbox):
    msa_request = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    agent = msa_request.agent
    payment = debit(opened(msa_request), provider_sandbox)
    with transaction.atomic():
        agency.stop_acting(lock(msa_request), by=None, why="revoked")
    ends(payment, provider_sandbox, "fail")
    by_address = {mail.to_email: mail for mail in mails("payment_failed")}
    assert recipients.reason_against(by_address[agent.email]) == ""
    assert "Please pay again" not in by_address[agent.email].text
    assert "Call the program to ask how to pay." in by_address[msa_request.customer_email].text


def test_payer_with_another_address_since_is_told_there(schedule, provider_sandbox):
    company = factories.CompanyFactory()
    agent, payer = factories.member_of(company), factories.member_of(company)
    msa_request = factories.executed(factories.complete_request(company=company))
    payment = debit(checkout.open_checkout(msa_request, by=payer, expected_cents=FEE), provider_sandbox)
    User.objects.filter(pk=payer.pk).update(email="married@example.com")
    ends(payment, provider_sandbox, "fail")
    told = [mail for mail in mails("payment_failed") if mail.recipient_id == payer.pk]
    assert ([mail.to_email for mail in told], agent.email) == (["married@example.com"], msa_request.agent.email)
    assert recipients.reason_against(told[0]) == ""


# --- A link to pay


@pytest.fixture
def invited(schedule) -> MSARequest:
    msa_request = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    pay_links.invite(msa_request, by=msa_request.agent)
    return factories.refreshed(msa_request)


def test_link_to_pay_moves_the_turn_to_the_customer_and_back(invited, client):
    assert history.waiting_on(invited) == Holder.CUSTOMER
    assert invited.events.order_by("sequence").last().holder == Holder.CUSTOMER
    assert invited not in MSARequest.objects.filter(history.waits_for(invited.agent))
    client.force_login(invited.agent)
    assert "See the link to pay" in text(client, invited.get_absolute_url())
    pay_links.cancel(invited, by=invited.agent)
    back = factories.refreshed(invited)
    assert history.waiting_on(back) == Holder.AGENT
    assert back.events.order_by("sequence").last().holder == Holder.AGENT
    assert back in MSARequest.objects.filter(history.waits_for(invited.agent))


def test_office_cant_pay_what_the_customer_was_asked_to_pay(invited, client):
    with pytest.raises(Refused, match="Take it back first to pay yourself"):
        checkout.open_checkout(invited, by=invited.agent, expected_cents=FEE)
    client.force_login(invited.agent)
    assert "Take it back first to pay yourself" in text(client, reverse("payments:several"))
    pay_links.cancel(invited, by=invited.agent)
    assert opened(factories.refreshed(invited)).state == Payment.State.OPEN


def test_customer_with_an_account_can_pay_without_the_link(invited):
    owner = factories.UserFactory(email=invited.customer_email)
    MSARequest.objects.filter(pk=invited.pk).update(owner=owner)
    payment = checkout.open_checkout(factories.refreshed(invited), by=owner, expected_cents=FEE)
    assert payment.state == Payment.State.OPEN
