from __future__ import annotations

import pytest

from msa_portal.accounts.models import User
from requests_app.agreements import versions
from requests_app.enums import Party
from requests_app.models import Agreement, MSARequest, SigningInvitation
from requests_app.signing import esign_consent, invitations, rendering
from tests import factories


@pytest.fixture
def agent_request(db) -> MSARequest:
    return factories.complete_request(company=factories.CompanyFactory())


@pytest.fixture
def ready(agent_request) -> Agreement:
    """An agreement of an agent's customer, rendered, whose customer is invited."""
    return render(agent_request)


@pytest.fixture
def consented(ready) -> Agreement:
    """The same, whose customer has agreed to sign electronically."""
    agree(ready, Party.CUSTOMER, proof(invitation=open_invitation(ready)))
    return ready


def proof(user: User | None = None, invitation: SigningInvitation | None = None) -> invitations.Proof:
    email = invitation.email if invitation else user.email if user else ""
    return invitations.Proof(user, invitation, email, "127.0.0.1", "tests")


def agree(agreement: Agreement, party: Party, by: invitations.Proof) -> None:
    esign_consent.open_document(agreement, party, by)
    esign_consent.give(agreement, party, by)


def render(msa_request: MSARequest) -> Agreement:
    agreement = versions.prepare(msa_request, by=factories.actor_of(msa_request))
    rendering.render(agreement.pk)
    return Agreement.objects.get(pk=agreement.pk)


def open_invitation(agreement: Agreement) -> SigningInvitation:
    return agreement.invitations.get(used_at__isnull=True, voided_at__isnull=True)


def link(invitation: SigningInvitation) -> str:
    return f"/sign/{invitations.token_for(invitation.key)}/"


def answers(agreement: Agreement, **changed: str) -> dict[str, str]:
    return {"name": "Alice Sample", "agrees": "on", "document": agreement.document.sha256} | changed
