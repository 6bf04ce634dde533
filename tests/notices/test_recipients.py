"""A message leaves only while it's still for the person it was written to (fault 71)."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction

from msa_portal.accounts.companies import membership
from msa_portal.accounts.models import Membership, User
from msa_portal.errors import Refused
from msa_portal.notices import delivery
from msa_portal.notices.models import NoticeMessage
from payments.notices import RefundPaid
from requests_app.lifecycle import agency, drafts
from requests_app.models import MSARequest
from requests_app.notices import Person, notify
from requests_app.signing.notices import AgentRevoked, SignatureReminder
from tests import factories, jobs
from tests.notices.conftest import Inbox
from tests.notices.notice_samples import queued

pytestmark = pytest.mark.django_db
State = NoticeMessage.State


@pytest.fixture(autouse=True)
def no_kick(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.kept(monkeypatch)


@pytest.fixture
def company():
    return factories.CompanyFactory()


@pytest.fixture
def leaver(company) -> User:
    return factories.member_of(company, email="leaver@example.com")


@pytest.fixture
def msa_request(company, leaver) -> MSARequest:
    return factories.complete_request(company=company)


def written(msa_request: MSARequest, user: User | None, *, kind=SignatureReminder, to: str = "") -> NoticeMessage:
    person = Person(to or user.email, user.name if user else "", user)
    values = {"by_link": False, "expired": False, "amount": "$1.00", "reason": ""}
    with transaction.atomic():
        notify(kind, msa_request, key="x", people=[person], **values)
    return NoticeMessage.objects.get(kind=kind.name)


def leave(user: User, company) -> None:
    manager = factories.member_of(company)
    Membership.objects.filter(user=manager).update(is_manager=True)
    membership.remove_member(Membership.objects.get(user=user), by=manager, to=manager)


def delivered(row: NoticeMessage) -> str:
    delivery.deliver(row.pk)
    row.refresh_from_db()
    return row.state


def test_colleague_gets_it_and_a_former_one_does_not(inbox: Inbox, company, leaver, msa_request):
    row = written(msa_request, leaver)
    assert delivered(row) == State.SENT
    NoticeMessage.objects.update(state=State.QUEUED)
    Membership.objects.filter(user=leaver).delete()  # gone between queuing and sending
    assert delivered(row) == State.CANCELED
    assert row.last_error == "This person doesn't act on the request now, so they get no email about it."
    assert len(inbox.messages) == 1


@pytest.mark.parametrize("kind", [SignatureReminder, AgentRevoked, RefundPaid])
def test_staff_cant_send_an_old_message_again_to_somebody_who_left(inbox: Inbox, company, leaver, msa_request, kind):
    row = written(msa_request, leaver, kind=kind)
    assert delivered(row) == State.SENT
    leave(leaver, company)
    with pytest.raises(Refused, match="doesn't act on the request"):
        delivery.send_again(row, by=factories.staff())
    assert delivered(row) == State.SENT
    assert len(inbox.messages) == 1


def test_agent_is_told_that_the_authority_ended_and_nothing_else(inbox: Inbox, company, leaver, msa_request):
    reminder, ended = written(msa_request, leaver), written(msa_request, leaver, kind=AgentRevoked)
    with transaction.atomic():
        agency.stop_acting(msa_request, by=None, why="expired")
    NoticeMessage.objects.update(state=State.QUEUED)
    assert (delivered(reminder), delivered(ended)) == (State.CANCELED, State.SENT)


def test_nothing_goes_to_a_closed_account_or_a_former_address(inbox: Inbox):
    alice = factories.UserFactory(email="old@example.com")
    msa_request = factories.complete_request(owner=alice)
    row = written(msa_request, alice)
    alice.email = "new@example.com"
    alice.save()
    assert delivered(row) == State.CANCELED
    EmailAddress.objects.create(user=alice, email="old@example.com", verified=True)
    NoticeMessage.objects.update(state=State.QUEUED)
    assert delivered(row) == State.SENT
    alice.is_active = False
    alice.save()
    NoticeMessage.objects.update(state=State.QUEUED)
    assert delivered(row) == State.CANCELED
    assert len(inbox.messages) == 1


def test_old_address_is_told_what_happened_to_the_account(inbox: Inbox):
    alice = factories.UserFactory(email="old@example.com")
    row = queued(to="former@example.com", recipient=alice)
    assert delivered(row) == State.SENT


def test_what_waits_for_a_customer_whose_address_was_corrected_isnt_sent(inbox: Inbox, leaver, msa_request):
    old = written(msa_request, None, to=msa_request.customer_email)
    drafts.save_facts(msa_request, {"customer_email": "right@example.com"}, by=leaver, version=msa_request.version)
    assert delivered(old) == State.CANCELED
    assert {message["To"] for message in inbox.messages} == set()
