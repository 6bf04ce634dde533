"""Payments that have not come to an end: which of them is gone on with, and what one says to others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from payments.models import Fee, PayInvitation, Payment
from payments.services import settle
from payments.services.payers import Payer
from requests_app import permissions
from requests_app.models import MSARequest

# The provider takes no session that ends sooner than in 30 minutes.
SHORTEST_LIFE = timedelta(minutes=31)


def live_payment(msa_request: MSARequest) -> Payment | None:
    """The payment under way on that request, newest first."""
    return Payment.objects.filter(fees__round__msa_request=msa_request, state__in=Payment.LIVE).first()


def reusable(owed: Sequence[Fee], payer: Payer) -> Payment | None:
    """The payment under way for just these fees, if it still leads anywhere."""
    now, wanted = timezone.now(), {fee.pk for fee in owed}
    for payment in Payment.objects.filter(fees__in=wanted, state__in=Payment.LIVE).distinct():
        obstacle = obstacle_for(payment, user=payer.user, invitation=payer.invitation)
        if obstacle == "payment_pending":
            raise Refused(_on_its_way(payment, owed), code=obstacle)
        covers = set(payment.fees.values_list("pk", flat=True))
        if not obstacle and covers < wanted:
            _abandon(payment)
            continue
        if covers != wanted or payment.invitation != payer.invitation:
            raise Refused(_paid_elsewhere(payment, owed, payer), code="paid_elsewhere")
        if payment.state == Payment.State.OPEN:
            return payment
        if payment.session_expires_at and payment.session_expires_at - now >= SHORTEST_LIFE:
            return payment
        _abandon(payment)
    return None


def obstacle_for(payment: Payment, *, user: User | None, invitation: PayInvitation | None = None) -> str:
    """The refusal code for starting a payment that covers more than the open one; empty if it's allowed.

    This person's own attempt that the provider has not answered is no obstacle: nobody was given the address.
    """
    if payment.state == Payment.State.PENDING:
        return "payment_pending"
    same = payment.payer_id == (user.pk if user else None) and payment.invitation_id == (
        invitation.pk if invitation else None
    )
    return "" if payment.state == Payment.State.CREATED and same else "paid_elsewhere"


def _on_its_way(payment: Payment, owed: Sequence[Fee]) -> str:
    if len(owed) == 1:
        return _("Your bank payment is on its way. That takes a few days; we tell you when it is here.")
    return _("%(fees)s: a bank payment is on its way. Leave it out, and pay the others.") % {
        "fees": _shared(payment, owed)
    }


def _paid_elsewhere(payment: Payment, owed: Sequence[Fee], payer: Payer) -> str:
    until = ends_at_in_words(payment)
    if payer.invitation is not None:
        return _(
            "Somebody else is paying this fee right now. If they have not finished by %(until)s, come back to this link."
        ) % {"until": until}
    if len(owed) == 1:
        return _(
            "%(who)s opened a payment that includes this fee. At %(until)s it ends; wait until then, or cancel it first."
        ) % {"who": payment.payer_name, "until": until}
    return _(
        "%(fees)s: %(who)s opened a payment for it, which ends at %(until)s. Leave it out, or cancel that one."
    ) % {
        "fees": _shared(payment, owed),
        "who": payment.payer_name,
        "until": until,
    }


def _shared(payment: Payment, owed: Sequence[Fee]) -> str:
    """The references of those fees that the payment covers, too."""
    covers = set(payment.fees.values_list("pk", flat=True))
    return ", ".join(str(fee.round.msa_request.reference) for fee in owed if fee.pk in covers)


def ends_at_in_words(payment: Payment) -> str:
    return formats.time_of_day(ends_at(payment))


def _abandon(payment: Payment) -> None:
    """The provider never answered, and nobody was given the address: nothing can come of it."""
    payment.state = Payment.State.EXPIRED
    payment.save(update_fields=["state", "updated_at"])


def ends_at(payment: Payment) -> datetime:
    """Every payment of ours is made with it; the column is empty for none."""
    return cast(datetime, payment.session_expires_at)


def check_can_cancel(payment: Payment, *, by: User) -> None:
    """Whoever opened it, or acts for every request in it, while it is open."""
    if payment.state not in {Payment.State.CREATED, Payment.State.OPEN}:
        raise Refused(_("There is no open payment that could be canceled."), code="no_open_payment")
    if payment.payer_id == by.pk:
        return
    if not all(permissions.acts_for(by, msa_request) for msa_request in settle.requests_of(payment)):
        raise Refused(
            _("This payment is for other homes, too. %(who)s can cancel it; else at %(until)s it ends.")
            % {"who": payment.payer_name, "until": ends_at_in_words(payment)},
            code="not_allowed",
        )
