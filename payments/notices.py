"""What people are told about money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.business_days import calendar
from msa_portal.business_days.calendar import local_day
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import Notice, queue
from payments.models import Allocation, Fee, PayInvitation, Payment, ReconciliationItem, Refund, Statement
from requests_app.follow_ups import follow_ups
from requests_app.models import MSARequest, ProgramSettings
from requests_app.models.parties import acts_for
from requests_app.notices import Person, is_of, notify, recipients

_MOST_LINES = 20
PAY_LINK = "pay"  # the kind of private link that opens the payment page of an invitation
PAID_LINK = "paid"  # the same page once it was paid by the link


class FeeDue(Notice):
    name = "fee_due"
    audience = "customer and agent, where they can pay"


class Receipt(Notice):
    name = "receipt"
    audience = "customer, agent and payer"


class RefundPaid(Notice):
    name = "refund_paid"
    audience = "customer, agent and payer"


class ReceiptForSeveral(Notice):
    name = "receipt_for_several"
    audience = "whoever paid several fees at once"


class RefundDeclined(Notice):
    name = "refund_declined"
    audience = "customer, agent and payer"


class InvitedToPay(Notice):
    name = "invited_to_pay"
    audience = "customer of an agent"


class RefundFailed(Notice):
    name = "refund_failed"
    audience = "supervisors"


class StatementReady(Notice):
    name = "statement_ready"
    audience = "managers of a company that paid"


class PaymentHeld(Notice):
    name = "payment_held"
    audience = "customer, agent and payer"


class PaymentFailed(Notice):
    name = "payment_failed"
    audience = "payer, customer and agent"


class PaymentDisputed(Notice):
    name = "payment_disputed"
    audience = "payer, customer and agent"


class PaymentHeldStaff(Notice):
    name = "payment_held_staff"
    audience = "supervisors"


class BooksDiffer(Notice):
    name = "books_differ"
    audience = "supervisors"


def fee_due(fee: Fee) -> None:
    """The fee form is open, for those who have an account to pay it from."""
    msa_request = fee.round.msa_request
    notify(
        FeeDue,
        msa_request,
        key=str(fee.pk),
        is_new_cause=True,
        people=[person for person in recipients(msa_request) if person.user],
        to_page="fee",
        act_by=fee.quote_holds_until,
        amount=formats.usd(fee.amount_cents),
        second=fee.round.number > 1,
        why=str(follow_ups.decided_fee(fee.round).why),
    )


def receipts(payment: Payment, settled: list[Allocation]) -> None:
    """The money has arrived: each request's people are told of their own fee, the payer of all of them."""
    several = len(settled) > 1
    for part in settled:
        msa_request = part.fee.round.msa_request
        people = recipients(msa_request) if several else _with_payer(msa_request, payment)
        for person in people:
            if not (several and _is_payer(person, payment)):
                _receipt(part, payment, person)
    if several:
        _receipt_for_several(payment, settled)


def _receipt(part: Allocation, payment: Payment, person: Person) -> None:
    """Whoever paid by a link and has no account finds the receipt behind that link."""
    by_link = payment.invitation is not None and person.user is None and _is_payer(person, payment)
    notify(
        Receipt,
        part.fee.round.msa_request,
        key=str(part.pk),
        people=[person],
        private_link=f"{PAID_LINK}:{payment.invitation.key}" if by_link and payment.invitation else "",
        by_link=by_link,
        amount=formats.usd(part.amount_cents),
        paid_at=formats.moment(payment.paid_at) if payment.paid_at else "",
        visits=str(part.fee.round.number),
        payer=payment.payer_name,
    )


def _receipt_for_several(payment: Payment, settled: list[Allocation]) -> None:
    queue(
        ReceiptForSeveral,
        to=_payers_address(payment),
        key=str(payment.pk),
        recipient=payment.payer,
        context={
            "name": payment.payer_name,
            "amount": formats.usd(sum(part.amount_cents for part in settled)),
            "count": len(settled),
            "lines": [
                {"reference": part.fee.round.msa_request.reference, "amount": part.amount_cents} for part in settled
            ],
            "action_url": absolute(reverse("payments:joint_returned", args=[payment.pk])),
        },
    )


