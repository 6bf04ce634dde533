"""Opening and closing a checkout at the provider.

The payment row is there before the provider is asked, and no transaction is open while we wait.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import cast
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
from payments.services import fees, settle
from requests_app import permissions, settlement
from requests_app.models import MSARequest

logger = logging.getLogger(__name__)

SESSION_LIFE = timedelta(minutes=60)
# The provider takes no session that ends sooner than in 30 minutes.
SHORTEST_LIFE = timedelta(minutes=31)
# A checkout that ends sooner than this is not handed out again.
LAST_MINUTES = timedelta(minutes=2)


def live_payment(request: MSARequest) -> Payment | None:
    """The payment under way on that request, newest first."""
    return Payment.objects.filter(fees__round__request=request, state__in=Payment.LIVE).first()


def open_checkout(request: MSARequest, *, by: User, expected_cents: int) -> Payment:
    """A payment whose `session_url` is the provider's page, where `by` pays for the open visit.

    An open checkout is handed out again (fault 6); one that the provider never answered for is
    asked for again under the same key (fault 14). `expected_cents` is what the page showed. Raises
    `Refused` with the reason; the answers stand still while the checkout is open (D15).
    """
    _end_lapsed(request)
    with transaction.atomic(durable=True):
        payment = _prepare(request, by=by, expected_cents=expected_cents)
    if payment.state != Payment.State.CREATED:
        return payment
    return _open_at_provider(payment)


def _end_lapsed(request: MSARequest) -> None:
    """What is about to run out is expired, so that a new checkout can take its place."""
    soon = timezone.now() + LAST_MINUTES
    for payment in Payment.objects.filter(
        fees__round__request=request, state=Payment.State.OPEN, session_expires_at__lte=soon
    ):
        try:
            end_checkout(payment)
        except (provider.ProviderUnavailable, provider.ProviderRefused) as error:
            raise no_answer() from error


def _prepare(request: MSARequest, *, by: User, expected_cents: int) -> Payment:
    fresh = lock(request)
    permissions.check_acts_for(by, fresh)
    fee = fees.raise_fee(fresh, by=by)
    if fee is None:
        raise Refused(_("Nothing is to be paid for this visit."), code="nothing_due")
    if fee.state != Fee.State.OPEN:
        raise Refused(_("The fee for this visit is settled already."), code="fee_settled")
    if fee.amount_cents != expected_cents:
        raise Stale(
            _("The fee is %(amount)s now, which is not what the page showed. Look at it again, then pay.")
            % {"amount": formats.usd(fee.amount_cents)},
            code="amount_changed",
        )
    payment = _reusable(fee) or _new_payment(fee, by=by)
    if payment.state == Payment.State.CREATED:
        settlement.freeze(fresh, until=_ends_at(payment), by=by)
    return payment


def _reusable(fee: Fee) -> Payment | None:
    """The payment under way for that fee, if it still leads anywhere."""
    now = timezone.now()
    for payment in fee.payments.filter(state__in=Payment.LIVE):
        if payment.state == Payment.State.PENDING:
            raise Refused(
                _("Your bank payment is on its way. That takes a few days; we tell you when it is here."),
                code="payment_pending",
            )
        if payment.state == Payment.State.OPEN:
            return payment
        if payment.session_expires_at and payment.session_expires_at - now >= SHORTEST_LIFE:
            return payment
        _abandon(payment)
    return None


def _abandon(payment: Payment) -> None:
    """The provider never answered, and nobody was given the address: nothing can come of it."""
    payment.state = Payment.State.EXPIRED
    payment.save(update_fields=["state", "updated_at"])


def _new_payment(fee: Fee, *, by: User) -> Payment:
    payment = Payment.objects.create(
        amount_cents=fee.amount_cents,
        currency=fee.currency,
        payer=by,
        session_expires_at=(timezone.now() + SESSION_LIFE).replace(microsecond=0),
    )
    Allocation.objects.create(payment=payment, fee=fee, amount_cents=fee.amount_cents)
    return payment


def _ends_at(payment: Payment) -> datetime:
    """Every payment of ours is made with it; the column is empty for none."""
    return cast(datetime, payment.session_expires_at)


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
        request = lock(settle.request_of(payment))
        if lock(payment).state == Payment.State.CREATED:
            settlement.thaw(request)


def no_answer() -> Refused:
    return Refused(
        _("The payment provider does not answer right now. Nothing was charged. Try again in a minute."),
        code="provider_unavailable",
    )


def _wanted(payment: Payment) -> provider.NewSession:
    """From stored values alone, so that a repeat under the same key says the same."""
    request = settle.request_of(payment)
    page = partial(reverse, args=[request.reference])
    return provider.NewSession(
        key=str(payment.key),
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        title=f"Meter socket adapter site visit, {request.reference}",
        reference=str(request.reference),
        payer_email=payment.payer.email,
        expires_at=_ends_at(payment),
        success_url=f"{_absolute(page('payments:returned'))}?session={{CHECKOUT_SESSION_ID}}",
        cancel_url=_absolute(page("payments:canceled")),
    )


def _absolute(path: str) -> str:
    return urljoin(settings.PUBLIC_URL, path)


def _give_up(payment: Payment, code: str) -> None:
    """This key leads nowhere; the next attempt makes a new one."""
    logger.error("checkout for payment %s failed at the provider: %s", payment.pk, code)
    with transaction.atomic(durable=True):
        request = lock(settle.request_of(payment))
        fresh = lock(payment)
        if fresh.state == Payment.State.CREATED:
            fresh.state = Payment.State.FAILED
            fresh.save(update_fields=["state", "updated_at"])
        settle.thaw_if_idle(request)


def _keep_session(payment: Payment, session: provider.Session) -> Payment:
    """Write down where to pay. Of two callers with one key both get the same session."""
    with transaction.atomic(durable=True):
        request = lock(settle.request_of(payment))
        fresh = lock(payment)
        fresh.session_id, fresh.session_url = session.id, session.url
        if fresh.state == Payment.State.CREATED:
            fresh.state = Payment.State.OPEN
            settlement.extend_freeze(request, until=session.expires_at)
        fresh.save(update_fields=["session_id", "session_url", "state", "updated_at"])
    if fresh.state == Payment.State.EXPIRED:  # withdrawn while we waited
        end_checkout(fresh)
        raise Refused(_("This request moved on while the payment page was opening."), code="moved_on")
    return fresh


def cancel_checkout(request: MSARequest, *, by: User) -> Payment:
    """Close the open checkout at the provider; the answers may change again.

    Returns the payment as it is then: money that was faster than the cancellation counts.
    """
    permissions.check_acts_for(by, request)
    payment = live_payment(request)
    if payment is None or payment.state == Payment.State.PENDING:
        raise Refused(_("There is no open payment that could be canceled."), code="no_open_payment")
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
        request = lock(settle.request_of(payment))
        fresh = lock(payment)
        if fresh.state == Payment.State.CREATED:
            _abandon(fresh)
        settle.thaw_if_idle(request)
    return fresh
