"""Who may sign what, and what makes a signature impossible."""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

import pytest

from msa_portal.errors import Refused
from msa_portal.notices import links
from msa_portal.notices.models import NoticeMessage
from requests_app import tasks
from requests_app.agreements import versions
from requests_app.enums import AgreementState, EventKind, Party
from requests_app.lifecycle import drafts
from requests_app.models import Agreement, Signature
from requests_app.signing import authority, invitations, rendering, signatures
from tests import factories
from tests.requests_app.signing.conftest import agree, open_invitation, proof, render

pytestmark = pytest.mark.django_db


def sign(agreement, party, *, user=None, invitation=None, name="Alice Sample", sha256=None):
    signer = proof(user, invitation)
    with suppress(Refused):
        agree(agreement, party, signer)
    return signatures.sign(
        agreement,
        party=party,
        name=name,
        document_sha256=sha256 or agreement.document.sha256,
        proof=signer,
    )


def refusal(*args, **kwargs) -> str:
    before = Signature.objects.count()
    with pytest.raises(Refused) as refused:
        sign(*args, **kwargs)
    assert Signature.objects.count() == before
    return refused.value.code


def kinds(msa_request) -> list[str]:
    return list(msa_request.events.values_list("kind", flat=True))


def test_customer_alone_executes_by_one_signature():
    msa_request = factories.complete_request()
    agreement = render(msa_request)
    signature = sign(agreement, Party.CUSTOMER, user=msa_request.owner, name="  Alice   Sample ")

    assert agreement.state == AgreementState.EXECUTED
    assert (signature.name, signature.email_proof, signature.sections) == (
        "Alice Sample",
        "account",
        ["customer_terms"],
    )
    assert signature.consent_text == agreement.wording.consent
    after = ["agreement_prepared", "agreement_signed", "agreement_executed"]
    assert [kind for kind in kinds(msa_request) if kind.startswith("agreement")] == after


@pytest.mark.parametrize("first", [Party.CUSTOMER, Party.AGENT])
def test_agent_and_customer_execute_in_either_order(ready, agent_request, first):
    by = {
        Party.CUSTOMER: {"invitation": open_invitation(ready)},
        Party.AGENT: {"user": agent_request.agent},
    }
    for party in sorted(Party, key=lambda signer: signer != first):
        assert ready.state == AgreementState.SIGNING
        sign(ready, party, **by[party])

    assert ready.state == AgreementState.EXECUTED
    assert versions.is_executed(factories.refreshed(agent_request))
    assert ready.signatures.get(party="agent").sections == ["authorization", "submittal"]
    assert ready.signatures.get(party="customer").sections == ["customer_terms", "authorization"]


def test_second_signature_of_one_party_is_refused(ready, agent_request):
    sign(ready, Party.AGENT, user=agent_request.agent)
    assert refusal(ready, Party.AGENT, user=agent_request.agent) == "already_signed"


def test_link_signs_once(ready):
    invitation = open_invitation(ready)
    sign(ready, Party.CUSTOMER, invitation=invitation)
    assert refusal(ready, Party.CUSTOMER, invitation=invitation) == "link_used"


def test_signature_under_another_hash_is_refused(ready):
    assert refusal(ready, Party.CUSTOMER, invitation=open_invitation(ready), sha256="0" * 64) == "document_changed"


def test_empty_name_is_refused(ready, agent_request):
    assert refusal(ready, Party.AGENT, user=agent_request.agent, name="  ") == "no_name"


def test_agreement_that_is_replaced_while_it_is_read_is_not_signed():
    msa_request = factories.complete_request()
    read = render(msa_request)
    drafts.save_facts(msa_request, {"city": "Arcadia"}, by=msa_request.owner, version=msa_request.version)
    assert refusal(read, Party.CUSTOMER, user=msa_request.owner) == "agreement_replaced"


def test_expired_link_is_refused(ready, time_machine):
    invitation = open_invitation(ready)
    time_machine.move_to(invitation.expires_at)
    assert refusal(ready, Party.CUSTOMER, invitation=invitation) == "link_expired"


def test_new_link_voids_the_earlier_one(ready, agent_request):
    old = open_invitation(ready)
    new = invitations.invite_customer(ready, by=agent_request.agent)

    assert refusal(ready, Party.CUSTOMER, invitation=old) == "link_void"
    sign(ready, Party.CUSTOMER, invitation=new)


def test_link_for_another_request_is_refused(ready):
    other = render(factories.complete_request(company=factories.CompanyFactory()))
    assert refusal(ready, Party.CUSTOMER, invitation=open_invitation(other)) == "wrong_link"


def test_agent_cannot_sign_for_the_customer_nor_the_customer_for_the_agent(ready, agent_request):
    customer = factories.UserFactory()
    drafts.claim(agent_request, by=customer)

    assert refusal(ready, Party.CUSTOMER, user=agent_request.agent) == "not_allowed"
    assert refusal(ready, Party.AGENT, user=customer) == "not_allowed"
    assert refusal(ready, Party.AGENT, user=factories.UserFactory()) == "not_allowed"


