"""What people and banks do with money, in one line each."""

from __future__ import annotations

from django.test import Client

from msa_portal.accounts.models import User
from payments.models import Payment, Refund
from payments.services import refunds, settle
from requests_app.enums import WithdrawalReason
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest
from tests import factories, two_people
from tests.payments.conftest import opened
from tests.payments.sandbox.harness import SandboxControl

# Refunds of these wait, or come back later.
WAITS, BOUNCES = "4000000000007726", "4000000000005126"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def pay(msa_request: MSARequest, sandbox: SandboxControl, card: str = "4242424242424242") -> Payment:
    """The one who acts for the request pays, and we learn of it."""
    payment = opened(msa_request)
    sandbox.act(str(payment.session_id), "pay", card=card)
    return settle.settle_from_provider(payment)


def act(payment: Payment, sandbox: SandboxControl, *names: str) -> None:
    """Things happen at the provider, each of which we learn of."""
    for name in names:
        sandbox.act(str(payment.session_id), name)
        settle.settle_from_provider(payment)


def pay_twice(msa_request: MSARequest, sandbox: SandboxControl) -> tuple[Payment, Payment]:
    """Two checkouts, the first opened past our guard; the second is paid before it."""
    extra = opened(msa_request)
    Payment.objects.filter(pk=extra.pk).update(state="expired")
    counted = pay(msa_request, sandbox)
    act(extra, sandbox, "pay")
    extra.refresh_from_db()
    return counted, extra


def withdraw(payment: Payment) -> Refund:
    """The owner withdraws; gives the refund that D4 proposes."""
    msa_request = factories.refreshed(settle.requests_of(payment)[0])
    transitions.withdraw(msa_request, by=factories.actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)
    return Refund.objects.get(payment=payment)


def approve(refund: Refund) -> Refund:
    """One supervisor who did not propose it lets it go, or two where it takes them; tasks run at once."""
    left = refunds.part_of(refund).remaining_cents
    two_people.approve(refunds.approve(refund, by=factories.supervisor(), expected_cents=left))
    refund.refresh_from_db()
    return refund
