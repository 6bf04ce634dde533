"""The customer's authority for an agent: its account, its time, its end (A2, D10, fault 38)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from requests_app.agreements import versions
from requests_app.enums import EventKind, Party
from requests_app.lifecycle import drafts
from requests_app.models import AgentAuthority, MSARequest, ProgramSettings
from requests_app.signing import authority, invitations
from tests import factories
from tests.requests_app.signing.authority.conftest import authorized

pytestmark = pytest.mark.django_db
ACCOUNT = factories.COMPLETE_FACTS["account_number"]


def visible_to_agent(msa_request: MSARequest) -> bool:
    agent = User.objects.get(pk=msa_request.agent_id)
    return MSARequest.objects.visible_to(agent).filter(pk=msa_request.pk).exists()


def events(msa_request: MSARequest, kind: EventKind) -> list[dict]:
    return [event.codes for event in msa_request.events.filter(kind=kind)]


def test_customers_signature_gives_authority_for_the_account_and_a_year(company, alice):
    msa_request = authorized(company, alice)

    agent_authority = AgentAuthority.objects.get()
    assert (agent_authority.account_number, agent_authority.company, agent_authority.ended_at) == (
        msa_request.account_number,
        company,
        None,
    )
    assert agent_authority.expires_on == local_day(timezone.now()) + timedelta(days=365)
    assert (msa_request.authority, agent_authority.customer, agent_authority.customer_email) == (
        agent_authority,
        alice,
        alice.email,
    )


def test_agents_own_signature_gives_none(company):
    agreement = factories.prepared(factories.complete_request(company=company, account_number=ACCOUNT))
    factories.sign(agreement, Party.AGENT)

    assert not AgentAuthority.objects.exists()


def test_customer_without_agent_gives_none(alice):
    factories.executed(factories.complete_request(owner=alice))

    assert not AgentAuthority.objects.exists()


def test_signing_again_for_the_same_account_makes_it_last_longer_for_all(company, alice):
    first = authorized(company, alice)
    AgentAuthority.objects.update(expires_on=date(2026, 12, 1))
    second = authorized(company, alice)

    agent_authority = AgentAuthority.objects.get()
    assert first.authority == second.authority == agent_authority
    assert agent_authority.expires_on > date(2026, 12, 1)


def test_another_account_needs_another_authority(company, alice):
    authorized(company, alice)
    authorized(company, alice, account_number="700999999999")

    assert AgentAuthority.objects.count() == 2


@pytest.mark.both_databases
def test_database_holds_one_authority_in_force_per_account_and_company(company, alice):
    agent_authority = authorized(company, alice).authority
    with pytest.raises(IntegrityError), transaction.atomic():
        AgentAuthority.objects.create(
            customer_email=agent_authority.customer_email,
            account_number=agent_authority.account_number,
            company=company,
            given_at=timezone.now(),
            expires_on=agent_authority.expires_on,
        )


@pytest.mark.both_databases
def test_database_holds_that_an_end_has_its_reason(company, alice):
    authorized(company, alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        AgentAuthority.objects.update(ended_at=timezone.now())


def test_revoking_ends_it_for_every_open_request_of_the_account(company, alice):
    first, second = authorized(company, alice), authorized(company, alice)
    elsewhere = authorized(company, alice, account_number="700999999999")

    assert authority.revoke(second, by=alice) == 2
    assert [visible_to_agent(msa_request) for msa_request in (first, second, elsewhere)] == [False, False, True]
    agent_authority = AgentAuthority.objects.get(pk=first.authority_id)
    assert (agent_authority.ended_because, agent_authority.ended_by) == ("revoked", alice)
    for msa_request in (first, second):
        assert events(msa_request, EventKind.AGENT_REVOKED) == [{"company": company.pk, "why": "revoked"}]


def test_taking_over_is_for_that_request_alone(company, alice):
    first, second = authorized(company, alice), authorized(company, alice)

    authority.take_over(second, by=alice)
    assert [visible_to_agent(msa_request) for msa_request in (first, second)] == [True, False]
    assert AgentAuthority.objects.get().ended_at is None
    assert not second.has_agent


def test_revoking_before_the_signature_voids_the_link(company, alice):
    msa_request = factories.complete_request(company=company, account_number=ACCOUNT)
    agreement = factories.prepared(msa_request)
    factories.sign(agreement, Party.CUSTOMER)
    waiting = factories.complete_request(company=company, account_number=ACCOUNT)
    pending = factories.prepared(waiting)
    invitation = invitations.invite_customer(pending, by=waiting.agent)
    drafts.claim(waiting, by=alice)

    authority.revoke(waiting, by=alice)
    invitation.refresh_from_db()
    assert invitation.voided_at is not None
    assert versions.current(waiting) is None


@pytest.mark.parametrize("do", [authority.take_over, authority.revoke])
def test_only_the_customer_ends_it(company, alice, do):
    msa_request = authorized(company, alice)
    for other in (msa_request.agent, factories.staff(), factories.UserFactory()):
        with pytest.raises(Refused) as refusal:
            do(msa_request, by=other)
        assert refusal.value.code == "not_allowed"
    assert visible_to_agent(msa_request)


@pytest.mark.parametrize("do", [authority.take_over, authority.revoke])
def test_what_has_ended_cannot_be_ended_again(company, alice, do):
    msa_request = authorized(company, alice)
    authority.take_over(msa_request, by=alice)
    with pytest.raises(Refused) as refusal:
        do(msa_request, by=alice)
    assert refusal.value.code == "no_agent"


def test_new_signature_after_the_end_starts_a_new_authority(company, alice):
    authority.revoke(authorized(company, alice), by=alice)
    msa_request = authorized(company, alice)

    assert AgentAuthority.objects.count() == 2
    assert msa_request.authority.ended_at is None
    assert visible_to_agent(msa_request)


# --- Its time -----------------------------------------------------------------------------


def runs_out(msa_request: MSARequest, *, in_days: int) -> None:
    until = local_day(timezone.now()) + timedelta(days=in_days)
    AgentAuthority.objects.filter(pk=msa_request.authority_id).update(expires_on=until)
    msa_request.refresh_from_db()


def told(msa_request: MSARequest, name: str) -> list[str]:
    rows = NoticeMessage.objects.filter(reference=msa_request.reference, kind=name)
    return sorted(rows.values_list("to_email", flat=True))


def test_access_ends_with_the_last_day_before_any_timer(company, alice):
    msa_request = authorized(company, alice)
    runs_out(msa_request, in_days=0)
    assert visible_to_agent(msa_request)
    assert msa_request.has_agent

    runs_out(msa_request, in_days=-1)
    assert not visible_to_agent(msa_request)
    assert not msa_request.has_agent
    with pytest.raises(Refused):
        drafts.save_facts(msa_request, {"city": "Azusa"}, by=msa_request.agent, version=msa_request.version)


def test_timer_ends_what_has_expired_once(company, alice):
    msa_request = authorized(company, alice)
    runs_out(msa_request, in_days=-1)
    authority.run_due()
    authority.run_due()

    agent_authority = AgentAuthority.objects.get()
    assert (agent_authority.ended_because, agent_authority.ended_by) == ("expired", None)
    assert events(msa_request, EventKind.AGENT_REVOKED) == [{"company": company.pk, "why": "expired"}]
    assert told(msa_request, "agent_revoked") == [msa_request.agent.email]


def test_timer_leaves_alone_what_holds(company, alice):
    msa_request = authorized(company, alice)
    runs_out(msa_request, in_days=0)
    authority.run_due()

    assert visible_to_agent(msa_request)
    assert AgentAuthority.objects.get().ended_at is None


def test_timer_leaves_alone_what_was_signed_again_while_it_ran(company, alice):
    msa_request = authorized(company, alice)
    runs_out(msa_request, in_days=-1)
    expired = AgentAuthority.objects.get()
    with transaction.atomic():
        authority.grant(msa_request, email=alice.email, customer=alice)

    authority.expire(expired)
    assert visible_to_agent(msa_request)
    assert AgentAuthority.objects.get().ended_at is None


def test_both_are_warned_thirty_and_seven_days_before_and_each_time_once(company, alice):
    msa_request = authorized(company, alice)
    both = sorted([alice.email, msa_request.agent.email])
    for in_days, mails in ((31, []), (30, both), (12, both), (7, sorted(both * 2)), (0, sorted(both * 2))):
        today = local_day(timezone.now())
        until = today + timedelta(days=31)
        runs_out(msa_request, in_days=31)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(authority, "local_day", lambda _now, day=until - timedelta(days=in_days): day)
            authority.run_due()
        assert told(msa_request, "authority_ends") == mails, in_days


def test_nobody_is_warned_where_nothing_is_open(company, alice):
    msa_request = authorized(company, alice)
    MSARequest.objects.filter(pk=msa_request.pk).update(status="withdrawn")
    runs_out(msa_request, in_days=5)
    authority.run_due()

    assert told(msa_request, "authority_ends") == []


def test_supervisor_sets_how_long_it_lasts(company, alice):
    ProgramSettings.current()
    ProgramSettings.objects.update(authority_days=90)

    assert authorized(company, alice).authority.expires_on == local_day(timezone.now()) + timedelta(days=90)


# --- Within the company --------------------------------------------------------------------


def test_colleague_sees_and_takes_a_request_that_is_handed_over(company):
    msa_request = factories.complete_request(company=company, account_number=ACCOUNT)
    bob, eve = msa_request.agent, factories.member_of(company, name="Eve Wright")
    assert MSARequest.objects.visible_to(eve).filter(pk=msa_request.pk).exists()

    authority.hand_over(msa_request, to=eve, by=bob)
    assert msa_request.agent == eve
    assert events(msa_request, EventKind.AGENT_NAMED) == [{"agent": eve.pk}]
    assert told(msa_request, "handed_over") == [eve.email]


def test_taking_a_request_oneself_mails_nobody(company):
    msa_request = factories.complete_request(company=company, account_number=ACCOUNT)
    eve = factories.member_of(company, name="Eve Wright")

    authority.hand_over(msa_request, to=eve, by=eve)
    assert msa_request.agent == eve
    assert told(msa_request, "handed_over") == []


def test_nobody_outside_the_company_hands_over_or_is_handed_to(company, alice):
    msa_request = authorized(company, alice)
    stranger = factories.member_of(factories.CompanyFactory())
    eve = factories.member_of(company)
    for to, by in ((eve, alice), (eve, stranger), (stranger, msa_request.agent), (alice, msa_request.agent)):
        with pytest.raises(Refused):
            authority.hand_over(msa_request, to=to, by=by)
    msa_request.refresh_from_db()
    assert events(msa_request, EventKind.AGENT_NAMED) == []


def test_request_is_not_handed_to_the_person_who_has_it(company, alice):
    msa_request = factories.complete_request(company=company, account_number=ACCOUNT)
    with pytest.raises(Refused) as refusal:
        authority.hand_over(msa_request, to=msa_request.agent, by=msa_request.agent)
    assert refusal.value.code == "same_agent"


def test_handing_over_leaves_the_signatures_as_they_are(company, alice):
    msa_request = authorized(company, alice)
    eve = factories.member_of(company)
    authority.hand_over(msa_request, to=eve, by=msa_request.agent)

    assert versions.is_executed(msa_request)
