"""A customer's email address corrected on the phone: the new one proves itself, the old one is told, only it moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from msa_portal.errors import Refused
from msa_portal.notices import links
from msa_portal.notices.models import NoticeMessage
from payments.services import invitations as pay_invitations
from payments.services import pay_links
from requests_app.enums import Party
from requests_app.lifecycle import drafts
from requests_app.models import AddressCorrection, AgentAuthority, MSARequest, Signature, SigningInvitation
from requests_app.notices import Person, notify
from requests_app.signing import address_corrections, invitations
from requests_app.signing.notices import SignatureReminder
from tests import factories

pytestmark = pytest.mark.django_db

OLD, NEW = "carla@typo.example.com", "carla@example.com"


def of_agent(**facts: Any) -> MSARequest:
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    MSARequest.objects.filter(pk=msa_request.pk).update(customer_email=OLD, **facts)
    return factories.refreshed(msa_request)


def path_of(correction: AddressCorrection) -> str:
    return reverse("requests:confirm_address", args=[address_corrections.token_for(correction.key)])


def test_new_address_counts_once_its_owner_confirms_it(client: Client) -> None:
    msa_request = of_agent()
    with transaction.atomic():
        notify(SignatureReminder, msa_request, key="x", people=[Person(OLD, "", None)], by_link=False)
    correction = address_corrections.ask(msa_request, NEW, by=factories.staff())
    mails = set(NoticeMessage.objects.values_list("to_email", "kind"))
    assert mails >= {(NEW, "confirm_address"), (OLD, "address_to_change")}
    assert links.resolve(f"address_correction:{correction.key}").endswith(path_of(correction))
    assert client.get(path_of(correction)).status_code == 200
    assert factories.refreshed(msa_request).customer_email == OLD
    assert "Your address is confirmed" in client.post(path_of(correction)).text
    assert factories.refreshed(msa_request).customer_email == NEW
    states = dict(NoticeMessage.objects.filter(to_email=OLD).values_list("kind", "state"))
    assert states == {"address_to_change": "queued", "signature_reminder": "canceled"}
    assert msa_request.events.filter(kind="address_corrected", actor=None).count() == 1


def test_link_works_once_expires_and_ends_with_the_next_one(client: Client) -> None:
    msa_request, staff = of_agent(), factories.staff()
    first = address_corrections.ask(msa_request, "first@example.com", by=staff)
    second = address_corrections.ask(msa_request, NEW, by=staff)
    assert client.get(path_of(first)).status_code == 410
    with pytest.raises(Refused, match="no longer works"):
        address_corrections.confirm(first)
    assert client.post(path_of(first)).status_code == 410
    with time_machine.travel(timezone.now() + timedelta(days=400)):
        assert client.post(path_of(second)).status_code == 410
    assert factories.refreshed(msa_request).customer_email == OLD
    client.post(path_of(second))
    assert client.post(path_of(second)).status_code == 410
    assert client.get(reverse("requests:confirm_address", args=["x.y"])).status_code == 404


def test_no_account_signature_or_authority_moves(client: Client) -> None:
    """Somebody has an account with the new address; the customer has signed and authorized by the old one."""
    msa_request = factories.executed(of_agent())
    stranger = factories.UserFactory(email=NEW)

    def rows() -> list[list[Any]]:
        signatures = Signature.objects.filter(agreement__msa_request=msa_request)
        return [
            list(AgentAuthority.objects.values("pk", "customer", "customer_email", "company")),
            list(msa_request.agreements.values("pk", "state")),
            list(signatures.order_by("party").values_list("party", "email", "user", "name")),
        ]

    before = rows()
    assert before[0]
    assert [row[0] for row in before[2]] == [Party.AGENT, Party.CUSTOMER]
    client.post(path_of(address_corrections.ask(msa_request, NEW, by=factories.staff())))
    msa_request = factories.refreshed(msa_request)
    assert (msa_request.customer_email, msa_request.owner, rows()) == (NEW, None, before)
    assert not MSARequest.objects.visible_to(stranger).exists()


def test_open_link_to_sign_goes_to_the_new_address_and_the_old_one_opens_nothing(client: Client) -> None:
    msa_request = of_agent()
    agreement = factories.prepared(msa_request)
    used = invitations.invite_customer(agreement, by=msa_request.agent)
    SigningInvitation.objects.filter(pk=used.pk).update(used_at=timezone.now())
    old = invitations.invite_customer(agreement, by=msa_request.agent)
    client.post(path_of(address_corrections.ask(msa_request, NEW, by=factories.staff())))
    for link in (old, used):
        link.refresh_from_db()
        with pytest.raises(Refused):
            invitations.check_link_holds(link)
    assert agreement.invitations.get(voided_at=None, used_at=None).email == NEW


def test_customer_with_an_account_and_strangers_are_refused() -> None:
    mine = factories.complete_request()
    with pytest.raises(Refused, match="has an account"):
        address_corrections.ask(mine, NEW, by=factories.staff())
    theirs = of_agent()
    for person in (theirs.agent, factories.dispatcher(), factories.UserFactory()):
        with pytest.raises(Refused, match="Only program staff"):
            address_corrections.ask(theirs, NEW, by=person)


def test_account_taken_meanwhile_ends_the_link(client: Client) -> None:
    msa_request = of_agent()
    correction = address_corrections.ask(msa_request, NEW, by=factories.staff())
    drafts.claim(msa_request, by=factories.UserFactory(email=OLD))
    assert client.post(path_of(correction)).status_code == 410
    assert factories.refreshed(msa_request).customer_email == OLD


def test_address_that_the_agent_corrected_meanwhile_stays(client: Client) -> None:
    """Misheard on the phone, then corrected by the agent: a stranger's click would move the address, and the link to sign."""
    msa_request = of_agent()
    correction = address_corrections.ask(msa_request, "misheard@example.com", by=factories.staff())
    changes = {"customer_email": NEW}
    drafts.save_facts(msa_request, changes, by=msa_request.agent, version=factories.refreshed(msa_request).version)
    assert address_corrections.pending(factories.refreshed(msa_request)) is None
    assert client.get(path_of(correction)).status_code == 410
    assert client.post(path_of(correction)).status_code == 410
    assert factories.refreshed(msa_request).customer_email == NEW


def test_link_to_pay_at_the_old_address_opens_nothing(client: Client) -> None:
    msa_request = factories.executed(of_agent())
    invitation = pay_links.invite(msa_request, by=msa_request.agent)
    assert pay_invitations.check_open(invitation) is None
    client.post(path_of(address_corrections.ask(msa_request, NEW, by=factories.staff())))
    invitation.refresh_from_db()
    with pytest.raises(Refused):
        pay_invitations.check_open(invitation)
    assert factories.refreshed(msa_request).customer_pays_until is None
