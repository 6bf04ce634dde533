"""Opening and closing a checkout at the provider, for one fee or for up to fifty.

The payment row is there before the provider is asked, and no transaction is open while we wait.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from payments import provider
from payments.models import Allocation, Fee, Payment
from payments.money import cents
from payments.services import fees, invitations, open_payments, settle
from payments.services.payers import Payer
from requests_app import permissions
from requests_app.fee_rules import Because
from requests_app.lifecycle import settlement
from requests_app.models import MSARequest

logger = logging.getLogger(__name__)

SESSION_LIFE = timedelta(minutes=60)
# A checkout that ends sooner than this is not handed out again.
LAST_MINUTES = timedelta(minutes=2)
MOST_FEES = 50


def open_checkout(msa_request: MSARequest, *, by: User, expected_cents: int) -> Payment:
    """A payment whose `session_url` is the provider's page, where `by` pays for the open visit.

    An open checkout is handed out again (fault 6); one that the provider never answered for is
    asked for again under the same key (fault 14). `expected_cents` is what the page showed. Raises
    `Refused` with the reason; the answers stand still while the checkout is open (D15).
    """
    return open_for([msa_request], payer=Payer.of(by, [msa_request]), expected_cents=expected_cents)


def open_joint_checkout(requests: Sequence[MSARequest], *, by: User, expected_cents: int) -> Payment:
    """One checkout for the open visits of up to fifty requests; each fee settles and refunds on its own."""
    requests = list({msa_request.pk: msa_request for msa_request in requests}.values())
    if not requests:
        raise Refused(_("Choose at least one fee."), code="nothing_chosen")
    if len(requests) > MOST_FEES:
        raise Refused(
            _("Choose at most %(most)d fees for one payment. You chose %(chosen)d.")
            % {"most": MOST_FEES, "chosen": len(requests)},
            code="too_many",
        )
    return open_for(requests, payer=Payer.of(by, requests), expected_cents=expected_cents)


def open_for(requests: Sequence[MSARequest], *, payer: Payer, expected_cents: int) -> Payment:
    """As `open_checkout`, for any payer."""
    requests = sorted(requests, key=lambda msa_request: msa_request.pk)
    _end_lapsed(requests)
    with transaction.atomic(durable=True):
        payment = _prepare(requests, payer=payer, expected_cents=expected_cents)
    if payment.state != Payment.State.CREATED:
        return payment
    return _open_at_provider(payment)


def _end_lapsed(requests: Sequence[MSARequest]) -> None:
    """What is about to run out is expired, so that a new checkout can take its place."""
    soon = timezone.now() + LAST_MINUTES
    for payment in Payment.objects.filter(
        fees__round__msa_request__in=requests, state=Payment.State.OPEN, session_expires_at__lte=soon
    ).distinct():
        try:
            end_checkout(payment)
        except (provider.ProviderUnavailable, provider.ProviderRefused) as error:
            raise no_answer() from error


def _prepare(requests: Sequence[MSARequest], *, payer: Payer, expected_cents: int) -> Payment:
    fresh = [lock(msa_request) for msa_request in requests]
    owed = [_open_fee(msa_request, payer, alone=len(fresh) == 1) for msa_request in fresh]
    total = sum(fee.amount_cents for fee in owed)
    if total != cents(expected_cents):
        raise Stale(
            _("The amount is %(amount)s now, which is not what the page showed. Look at it again, then pay.")
            % {"amount": formats.usd(total)},
            code="amount_changed",
        )
    payment = open_payments.reusable(owed, payer) or _new_payment(owed, payer)
    if payment.state == Payment.State.CREATED:
        for msa_request in fresh:
            settlement.freeze(msa_request, until=open_payments.ends_at(payment), by=payer.user)
    return payment


def _open_fee(msa_request: MSARequest, payer: Payer, *, alone: bool) -> Fee:
    """What is owed on it now. In a payment of several, the reason against one names its request."""
    try:
        payer.check_may_pay(msa_request)
        fee = fees.raise_fee(msa_request, by=payer.user)
        if fee is None:
            raise Refused(_("Nothing is to be paid for this visit."), code="nothing_due")
        if fee.state != Fee.State.OPEN:
            raise Refused(Because.SETTLED.label, code="fee_settled")
    except Refused as refusal:
        if alone:
            raise
        raise Refused(f"{msa_request.reference}: {refusal}", code=refusal.code) from refusal
    return fee


def _new_payment(owed: Sequence[Fee], payer: Payer) -> Payment:
    payment = Payment.objects.create(
        amount_cents=sum(fee.amount_cents for fee in owed),
        currency=owed[0].currency,
        payer=payer.user,
        payer_name=payer.name,
        payer_email=payer.email,
        company=payer.company,
        invitation=payer.invitation,
        session_expires_at=(timezone.now() + SESSION_LIFE).replace(microsecond=0),
    )
    Allocation.objects.bulk_create(Allocation(payment=payment, fee=fee, amount_cents=fee.amount_cents) for fee in owed)
    return payment


def _open_at_provider(payment: Payment) -> Payment:
    try:
        session = provider.create_session(_wanted(payment))
    except provider.ProviderBroken as error:
        _give_up(payment, str(error))
        raise no_answer() from error
    except provider.ProviderUnavailable as error:
        _thaw_unanswered(payment)
        raise no_answer() from error
    except provider.ProviderRefused as error:
        _give_up(payment, error.code)
        raise Refused(
            _("The payment page could not be opened. Nothing was charged, and the program has been told."),
            code="provider_refused",
        ) from error
    return _keep_session(payment, session)


def _thaw_unanswered(payment: Payment) -> None:
    """Nobody was given the payment page, so the answers may change; the row waits for the next try."""
    with transaction.atomic(durable=True):
        if settle.lock_with_requests(payment).state == Payment.State.CREATED:
            for msa_request in settle.requests_of(payment):
                settlement.thaw(msa_request)


def no_answer() -> Refused:
    return Refused(
        _("The payment provider does not answer right now. Nothing was charged. Try again in a minute."),
        code="provider_unavailable",
    )


def _wanted(payment: Payment) -> provider.NewSession:
    """From stored values alone, so that a repeat under the same key says the same."""
    parts = list(payment.allocations.select_related("fee__round__msa_request"))
    lines = tuple((_title(part.fee.round.msa_request), part.amount_cents) for part in parts)
    back, away = _pages(payment, parts[0].fee.round.msa_request)
    return provider.NewSession(
        key=str(payment.key),
        lines=lines,
        currency=payment.currency,
        title=lines[0][0] if len(lines) == 1 else f"{len(lines)} meter socket adapter site visits",
        reference=settle.reference_of(payment),
        payer_email=payment.payer_email,
        expires_at=open_payments.ends_at(payment),
        success_url=f"{_absolute(back)}?session={{CHECKOUT_SESSION_ID}}",
        cancel_url=_absolute(away),
    )


def _title(msa_request: MSARequest) -> str:
    return f"Meter socket adapter site visit, {msa_request.reference}"


def _pages(payment: Payment, msa_request: MSARequest) -> tuple[str, str]:
    """Where the payer comes back to, having paid or not."""
    if payment.invitation is not None:
        token = invitations.token_for(payment.invitation.key)
        return reverse("payments:link_returned", args=[token]), reverse("payments:link", args=[token])
    if payment.allocations.count() > 1:
        return reverse("payments:joint_returned", args=[payment.pk]), reverse("payments:several")
    return reverse("payments:returned", args=[msa_request.reference]), reverse(
        "payments:canceled", args=[msa_request.reference]
    )


def _absolute(path: str) -> str:
    return urljoin(settings.PUBLIC_URL, path)


def _give_up(payment: Payment, code: str) -> None:
    """This key leads nowhere; the next attempt makes a new one."""
    logger.error("checkout for payment %s failed at the provider: %s", payment.pk, code)
    with transaction.atomic(durable=True):
        fresh = settle.lock_with_requests(payment)
        if fresh.state == Payment.State.CREATED:
            settle.close(fresh, Payment.State.FAILED)


def _keep_session(payment: Payment, session: provider.Session) -> Payment:
    """Write down where to pay. Of two callers with one key both get the same session."""
    with transaction.atomic(durable=True):
        fresh = settle.lock_with_requests(payment)
        fresh.session_id, fresh.session_url = session.id, session.url
        if fresh.state == Payment.State.CREATED:
            fresh.state = Payment.State.OPEN
            for msa_request in settle.requests_of(fresh):
                settlement.extend_freeze(msa_request, until=session.expires_at)
        fresh.save(update_fields=["session_id", "session_url", "state", "updated_at"])
    if fresh.state == Payment.State.EXPIRED:  # withdrawn while we waited
        end_checkout(fresh)
        raise Refused(_("This request moved on while the payment page was opening."), code="moved_on")
    return fresh


def cancel_checkout(msa_request: MSARequest, *, by: User) -> Payment:
    """Close the open checkout at the provider; the answers may change again.

    Returns the payment as it is then: money that was faster than the cancellation counts. One for
    several requests can be canceled by anyone who acts for all of them.
    """
    permissions.check_acts_for(by, msa_request)
    payment = open_payments.live_payment(msa_request)
    if payment is None:
        raise Refused(_("There is no open payment that could be canceled."), code="no_open_payment")
    open_payments.check_can_cancel(payment, by=by)
    return cancel_payment(payment)


def cancel_joint(payment: Payment, *, by: User) -> Payment:
    """Close a checkout for several requests; returns the payment as it is then (see `cancel_checkout`)."""
    open_payments.check_can_cancel(payment, by=by)
    return cancel_payment(payment)


def cancel_payment(payment: Payment) -> Payment:
    """Close that checkout. The caller has seen to who may."""
    try:
        return end_checkout(payment)
    except (provider.ProviderUnavailable, provider.ProviderRefused) as error:
        raise no_answer() from error


def end_checkout(payment: Payment) -> Payment:
    """Expire it at the provider, then let our rows follow. Raises `ProviderUnavailable`."""
    if payment.session_id is None:
        return _abandon_unopened(payment)
    provider.expire_session(payment.session_id)
    return settle.settle_from_provider(payment)


def _abandon_unopened(payment: Payment) -> Payment:
    with transaction.atomic(durable=True):
        fresh = settle.lock_with_requests(payment)
        if fresh.state == Payment.State.CREATED:
            settle.close(fresh, Payment.State.EXPIRED)
    return fresh