def refund_paid(refund: Refund) -> None:
    msa_request = _request_of(refund)
    notify(
        RefundPaid,
        msa_request,
        key=str(refund.pk),
        people=_with_payer(msa_request, refund.payment),
        to_page="money",
        amount=formats.usd(refund.amount_cents),
        reason=refund.get_reason_display(),
        arrives_by=formats.day(arrives_by(refund)),
    )


def arrives_by(refund: Refund) -> date:
    """The business day by which the payer's bank has usually shown it (D7)."""
    return arrivals()(refund)


def arrivals() -> Callable[[Refund], date]:
    """`arrives_by` for many refunds, with calendar and settings as they are now; not sent yet counts from today."""
    days, takes = calendar.load(), ProgramSettings.current().refund_arrives_days
    return lambda refund: days.add(local_day(refund.sent_at or timezone.now()), takes)


def refund_declined(refund: Refund) -> None:
    """With the supervisor's reason, to whoever asked or paid."""
    msa_request = _request_of(refund)
    notify(
        RefundDeclined,
        msa_request,
        key=str(refund.pk),
        people=_with_payer(msa_request, refund.payment),
        to_page="money",
        amount=formats.usd(refund.amount_cents),
        note=refund.note,
    )


def refund_failed(refund: Refund) -> None:
    """Told to supervisors alone: the customer's money is not on its way yet."""
    notify(
        RefundFailed,
        _request_of(refund),
        key=str(refund.pk),
        people=supervisors(),
        amount=formats.usd(refund.amount_cents),
        error=refund.last_error,
        action_url=absolute(reverse("admin:payments_refund_change", args=[refund.pk])),
    )


def payment_held(part: Allocation) -> None:
    """Money arrived that cannot be used: customer and staff are told (D15)."""
    msa_request, payment = part.fee.round.msa_request, part.payment
    amount = formats.usd(part.received_cents or part.amount_cents)
    notify(PaymentHeld, msa_request, key=str(part.pk), people=_with_payer(msa_request, payment), amount=amount)
    notify(
        PaymentHeldStaff,
        msa_request,
        key=str(part.pk),
        people=supervisors(),
        amount=amount,
        held_reason=part.get_held_reason_display(),
        action_url=absolute(reverse("admin:payments_payment_change", args=[payment.pk])),
    )


def payment_failed(payment: Payment) -> None:
    """The bank didn't pay. Each request's people are told of their fee, the payer once for all of them (fault 68)."""
    parts = list(payment.allocations.select_related("fee__round__msa_request").order_by("pk"))
    several = len(parts) > 1
    for part in parts:
        msa_request = part.fee.round.msa_request
        for person in recipients(msa_request) if several else _with_payer(msa_request, payment):
            if not (several and _is_payer(person, payment)):
                _payment_failed(part, payment, person)
    if several and _still_pays(payment):
        can_pay = any(_is_owed(part) for part in parts)
        queue(
            PaymentFailed,
            to=_payers_address(payment),
            key=f"{payment.pk}:payer",
            recipient=payment.payer,
            context={
                "name": payment.payer_name,
                "amount": formats.usd(payment.amount_cents),
                "count": len(parts),
                "can_pay": can_pay,
                "action_url": absolute(reverse("payments:several")) if can_pay else "",
            },
        )


def _payment_failed(part: Allocation, payment: Payment, person: Person) -> None:
    """Who can't pay it, or need not since it isn't owed now, isn't asked to."""
    msa_request, is_owed = part.fee.round.msa_request, _is_owed(part)
    link = _open_link(payment) if is_owed and person.user is None and _is_payer(person, payment) else ""
    can_pay = bool(link) or (is_owed and person.user is not None and acts_for(person.user, msa_request))
    no_button: dict[str, Any] = {} if can_pay else {"action_url": ""}
    notify(
        PaymentFailed,
        msa_request,
        key=f"{payment.pk}:{part.pk}",
        people=[person],
        to_page="fee",
        private_link=link,
        amount=formats.usd(part.amount_cents),
        count=1,
        can_pay=can_pay,
        has_to_ask=is_owed and person.user is None,
        is_acted_for=msa_request.has_agent,
        **no_button,
    )


