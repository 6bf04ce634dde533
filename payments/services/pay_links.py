"""The link by which a customer pays what an agent submitted: no account, one visit's fee.

The link is a signature over the invitation's key, made when the mail leaves (as the signing links are).
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices import links
from msa_portal.notices.links import LinkGone, absolute
from payments import notices
from payments.models import PayInvitation, Payment
from payments.services import checkout, fees
from requests_app import permissions, policies, settlement
from requests_app.enums import EventKind
from requests_app.models import MSARequest

LIFE = timedelta(days=14)
# A dot parts key and signature: a colon would be escaped by some mail programs.
_SIGNER = signing.Signer(salt="payments.pay_links", sep=".")


def connect() -> None:
    links.register(notices.PAY_LINK, address_for)


def token_for(key: uuid.UUID) -> str:
    return _SIGNER.sign(key.hex)


def address_for(key: str) -> str:
    """The absolute link for an invitation's key; raises `LinkGone` where it opens nothing any more."""
    invitation = PayInvitation.objects.filter(key=uuid.UUID(key)).select_related("round").first()
    if invitation is None or not invitation.is_open or invitation.round.settlement:
        raise LinkGone("the invitation to pay is over")
    return absolute(f"/pay/{token_for(invitation.key)}/")


def invitation_for(token: str) -> PayInvitation | None:
    """None for a token that we did not make."""
    try:
        key = uuid.UUID(hex=_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return PayInvitation.objects.filter(key=key).select_related("round__request__agent_company", "invited_by").first()


def check_can_invite(request: MSARequest) -> None:
    """The fee form is open, and an agent acts for a customer whose address is known."""
    policies.check_payable(request)
    if not request.has_agent:
        raise Refused(_("Only an agent invites a customer to pay."), code="no_agent")
    if not request.customer_email:
        raise Refused(_("Enter the customer's e-mail address on the form first."), code="no_address")
    visit = policies.open_round(request)
    if visit.settlement:
        raise Refused(_("The fee for this visit is settled already."), code="fee_settled")


def invite(request: MSARequest, *, by: User) -> PayInvitation:
    """Mail the customer a link to pay the open visit's fee; an earlier link for it opens nothing more."""
    with transaction.atomic():
        fresh = lock(request)
        if not permissions.is_agent_of(by, fresh):
            raise Refused(_("Only the agent of record invites the customer to pay."), code="not_allowed")
        check_can_invite(fresh)
        fee = fees.raise_fee(fresh, by=by)
        if fee is None:
            raise Refused(_("Nothing is to be paid for this visit."), code="nothing_due")
        PayInvitation.objects.filter(round=fee.round, voided_at__isnull=True).update(voided_at=timezone.now())
        invitation = PayInvitation.objects.create(
            round=fee.round,
            email=fresh.customer_email,
            name=fresh.customer_name,
            invited_by=by,
            expires_at=timezone.now() + LIFE,
        )
        settlement.note(fresh, EventKind.PAY_INVITED, by=by, codes={"round": fee.round.number})
        notices.invited_to_pay(invitation, fee)
    return invitation


def check_open(invitation: PayInvitation) -> None:
    """Raises `Refused` with what to do instead where the link pays nothing any more."""
    if invitation.round.settlement:
        raise Refused(_("This fee is paid already. You need do nothing."), code="fee_settled")
    if not invitation.is_open or not invitation.round.request.has_agent:
        raise Refused(
            _("This link has ended. Ask %(who)s to send you a new one.") % {"who": invitation.invited_by.name},
            code="link_over",
        )


def open_checkout(invitation: PayInvitation, *, expected_cents: int) -> Payment:
    """The provider's page for whoever holds the link. Raises `Refused` with the reason."""
    check_open(invitation)
    request = invitation.round.request
    if policies.open_round(request).pk != invitation.round_id:
        raise Refused(_("This visit is over, so there is nothing to pay for it."), code="visit_closed")
    payer = checkout.Payer(invitation.name, invitation.email, invitation=invitation)
    return checkout.open_for([request], payer=payer, expected_cents=expected_cents)
