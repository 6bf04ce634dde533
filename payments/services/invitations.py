"""An invitation to pay: the token that its link is made of, whether it still opens anything, its end.

The link is a signature over the invitation's key, made when the mail leaves (as the signing links are).
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core import signing
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.errors import Refused
from msa_portal.jobs import kick
from payments.models import Allocation, PayInvitation, Payment
from requests_app.enums import Status
from requests_app.fee_rules import Because
from requests_app.lifecycle import settlement
from requests_app.models import MSARequest

LIFE = timedelta(days=14)
# How long the link gives the receipt of what was paid by it.
RECEIPT_FOR = timedelta(days=90)
# A dot parts key and signature: a colon would be escaped by some mail programs.
_SIGNER = signing.Signer(salt="payments.pay_links", sep=".")


def token_for(key: uuid.UUID) -> str:
    return _SIGNER.sign(key.hex)


def invitation_for(token: str) -> PayInvitation | None:
    """None for a token that we did not make."""
    try:
        key = uuid.UUID(hex=_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    people = (
        "round__msa_request__agent_company",
        "round__msa_request__agent",
        "round__msa_request__authority",
        "round__msa_request__owner",
        "invited_by",
    )
    return PayInvitation.objects.filter(key=key).select_related(*people).first()


def check_open(invitation: PayInvitation) -> None:
    """Raises `Refused` with what happened, and what to do instead, if the link can no longer be used to pay."""
    msa_request, who = invitation.round.msa_request, {"who": invitation.invited_by.name}
    if invitation.round.settlement:
        raise Refused(f"{Because.SETTLED.label} {_('You need do nothing.')}", code="fee_settled")
    if msa_request.status == Status.WITHDRAWN:
        raise Refused(_("The request was withdrawn, so there is nothing to pay."), code="withdrawn")
    if not msa_request.has_agent:
        raise Refused(
            _(
                "The company that asked you to pay acts for this home no longer, so this link ended. Nothing was charged."
            ),
            code="agent_over",
        )
    if invitation.email.lower() != msa_request.customer_email.lower():
        raise Refused(
            _("Your email address was changed, so this link ended. Ask %(who)s to send you a new one.") % who,
            code="address_changed",
        )
    if invitation.round.closed_at is not None:
        raise Refused(_("This visit is over, so there is nothing to pay for it."), code="visit_closed")
    if invitation.voided_at is not None:
        if PayInvitation.objects.filter(round=invitation.round, pk__gt=invitation.pk).exists():
            raise Refused(_("A newer link was mailed to you. Please use that one."), code="link_replaced")
        raise Refused(_("%(who)s took this link back. Nothing is to be paid with it.") % who, code="link_canceled")
    if not invitation.is_open:
        ended = who | {"day": formats.day(invitation.expires_at)}
        raise Refused(
            _("This link worked until %(day)s. Ask %(who)s to send you a new one.") % ended, code="link_expired"
        )


def void(msa_request: MSARequest, *, only: Q | None = None) -> int:
    """End the request's open invitations, and a checkout that was opened by one, after the commit.

    A bank debit that has started isn't stopped. The caller holds the request's lock and records why. Returns how many.
    """
    invitations = PayInvitation.objects.filter(only or Q(), round__msa_request=msa_request, voided_at__isnull=True)
    ended = list(invitations.values_list("pk", flat=True))
    if not ended:
        return 0
    PayInvitation.objects.filter(pk__in=ended).update(voided_at=timezone.now(), updated_at=timezone.now())
    if msa_request.customer_pays_until:
        settlement.ask_customer_to_pay(msa_request, until=None)
    for payment in Payment.objects.filter(invitation__in=ended, state__in=Payment.UNPAID):
        kick("payments.end_checkout", payment.pk)
    return len(ended)


def part_paid(invitation: PayInvitation) -> Allocation | None:
    """What came, or is on its way, by this link: the part of the payment that did most for the fee."""
    rows = Allocation.objects.filter(
        payment__invitation=invitation, payment__state__in=[Payment.State.PENDING, *Payment.RECEIVED]
    )
    parts = list(rows.select_related("payment", "fee__round", "receipt").order_by("-pk"))
    order = (Allocation.State.SETTLED, Allocation.State.WAITING, Allocation.State.HELD, Allocation.State.DUPLICATE)
    return min(parts, key=lambda part: order.index(Allocation.State(part.state)), default=None)


def gives_receipt(invitation: PayInvitation, part: Allocation) -> bool:
    """Whether the link still opens the receipt of what was paid by it."""
    paid_at = part.payment.paid_at
    recent = paid_at is not None and paid_at + RECEIPT_FOR > timezone.now()
    return part.state == Allocation.State.SETTLED and recent and part.payment.invitation_id == invitation.pk