def _is_owed(part: Allocation) -> bool:
    return part.fee.state == Fee.State.OPEN


def _open_link(payment: Payment) -> str:
    """The link that it was paid by, where that still opens the payment page."""
    invitation = payment.invitation
    return f"{PAY_LINK}:{invitation.key}" if invitation is not None and invitation.is_open else ""


def payment_disputed(part: Allocation, *, outcome: str) -> None:
    """The payer's bank disputes the payment, or has decided. What was won for the payer is gone (fault 12)."""
    payment, msa_request = part.payment, part.fee.round.msa_request
    notify(
        PaymentDisputed,
        msa_request,
        key=f"{part.pk}:{outcome}",
        people=_with_payer(msa_request, payment),
        to_page="money",
        amount=formats.usd(part.amount_cents),
        outcome=outcome,
    )


def invited_to_pay(invitation: PayInvitation, fee: Fee) -> None:
    """The customer of an agent gets a link that opens the payment page, without an account."""
    msa_request = invitation.round.msa_request
    notify(
        InvitedToPay,
        msa_request,
        key=str(invitation.pk),
        people=[Person(invitation.email, invitation.name, None)],
        private_link=f"{PAY_LINK}:{invitation.key}",
        by=invitation.invited_by,
        act_by=local_day(invitation.expires_at),
        amount=formats.usd(fee.amount_cents),
        agent_name=invitation.invited_by.name,
        agent_company=msa_request.agent_company.name if msa_request.agent_company else "",
    )


def statement_ready(statement: Statement, *, paid_cents: int, payments: int) -> None:
    """Told once for each company and month, to those who manage the company then."""
    company = statement.company
    if company is None:
        return
    month = f"{statement.month:%Y-%m}"
    managers = User.objects.filter(memberships__company=company, memberships__is_manager=True, is_active=True)
    for manager in managers.order_by("pk"):
        queue(
            StatementReady,
            to=manager.email,
            key=f"{company.pk}-{month}:{manager.pk}",
            recipient=manager,
            context={
                "name": manager.name,
                "company": company.name,
                "month": formats.month(statement.month),
                "amount": formats.usd(paid_cents),
                "count": payments,
                "action_url": absolute(f"/statements/{company.pk}/{month}/"),
            },
        )


def _request_of(refund: Refund) -> MSARequest:
    return refund.fee.round.msa_request


def _still_pays(payment: Payment) -> bool:
    """A person who paid for a company and left it gets nothing more (fault 71)."""
    return payment.company is None or payment.payer is None or is_of(payment.payer, payment.company)


def _with_payer(msa_request: MSARequest, payment: Payment) -> list[Person]:
    people = recipients(msa_request)
    if not _still_pays(payment):
        return people
    payer = Person(_payers_address(payment), payment.payer_name, payment.payer)
    return people if any(_is_payer(person, payment) for person in people) else [*people, payer]


def _is_payer(person: Person, payment: Payment) -> bool:
    return person.email.lower() == _payers_address(payment).lower()


def _payers_address(payment: Payment) -> str:
    """Of an account it's the one that it has now: at the one that it had when it paid, nobody may read it any longer."""
    return payment.payer.email if payment.payer is not None else payment.payer_email


def supervisors() -> list[Person]:
    users = User.objects.filter(groups__name=Role.SUPERVISOR, is_active=True).order_by("pk")
    return [Person(user.email, user.name, user) for user in users]


def books_differ(items: Sequence[ReconciliationItem]) -> None:
    """The comparison with the provider's books found what it could not repair: one message, whatever their number."""
    lines = [
        {"day": formats.day(item.day.day), "what": item.get_kind_display(), "provider_id": item.provider_id}
        for item in items[:_MOST_LINES]
    ]
    address = absolute(reverse("admin:payments_reconciliationitem_changelist"))
    for person in supervisors():
        queue(
            BooksDiffer,
            to=person.email,
            key=f"{items[-1].pk}-{timezone.now():%Y%m%d%H%M%S%f}:{person.email.lower()}"[:150],
            recipient=person.user,
            context={
                "name": person.name,
                "count": len(items),
                "lines": lines,
                "more": len(items) - len(lines),
                "action_url": f"{address}?state__exact=open",
            },
        )
