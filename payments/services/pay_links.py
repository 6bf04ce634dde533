"""Invite to pay: the customer pays what an agent submitted by a mailed link. No account, one visit's fee."""

from __future__ import annotations

import uuid
from typing import cast

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices import links
from msa_portal.notices.links import LinkGone, absolute
from payments import notices
from payments.models import Fee, PayInvitation, Payment
from payments.services import checkout, fees, invitations, open_payments
from payments.services.invitations import check_open, invitation_for, token_for
from payments.services.payers import Payer
from requests_app import history, permissions
from requests_app.enums import EventKind
from requests_app.fee_rules import Because
from requests_app.lifecycle import policies, settlement
from requests_app.models import MSARequest, VisitRound

__all__ = [
    "address_for",
    "cancel",
    "check_can_invite",
    "check_open",
    "invitation_for",
    "invite",
    "open_checkout",
    "standing",
    "token_for",
]


def connect() -> None:
    links.register(notices.PAY_LINK, address_for)
    links.register(notices.PAID_LINK, address_once_paid)


def address_for(key: str) -> str:
    """The absolute link for an invitation's key; raises `LinkGone` if it no longer opens anything."""
    token = token_for(uuid.UUID(key))
    invitation = invitation_for(token)
    if invitation is None:
        raise LinkGone("no such invitation to pay")
    try:
        check_open(invitation)
    except Refused as refusal:
        raise LinkGone(refusal.code) from refusal
    return absolute(f"/pay/{token}/")


def address_once_paid(key: str) -> str:
    """The same page, which gives the receipt to anyone who paid by the link."""
    return absolute(f"/pay/{token_for(uuid.UUID(key))}/")


def standing(visit: VisitRound) -> PayInvitation | None:
    """The invitation that the customer holds for that visit, run out or not."""
    open_now = PayInvitation.objects.filter(round=visit, voided_at__isnull=True)
    return open_now.select_related("invited_by").first()


def check_can_invite(msa_request: MSARequest) -> None:
    """The fee form is open, nobody pays just now, and an agent acts for a customer whose address is known."""
    if not msa_request.has_agent:
        raise Refused(_("Only an agent invites a customer to pay."), code="no_agent")
    if not msa_request.customer_email:
        raise Refused(_("Enter the customer's e-mail address on the form first."), code="no_address")
    policies.check_payable(msa_request)
    visit = policies.open_round(msa_request)
    if visit.settlement:
        raise Refused(Because.SETTLED.label, code="fee_settled")
    if fees.quote(msa_request, visit) is None:
        raise Refused(_("Nothing is to be paid for this visit."), code="nothing_due")
    _check_nobody_pays(msa_request)


def _check_nobody_pays(msa_request: MSARequest) -> None:
    """An earlier link's own checkout is no hindrance: it ends with that link."""
    for payment in Payment.objects.filter(fees__round__msa_request=msa_request, state__in=Payment.LIVE):
        if payment.state == Payment.State.PENDING:
            raise Refused(_("A bank payment of this fee is on its way. Wait for it."), code="payment_pending")
        if payment.state == Payment.State.OPEN and payment.invitation_id is None:
            raise Refused(
                _("Until %(until)s a payment of this fee is open. Cancel it first.")
                % {"until": open_payments.ends_at_in_words(payment)},
                code="payment_open",
            )


def invite(msa_request: MSARequest, *, by: User) -> PayInvitation:
    """Mail the customer a link to pay the open visit's fee; an earlier link for it opens nothing more."""
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_agent(fresh, by)
        check_can_invite(fresh)
        fee = cast(Fee, fees.raise_fee(fresh, by=by))  # there is one: the check found an amount and no settlement
        invitations.void(fresh, only=Q(round=fee.round))
        invitation = PayInvitation.objects.create(
            round=fee.round,
            email=fresh.customer_email,
            name=fresh.customer_name,
            invited_by=by,
            expires_at=timezone.now() + invitations.LIFE,
        )
        settlement.ask_customer_to_pay(fresh, until=invitation.expires_at)
        history.record_locked(fresh, EventKind.PAY_INVITED, by=by, codes={"round": fee.round.number})
        notices.invited_to_pay(invitation, fee)
    return invitation


def cancel(msa_request: MSARequest, *, by: User) -> None:
    """The agent takes the link back: it opens nothing more, and a checkout opened by it ends."""
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_agent(fresh, by)
        if not invitations.void(fresh):
            raise Refused(_("There is no link to take back: it ended already."), code="no_invitation")
        history.record_locked(fresh, EventKind.PAY_INVITATION_CANCELED, by=by, codes={})


def _check_agent(msa_request: MSARequest, by: User) -> None:
    if not permissions.is_agent_of(by, msa_request):
        raise Refused(_("Only the agent of record invites the customer to pay."), code="not_allowed")


def check_payable_now(invitation: PayInvitation) -> None:
    """As the policies have it, in words for somebody who sees nothing but the fee."""
    try:
        policies.check_payable(invitation.round.msa_request)
    except Refused as refusal:
        raise Refused(
            _("Something on the request is being changed, so the fee cannot be paid now. Ask %(who)s when it can.")
            % {"who": invitation.invited_by.name},
            code="not_now",
        ) from refusal


def open_checkout(invitation: PayInvitation, *, expected_cents: int) -> Payment:
    """The provider's page for anyone who has the link. Raises `Refused` with the reason.

    Whether the link still holds is looked at again under the request's lock (`Payer.check_may_pay`).
    """
    check_open(invitation)
    check_payable_now(invitation)
    payer = Payer(invitation.name, invitation.email, invitation=invitation)
    return checkout.open_for([invitation.round.msa_request], payer=payer, expected_cents=expected_cents)
