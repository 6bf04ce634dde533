"""An authority is one customer's: who extends it, what ends with it, and who cannot stand in the way (D22, fault 71)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from msa_portal import formats
from msa_portal.accounts.models import Membership, User
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from msa_portal.notices import delivery
from msa_portal.notices.models import NoticeMessage
from payments.services import invitations as pay_invitations
from requests_app.agreements import text, versions
from requests_app.enums import EventKind, Party
from requests_app.lifecycle import drafts
from requests_app.models import AgentAuthority, MSARequest, SigningInvitation
from requests_app.signing import authority, invitations, paper
from tests import factories
from tests.requests_app.signing.authority.conftest import authorized

pytestmark = pytest.mark.django_db
ACCOUNT = factories.COMPLETE_FACTS["account_number"]


@pytest.fixture
def alice(alice: User) -> User:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


def signed_by_link(company, customer: User) -> MSARequest:
    """The customer signed by the emailed link, and has not taken the request into an account."""
    return factories.executed(
        factories.complete_request(company=company, customer_email=customer.email, account_number=ACCOUNT)
    )


def is_seen_by(user: User, msa_request: MSARequest) -> bool:
    return MSARequest.objects.visible_to(User.objects.get(pk=user.pk)).filter(pk=msa_request.pk).exists()


def test_ending_covers_what_is_in_no_account_and_puts_it_into_the_customers(company, alice):
    claimed, unclaimed = authorized(company, alice), signed_by_link(company, alice)

    assert authority.revoke(claimed, by=alice) == 2
    unclaimed.refresh_from_db()
    assert not is_seen_by(unclaimed.agent, unclaimed)
    assert unclaimed.owner == alice


def test_customer_who_only_ever_used_links_ends_it_from_a_new_account(company, alice):
    msa_request = signed_by_link(company, alice)

    assert authority.end(authority.seen_by(alice).get(), by=alice) == 1
    msa_request.refresh_from_db()
    assert (msa_request.has_agent, msa_request.owner) == (False, alice)


def test_address_that_is_not_proven_ends_nothing(company, alice):
    msa_request = signed_by_link(company, alice)
    EmailAddress.objects.update(verified=False)

    assert not authority.seen_by(alice).exists()
    for end in (
        lambda: authority.end(msa_request.authority, by=alice),
        lambda: authority.revoke(msa_request, by=alice),
    ):
        with pytest.raises(Refused) as refusal:
            end()
        assert refusal.value.code == "not_allowed"
    assert is_seen_by(msa_request.agent, msa_request)


def test_ending_takes_along_what_waits_for_a_signature_at_the_account(company, alice):
    signed = authorized(company, alice)
    waiting = factories.complete_request(company=company, customer_email=alice.email, account_number=ACCOUNT)
    invitation = invitations.invite_customer(factories.prepared(waiting), by=waiting.agent)
    elsewhere = factories.complete_request(company=company, customer_email=alice.email, account_number="700999999999")

    assert authority.end(signed.authority, by=alice) == 2
    assert SigningInvitation.objects.get(pk=invitation.pk).voided_at is not None
    assert [is_seen_by(row.agent, row) for row in (waiting, elsewhere)] == [False, True]


def test_every_request_asks_the_authority_itself(company, alice):
    rows = [authorized(company, alice), signed_by_link(company, alice)]
    AgentAuthority.objects.update(ended_at=timezone.now(), ended_because="revoked")

    for row in rows:
        fresh = MSARequest.objects.get(pk=row.pk)
        assert (fresh.has_agent, is_seen_by(row.agent, row)) == (False, False)
        with pytest.raises(Refused):
            drafts.save_facts(fresh, {"city": "Azusa"}, by=row.agent, version=fresh.version)


def test_request_that_was_signed_while_the_authority_ended_is_finished_by_the_timer(company, alice):
    msa_request = authorized(company, alice)
    AgentAuthority.objects.update(ended_at=timezone.now(), ended_because="revoked")
    authority.run_due()
    authority.run_due()

    events = msa_request.events.filter(kind=EventKind.AGENT_REVOKED)
    assert [event.codes["why"] for event in events] == ["revoked"]


def test_another_customers_signature_for_the_account_extends_nothing_of_mine(company, alice):
    mine = authorized(company, alice).authority
    soon = local_day(timezone.now()) + timedelta(days=3)
    AgentAuthority.objects.update(expires_on=soon)
    theirs = factories.executed(
        factories.complete_request(company=company, customer_email="eve@example.com", account_number=ACCOUNT)
    )

    mine.refresh_from_db()
    assert mine.expires_on == soon
    assert theirs.authority != mine
    authority.end(mine, by=alice)
    assert is_seen_by(theirs.agent, theirs)


def test_pages_that_the_agent_sent_extend_nothing(company, alice, monkeypatch):
    mine = authorized(company, alice).authority
    soon = local_day(timezone.now()) + timedelta(days=3)
    AgentAuthority.objects.update(expires_on=soon)
    agreement = factories.prepared(
        factories.complete_request(company=company, customer_email=alice.email, account_number=ACCOUNT)
    )
    monkeypatch.setattr(paper.uploads, "check", lambda file, **_kwargs: file)
    monkeypatch.setattr(
        paper.uploads, "keep", lambda msa_request, _page, **_kwargs: factories.prepared(msa_request).document
    )
    sent = paper.send(agreement, Party.CUSTOMER, [object()], by=agreement.msa_request.agent)
    verdicts = [paper.Verdict(section) for section in map(paper.Section, agreement.sections_of(Party.CUSTOMER))]
    paper.decide(sent, verdicts, by=factories.staff())

    mine.refresh_from_db()
    assert (mine.expires_on, AgentAuthority.objects.count()) == (soon, 1)
    assert MSARequest.objects.get(pk=agreement.msa_request_id).authority == mine


def test_customer_who_was_made_a_colleague_still_takes_the_request_over(company, alice):
    msa_request = signed_by_link(company, alice)
    bob = msa_request.agent
    Membership.objects.create(user=alice, company=company)
    authority.hand_over(msa_request, to=alice, by=bob)
    invitation = SigningInvitation.objects.get()

    invitations.claim(invitation, by=User.objects.get(pk=alice.pk))
    msa_request.refresh_from_db()
    assert (msa_request.owner, msa_request.has_agent, is_seen_by(bob, msa_request)) == (alice, False, False)


def test_owner_who_joins_the_agents_company_does_not_sign_for_it(company, alice):
    msa_request = factories.complete_request(company=company, customer_email=alice.email, account_number=ACCOUNT)
    agreement = factories.prepared(msa_request)
    drafts.claim(msa_request, by=alice)
    Membership.objects.create(user=alice, company=company)
    proof = invitations.Proof(User.objects.get(pk=alice.pk), None, alice.email, "127.0.0.1", "tests")

    with pytest.raises(Refused):
        invitations.check_may_sign(agreement, MSARequest.objects.get(pk=msa_request.pk), Party.AGENT, proof)
    authority.take_over(msa_request, by=alice)
    assert not msa_request.has_agent


def test_mail_that_waits_for_the_agent_is_not_sent_and_both_sides_are_told(company, alice):
    first, second = authorized(company, alice), authorized(company, alice)
    cora = factories.member_of(company, name="Cora")
    authority.hand_over(first, to=cora, by=first.agent)
    waiting = NoticeMessage.objects.get(kind="handed_over")
    authority.revoke(second, by=alice)

    waiting.refresh_from_db()
    assert waiting.state == NoticeMessage.State.CANCELED
    delivery.deliver(waiting.pk)
    with pytest.raises(Refused) as refusal:
        delivery.send_again(waiting, by=factories.supervisor())
    assert refusal.value.code == "canceled"
    people = User.objects.filter(memberships__company=company)
    due = NoticeMessage.objects.filter(recipient__in=people, state="queued")
    assert sorted(due.values_list("kind", "reference")) == [
        ("agent_revoked", str(first)),
        ("agent_revoked", str(second)),
    ]
    to_alice = NoticeMessage.objects.get(kind="acting_ended")
    assert to_alice.to_email == alice.email
    assert str(first) in to_alice.text
    assert str(second) in to_alice.text


def test_link_to_pay_that_the_agent_had_sent_opens_nothing(company, alice):
    msa_request = authorized(company, alice)
    AgentAuthority.objects.update(ended_at=timezone.now(), ended_because="revoked")
    visit = msa_request.rounds.get()

    invitation = type("Invitation", (), {"round": visit, "invited_by": msa_request.agent})
    with pytest.raises(Refused) as refusal:
        pay_invitations.check_open(invitation)
    assert refusal.value.code == "agent_over"


def test_text_names_the_company_and_the_person_as_of_its_day(company, alice):
    msa_request = authorized(company, alice)
    bob = msa_request.agent
    authority.hand_over(msa_request, to=factories.member_of(company, name="Eve"), by=bob)
    agreement = versions.current(msa_request)
    section = text.sections_of(agreement)[1]

    facts = {fact.label: fact.value for fact in section.facts}
    assert facts["Agent's company"] == company.name
    assert facts[f"Agent on {formats.day(local_day(agreement.created_at))}"] == bob.name
    assert section.signers[1] == f"Agent: {company.name}"


def signed_in(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_page_says_what_will_happen_and_ends_it(client, company, alice):
    msa_request = signed_by_link(company, alice)
    url = f"/requests/agents/{msa_request.authority_id}/end/"
    assert url in signed_in(client, alice).get("/requests/agents/").content.decode()
    page = client.get(url).content.decode()
    for words in (company.name, msa_request.reference, "see or change these requests", "End their authority"):
        assert words in page

    answer = client.post(url, follow=True)
    assert "The agent can no longer see this request" in answer.content.decode()
    assert client.get(msa_request.get_absolute_url()).status_code == 200
    assert not is_seen_by(msa_request.agent, msa_request)


def test_draft_in_my_name_is_listed_and_taken_over(client, company, alice):
    msa_request = factories.complete_request(company=company, customer_email=alice.email, account_number=ACCOUNT)
    url = f"/requests/{msa_request.reference}/agent/end/"
    assert url in signed_in(client, alice).get("/requests/agents/").content.decode()

    client.post(url, {"do": "revoke"})
    msa_request.refresh_from_db()
    assert (msa_request.owner, msa_request.has_agent) == (alice, False)


def test_request_whose_authority_ran_out_is_added_to_the_account(client, company, alice):
    msa_request = signed_by_link(company, alice)
    AgentAuthority.objects.update(expires_on=local_day(timezone.now()) - timedelta(days=1))
    authority.run_due()
    url = f"/requests/{msa_request.reference}/agent/end/"
    assert "In your name, not in your account" in signed_in(client, alice).get("/requests/agents/").content.decode()
    assert "Add it to my account" in client.get(url).content.decode()

    client.post(url, {"do": "take_over"})
    msa_request.refresh_from_db()
    assert msa_request.owner == alice


def test_nobody_else_opens_the_pages(client, company, alice):
    msa_request = signed_by_link(company, alice)
    for user in (factories.UserFactory(), msa_request.agent, factories.supervisor()):
        signed_in(client, user)
        assert client.get(f"/requests/agents/{msa_request.authority_id}/end/").status_code == 404
        assert client.post(f"/requests/{msa_request.reference}/agent/end/", {"do": "revoke"}).status_code == 404
    assert is_seen_by(msa_request.agent, msa_request)


def test_colleague_reads_what_taking_it_over_means(client, company, alice):
    msa_request = signed_by_link(company, alice)
    Membership.objects.create(user=alice, company=company)
    token = invitations.token_for(SigningInvitation.objects.get().key)

    page = signed_in(client, alice).post(reverse("requests:sign_claim", args=[token]), follow=True).text
    assert f"{company.name} no longer acts on it" in page
    msa_request.refresh_from_db()
    assert msa_request.owner == alice
