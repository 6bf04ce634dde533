"""One limit on email that people can cause to be sent to somebody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

import fieldwork.notices
import payments.notices
import requests_app.receivers  # noqa: F401  declares
from msa_portal.accounts.companies import details, invitations
from msa_portal.accounts.models import Company, User
from msa_portal.accounts.notices import CompanyInvitation
from msa_portal.errors import Refused
from msa_portal.notices import account_mail, limits  # noqa: F401  declares
from msa_portal.notices.limits import AtLimit, Cause
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import Notice, Uncounted, declared, queue
from payments.services import pay_links
from requests_app.enums import WithdrawalReason
from requests_app.lifecycle import drafts, transitions
from requests_app.models import MSARequest
from requests_app.signing import authority
from requests_app.signing.invitations import cancel_invitation, correct_address, invite_customer
from requests_app.signing.signatures import open_for_signing
from tests import factories
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

CUSTOMER = "customer@example.com"


def set_limits(settings: Any, **figures: int) -> None:
    settings.MAIL_LIMITS = dict.fromkeys(settings.MAIL_LIMITS, 1000) | figures


def invite(by: User, to: str, company: Company | None = None, **cause: Any) -> NoticeMessage | None:
    with transaction.atomic():
        count = NoticeMessage.objects.count()
        values = {"manager": "M", "company": "C", "act_by": "x", "action_url": "http://localhost:8000/"}
        return queue(CompanyInvitation, to=to, key=str(count), context=values, cause=Cause(by, company, **cause))


def is_refused(act: Any) -> bool:
    try:
        act()
    except Refused as refusal:
        return refusal.code == limits.CODE
    return False


# --- Nothing gets past it -----------------------------------------------------------------
def test_every_notice_is_limited_or_says_why_not() -> None:
    """A new notice that is in neither list is limited, and refused at the limit."""
    assert set(limits.LIMITED) | set(limits.UNLIMITED) == set(declared)
    assert set(limits.LIMITED) & set(limits.UNLIMITED) == set()


@pytest.mark.parametrize("name", sorted(limits.LIMITED))
def test_limited_notice_is_not_queued_without_its_cause(name: str) -> None:
    with transaction.atomic(), pytest.raises(Uncounted):
        queue(declared[name], to="alice@example.com", key="1", context={})


def test_new_notice_is_limited_until_somebody_says_why_not() -> None:
    class NewlyWritten(Notice):
        name = "account/password_removed_too"
        audience = "strangers"

    try:
        with transaction.atomic(), pytest.raises(Uncounted):
            queue(NewlyWritten, to="alice@example.com", key="1", context={})
    finally:
        del declared[NewlyWritten.name]


def test_all_email_that_an_agent_causes_to_an_address_without_an_account_is_counted(company: Company) -> None:
    """Through every door that an agent has before the customer signs or pays."""
    bob = company.members.get()
    msa_request = factories.complete_request(company=company, customer_email=CUSTOMER)
    agreement = factories.prepared(msa_request)
    agreement.invitations.all().delete()
    open_for_signing(agreement, MSARequest.objects.get(pk=msa_request.pk))
    invite_customer(agreement, by=bob)
    correct_address(agreement, "other@example.com", by=bob)
    correct_address(agreement, CUSTOMER, by=bob)
    cancel_invitation(agreement, by=bob)
    paid_for = factories.executed(factories.complete_request(company=company, customer_email=CUSTOMER))
    pay_links.invite(paid_for, by=bob)
    transitions.withdraw(paid_for, by=bob, reason=WithdrawalReason.OTHER, note="x")
    sent = NoticeMessage.objects.filter(recipient__isnull=True)
    uncounted = set(sent.filter(counted_to="").values_list("kind", flat=True))
    assert uncounted <= {"signed_copy"}  # the customer's own signature
    counted = set(sent.exclude(counted_to="").values_list("kind", "caused_by", "caused_for"))
    kinds = ("draft_started_for_you", "invitation_to_sign", "invited_to_pay", "withdrawn")
    assert counted == {(kind, bob.pk, company.pk) for kind in kinds}


def test_hand_over_is_counted(company: Company) -> None:
    bob, eve = company.members.get(), factories.member_of(company)
    authority.hand_over(factories.draft(company=company), to=eve, by=bob)
    row = NoticeMessage.objects.get(kind="handed_over")
    assert (row.caused_by, row.caused_for, row.counted_to) == (bob, company, eve.email)


# --- By whom it counts --------------------------------------------------------------------
@pytest.fixture
def company(db: None) -> Company:
    company = factories.CompanyFactory()
    factories.member_of(company)
    return company


def test_person_has_an_allowance_for_all_addresses_together(settings, company):
    set_limits(settings, person=2)
    bob, eve = company.members.get(), factories.member_of(company)
    assert [is_refused(lambda n=n: invite(bob, f"x{n}@example.com")) for n in range(3)] == [False, False, True]
    assert not is_refused(lambda: invite(eve, "y@example.com"))


def test_company_has_one_for_all_its_people(settings, company):
    set_limits(settings, company=2)
    people = [company.members.get(), factories.member_of(company), factories.member_of(company)]
    outcome = [is_refused(lambda n=n: invite(people[n], f"x{n}@example.com", company)) for n in range(3)]
    assert outcome == [False, False, True]


@pytest.mark.parametrize("spelled", ["KIM@example.com", "kim+1@example.com", "kim@Example.COM"])
def test_mailbox_gets_so_much_from_all_people_together(settings, spelled):
    set_limits(settings, recipient=2)
    invite(UserFactory(), "kim@example.com")
    invite(UserFactory(), "kim@example.com")
    assert is_refused(lambda: invite(UserFactory(), spelled))


def test_allowance_comes_back_a_day_later(settings):
    set_limits(settings, recipient=1)
    invite(UserFactory(), "kim@example.com")
    with time_machine.travel(timezone.now() + timedelta(hours=23), tick=False):
        assert is_refused(lambda: invite(UserFactory(), "kim@example.com"))
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert not is_refused(lambda: invite(UserFactory(), "kim@example.com"))


def test_staff_and_timers_are_not_held_back(settings):
    set_limits(settings, person=0, recipient=0, company=0)
    assert not is_refused(lambda: invite(factories.staff(), "kim@example.com"))
    with transaction.atomic():
        values = {"manager": "M", "company": "C", "act_by": "x"}
        assert queue(CompanyInvitation, to="kim@example.com", key="t", context=values, cause=Cause()) is not None


def test_address_on_the_network_is_counted_and_not_kept(settings, client):
    set_limits(settings, network=2)
    for number in range(3):
        data = {"name": "X", "email": f"new{number}@example.com"}
        response = client.post("/accounts/signup/", data, REMOTE_ADDR="203.0.113.7")
        client.cookies.clear()
    assert response.status_code == 429
    rows = NoticeMessage.objects.filter(kind="account/verify_address")
    assert rows.count() == 2
    assert all(row.caused_from and "203.0.113.7" not in row.caused_from for row in rows)
    elsewhere = {"name": "X", "email": "new9@example.com"}
    assert client.post("/accounts/signup/", elsewhere, REMOTE_ADDR="203.0.113.8").status_code == 302


def test_codes_and_invitations_do_not_use_up_each_other(settings, client):
    """Inviting somebody over and over keeps nobody from signing in."""
    set_limits(settings, recipient=1, recipient_of_codes=1)
    kim = UserFactory(email="kim@example.com")
    invite(UserFactory(), kim.email)
    client.post("/accounts/login/code/", {"email": kim.email})
    assert NoticeMessage.objects.filter(kind="account/login_code").count() == 1


# --- What happens at the limit ------------------------------------------------------------
def test_refused_invitation_changes_nothing_and_keeps_what_was_typed(settings, client, company):
    set_limits(settings, person=0)
    mona = UserFactory()
    own = details.register_company(by=mona, name="Sunny Roof")
    client.force_login(mona)
    response = client.post("/accounts/company/invitations/", {"email": "kim@example.com"})
    assert (response.status_code, own.invitations.count()) == (422, 0)
    page = response.content.decode()
    assert "Try again tomorrow" in page
    assert 'value="kim@example.com"' in page


def test_replaced_invitation_stays_open_where_the_new_one_is_refused(settings):
    mona = UserFactory()
    own = details.register_company(by=mona, name="Sunny Roof")
    first = invitations.invite(own, by=mona, email="kim@example.com")
    set_limits(settings, person=1)
    assert is_refused(lambda: invitations.send_again(first, by=mona))
    first.refresh_from_db()
    assert first.ended_at is None


def test_form_is_saved_where_its_email_is_dropped(settings, company):
    set_limits(settings, person=0)
    bob = company.members.get()
    begun = drafts.start(by=bob, company=company)
    saved = drafts.save_facts(begun, {"customer_email": CUSTOMER}, by=bob, version=begun.version)
    assert (saved.customer_email, NoticeMessage.objects.count()) == (CUSTOMER, 0)


def test_agreement_is_ready_where_its_invitation_is_refused(settings, company):
    """The agent finds the button that invites on its page, which says why."""
    set_limits(settings, person=0)
    msa_request = factories.complete_request(company=company, customer_email=CUSTOMER)
    agreement = factories.prepared(msa_request)
    with transaction.atomic():
        open_for_signing(agreement, MSARequest.objects.get(pk=msa_request.pk))
    assert (agreement.state, agreement.invitations.count()) == ("signing", 0)
    assert is_refused(lambda: invite_customer(agreement, by=company.members.get()))
    set_limits(settings)
    invite_customer(agreement, by=company.members.get())
    assert NoticeMessage.objects.filter(kind="invitation_to_sign", to_email=CUSTOMER).count() == 1


def test_drafts_started_and_withdrawn_over_and_over_flood_no_mailbox(settings, company):
    set_limits(settings, recipient=3)
    bob = company.members.get()
    for _ in range(4):
        begun = drafts.start(by=bob, company=company)
        drafts.save_facts(begun, {"customer_email": CUSTOMER}, by=bob, version=begun.version)
        transitions.withdraw(begun, by=bob, reason=WithdrawalReason.OTHER, note="x")
    assert NoticeMessage.objects.filter(counted_to=CUSTOMER).count() == 3


def test_customer_of_a_submitted_request_hears_of_its_withdrawal_all_the_same(settings, company):
    submitted = factories.submitted(company=company)
    set_limits(settings, recipient=0, person=0)
    transitions.withdraw(submitted, by=company.members.get(), reason=WithdrawalReason.OTHER, note="x")
    assert NoticeMessage.objects.filter(kind="withdrawn", to_email=submitted.customer_email).count() == 1


def test_what_people_have_a_right_to_is_sent_all_the_same(settings, company):
    kim = UserFactory(email=CUSTOMER)
    msa_request = factories.draft(company=company)
    drafts.claim(msa_request, by=kim)
    set_limits(settings, person=0)
    authority.take_over(msa_request, by=kim)
    assert NoticeMessage.objects.filter(kind="agent_revoked").count() == 1
    assert limits.LIMITED["agent_revoked"] is AtLimit.SEND


def test_limits_are_roomy(settings):
    """An agent with a hundred customers a day, each with six messages for the request, stays below."""
    assert settings.MAIL_LIMITS["person"] >= 200
    assert settings.MAIL_LIMITS["recipient"] >= 20
    assert settings.QUOTAS["bytes_of_person"] >= 100 * settings.MAX_UPLOAD_BYTES
    assert settings.QUOTAS["bytes_of_company"] >= 10_000 * settings.MAX_UPLOAD_BYTES


def test_check_takes_one_query(django_assert_num_queries, company):
    bob = User.objects.get(pk=company.members.get().pk)
    with django_assert_num_queries(1):
        limits.is_over("kim@example.com", Cause(bob, company))


def test_apps_declare_their_notices():
    assert {payments.notices.InvitedToPay.name, fieldwork.notices.DayChangeAsked.name} <= set(declared)
