"""What people are told about money."""

from __future__ import annotations

from django.urls import reverse

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import Notice
from payments.models import Fee, Payment, Refund
from requests_app.models import MSARequest
from requests_app.notices import Person, recipients, tell


class FeeDue(Notice):
    name = "fee_due"
    audience = "customer and agent, where they can pay"


class Receipt(Notice):
    name = "receipt"
    audience = "customer, agent and payer"


class RefundPaid(Notice):
    name = "refund_paid"
    audience = "customer, agent and payer"


class RefundFailed(Notice):
    name = "refund_failed"
    audience = "supervisors"


class PaymentHeld(Notice):
    name = "payment_held"
    audience = "customer, agent and payer"


class PaymentHeldStaff(Notice):
    name = "payment_held_staff"
    audience = "supervisors"


def fee_due(fee: Fee) -> None:
    """The fee form is open, for those who have an account to pay it from."""
    request = fee.round.request
    tell(
        FeeDue,
        request,
        key=str(fee.pk),
        people=[person for person in recipients(request) if person.user],
        to_page="fee",
        act_by=fee.quote_holds_until,
        amount=formats.usd(fee.amount_cents),
        second=fee.round.number > 1,
    )


def receipt(payment: Payment) -> None:
    """The money has arrived."""
    request = _request_of(payment)
    tell(
        Receipt,
        request,
        key=str(payment.pk),
        people=_with_payer(request, payment),
        amount=formats.usd(payment.amount_cents),
        paid_at=formats.moment(payment.paid_at) if payment.paid_at else "",
        visits=", ".join(str(fee.round.number) for fee in payment.fees.select_related("round")),
        payer=payment.payer.name,
    )


def refund_paid(refund: Refund) -> None:
    request = _request_of(refund.payment)
    tell(
        RefundPaid,
        request,
        key=str(refund.pk),
        people=_with_payer(request, refund.payment),
        amount=formats.usd(refund.amount_cents),
        reason=refund.get_reason_display(),
    )


def refund_failed(refund: Refund) -> None:
    """Told to supervisors alone: the customer's money is not on its way yet."""
    tell(
        RefundFailed,
        _request_of(refund.payment),
        key=str(refund.pk),
        people=_supervisors(),
        amount=formats.usd(refund.amount_cents),
        error=refund.last_error,
        action_url=absolute(reverse("admin:payments_refund_change", args=[refund.pk])),
    )


def payment_held(payment: Payment) -> None:
    """Money arrived that cannot be used: customer and staff are told (D15)."""
    request, amount = _request_of(payment), formats.usd(payment.amount_cents)
    tell(PaymentHeld, request, key=str(payment.pk), people=_with_payer(request, payment), amount=amount)
    tell(
        PaymentHeldStaff,
        request,
        key=str(payment.pk),
        people=_supervisors(),
        amount=amount,
        held_reason=payment.held_reason,
        action_url=absolute(reverse("admin:payments_payment_change", args=[payment.pk])),
    )


def _request_of(payment: Payment) -> MSARequest:
    """A payment's fees are all of one request."""
    fee = payment.fees.select_related("round__request").earliest("pk")
    return fee.round.request


def _with_payer(request: MSARequest, payment: Payment) -> list[Person]:
    people = recipients(request)
    payer = Person(payment.payer.email, payment.payer.name, payment.payer)
    known = {person.email.lower() for person in people}
    return people if payer.email.lower() in known else [*people, payer]


def _supervisors() -> list[Person]:
    users = User.objects.filter(groups__name=Role.SUPERVISOR, is_active=True).order_by("pk")
    return [Person(user.email, user.name, user) for user in users]