def test_customer_with_an_account_signs_there_and_the_link_is_void(ready, agent_request):
    customer = factories.UserFactory()
    invitation = open_invitation(ready)
    drafts.claim(agent_request, by=customer)
    sign(ready, Party.CUSTOMER, user=customer)

    assert refusal(ready, Party.CUSTOMER, invitation=invitation) == "link_void"


def test_revoked_agent_cannot_sign_and_what_was_pending_is_void(ready, agent_request):
    customer, invitation = factories.UserFactory(), open_invitation(ready)
    drafts.claim(agent_request, by=customer)
    authority.take_over(agent_request, by=customer)

    assert refusal(ready, Party.AGENT, user=agent_request.agent) == "not_allowed"
    assert refusal(ready, Party.CUSTOMER, invitation=invitation) == "link_void"


def test_withdrawn_request_is_not_signed():
    msa_request = factories.complete_request()
    agreement = render(msa_request)
    factories.withdrawn(msa_request)
    assert refusal(agreement, Party.CUSTOMER, user=msa_request.owner) == "request_closed"
    with pytest.raises(Refused) as refused:
        versions.prepare(msa_request, by=msa_request.owner)
    assert refused.value.code == "request_closed"


def test_changed_fact_replaces_the_agreement_and_asks_anew():
    msa_request = factories.executed(factories.complete_request())
    drafts.save_facts(msa_request, {"city": "Arcadia"}, by=msa_request.owner, version=msa_request.version)

    assert not versions.is_executed(factories.refreshed(msa_request))
    new = render(factories.refreshed(msa_request))
    assert (new.version, new.state, new.facts["city"]) == (2, AgreementState.SIGNING, "Arcadia")
    assert kinds(msa_request)[-2:] == [EventKind.AGREEMENT_SUPERSEDED, EventKind.AGREEMENT_PREPARED]
    assert Agreement.objects.get(msa_request=msa_request, version=1).state == AgreementState.SUPERSEDED


def test_fact_that_the_agreement_does_not_state_leaves_it_as_it_is():
    msa_request = factories.executed(factories.complete_request())
    drafts.save_facts(msa_request, {"access_notes": "Side gate"}, by=msa_request.owner, version=msa_request.version)
    assert versions.is_executed(factories.refreshed(msa_request))


def test_preparing_again_gives_the_agreement_that_is_there(ready, agent_request):
    assert versions.prepare(agent_request, by=agent_request.agent) == ready


def test_customer_is_invited_once_when_the_document_is_ready(ready, agent_request):
    message = NoticeMessage.objects.get(kind="invitation_to_sign")

    assert message.to_email == agent_request.customer_email
    assert kinds(agent_request).count(EventKind.SIGNATURE_REQUESTED) == 1
    assert message.private_link == f"sign:{open_invitation(ready).key}"
    assert str(open_invitation(ready).key.hex) not in message.text + message.html
    assert links.resolve(message.private_link).startswith("http://localhost:8000/sign/")


def test_mail_with_a_void_link_is_not_worth_sending(ready, agent_request):
    old = open_invitation(ready)
    invitations.invite_customer(ready, by=agent_request.agent)
    with pytest.raises(links.LinkGone):
        links.resolve(f"sign:{old.key}")


def test_customer_without_an_agent_is_not_mailed_a_link():
    render(factories.complete_request())
    assert not NoticeMessage.objects.filter(kind="invitation_to_sign").exists()


def test_customer_is_reminded_once_after_the_business_days(agent_request, time_machine):
    time_machine.move_to("2026-11-02T18:00:00Z", tick=False)  # Monday
    render(agent_request)
    reminders = NoticeMessage.objects.filter(kind="signature_reminder", to_email=agent_request.customer_email)

    time_machine.move_to("2026-11-03T18:00:00Z", tick=False)
    tasks.remind_signers()
    assert reminders.count() == 0
    time_machine.move_to("2026-11-04T18:00:00Z", tick=False)
    tasks.remind_signers()
    tasks.remind_signers()
    assert reminders.count() == 1


def test_signed_document_is_rendered_once_executed(ready, agent_request):
    sign(ready, Party.AGENT, user=agent_request.agent)
    assert rendering.render(ready.pk) is False
    sign(ready, Party.CUSTOMER, invitation=open_invitation(ready))
    assert rendering.render(ready.pk) is True
    assert rendering.render(ready.pk) is False


def test_customer_who_has_signed_is_not_invited_again(ready, agent_request):
    sign(ready, Party.CUSTOMER, invitation=open_invitation(ready))
    with pytest.raises(Refused) as refusal:
        invitations.invite_customer(ready, by=agent_request.agent)
    assert refusal.value.code == "already_signed"
    sign(ready, Party.AGENT, user=agent_request.agent)
    with pytest.raises(Refused) as refusal:
        invitations.invite_customer(ready, by=agent_request.agent)
    assert refusal.value.code == "not_signing"


def test_nobody_signs_without_a_link_or_an_account(ready):
    assert refusal(ready, Party.CUSTOMER) == "not_allowed"


def test_address_of_an_invitation_that_is_not_there(db):
    with pytest.raises(links.LinkGone):
        invitations.address_for(uuid4().hex)
