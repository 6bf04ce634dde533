"""What the agent can do about a signature that is waited for, and who is reminded of it when."""

from __future__ import annotations

import pytest

from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from requests_app.agreements import versions
from requests_app.enums import EventKind, Party
from requests_app.lifecycle import drafts
from requests_app.models import SigningInvitation, SigningReminder
from requests_app.signing import invitations, reminders
from tests import factories
from tests.requests_app.signing.conftest import link, open_invitation, render

pytestmark = pytest.mark.django_db


def mails(kind: str) -> list[str]:
    return list(NoticeMessage.objects.filter(kind=kind).order_by("pk").values_list("to_email", flat=True))


def test_agent_corrects_a_mistyped_address_and_the_old_link_is_void(client, ready, agent_request):
    old = open_invitation(ready)
    client.force_login(agent_request.agent)
    client.post(f"/requests/{agent_request.reference}/agreement/address/", {"email": "right@example.com"})

    assert open_invitation(ready).email == "right@example.com"
    assert mails("invitation_to_sign") == [old.email, "right@example.com"]
    assert client.get(link(old)).status_code == 410
    assert factories.refreshed(agent_request).customer_email == "right@example.com"
    assert versions.matches(ready, factories.refreshed(agent_request))


def test_address_of_a_colleague_is_refused_at_the_field(client, ready, agent_request):
    old = open_invitation(ready)
    client.force_login(agent_request.agent)
    answer = client.post(
        f"/requests/{agent_request.reference}/agreement/address/", {"email": agent_request.agent.email}
    )
    assert "somebody at your company" in answer.content.decode()
    assert open_invitation(ready) == old


def test_address_of_a_customer_with_an_account_is_theirs(ready, agent_request):
    drafts.claim(agent_request, by=factories.UserFactory())
    with pytest.raises(Refused) as refused:
        invitations.correct_address(ready, "right@example.com", by=agent_request.agent)
    assert refused.value.code == "has_account"


def test_canceled_invitation_opens_nothing(client, ready, agent_request):
    old = open_invitation(ready)
    client.force_login(agent_request.agent)
    for _click in range(2):
        answer = client.post(f"/requests/{agent_request.reference}/agreement/cancel/", follow=True)

    assert "no open invitation" in answer.content.decode()
    assert "The link was canceled" in answer.content.decode()
    assert client.get(link(old)).status_code == 410
    assert agent_request.events.filter(kind=EventKind.INVITATION_CANCELED).count() == 1


def test_void_pending_leaves_no_open_link(ready, agent_request):
    versions.void_pending(agent_request, by=None)
    assert not SigningInvitation.objects.filter(voided_at=None).exists()


def test_both_are_reminded_three_times_and_the_last_link_is_renewed(agent_request, time_machine):
    time_machine.move_to("2026-10-05T18:00:00Z", tick=False)  # Monday
    agreement = render(agent_request)
    first = open_invitation(agreement)
    told = []
    for day in range(5, 31):
        time_machine.move_to(f"2026-10-{day:02}T20:00:00Z", tick=False)
        told += [day for _run in range(2) if reminders.run_due()]

    assert told == [7, 12, 19]  # 2, 5 and 10 business days
    assert SigningReminder.objects.count() == 6
    assert mails("signature_reminder").count(agent_request.agent.email) == 3
    assert mails("signature_reminder").count(agent_request.customer_email) == 2
    assert mails("invitation_to_sign") == [agent_request.customer_email] * 2  # the renewed link is the third
    assert open_invitation(agreement) != first


def test_who_signed_and_whose_link_was_canceled_are_left_alone(agent_request, time_machine):
    time_machine.move_to("2026-10-05T18:00:00Z", tick=False)
    agreement = render(agent_request)
    factories.sign(agreement, Party.AGENT)
    invitations.cancel_invitation(agreement, by=agent_request.agent)
    time_machine.move_to("2026-10-20T18:00:00Z", tick=False)
    assert reminders.run_due() == 0


def test_reminders_cost_the_same_for_one_agreement_and_for_many(agent_request, django_assert_max_num_queries):
    render(agent_request)
    with django_assert_max_num_queries(12) as one:
        reminders.run_due()
    for _more in range(3):
        render(factories.complete_request(company=agent_request.agent_company))
    with django_assert_max_num_queries(12) as many:
        reminders.run_due()
    assert len(one.captured_queries) == len(many.captured_queries)


def test_customer_is_mailed_what_changed_and_which_sections_are_asked_for(agent_request):
    signed = factories.executed(agent_request)
    drafts.save_facts(signed, {"city": "Arcadia"}, by=signed.agent, version=signed.version)
    render(factories.refreshed(signed))

    mail = NoticeMessage.objects.filter(kind="invitation_to_sign").order_by("pk").last()
    assert "City: Monrovia → Arcadia" in mail.text
    assert "sections alone: Customer terms" in mail.text
    assert mails("sign_again") == []  # the agent prepared it


def test_customer_with_an_account_is_told_what_the_agent_changed(agent_request):
    customer = factories.UserFactory()
    drafts.claim(agent_request, by=customer)
    signed = factories.executed(factories.refreshed(agent_request))
    drafts.save_facts(signed, {"city": "Arcadia"}, by=signed.agent, version=signed.version)
    render(factories.refreshed(signed))
    assert mails("sign_again") == [customer.email]
