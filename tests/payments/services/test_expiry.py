"""The timer withdraws what nobody acts on (D8), and the refund that D4 gives is proposed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from msa_portal.notices.models import NoticeMessage
from payments.models import Refund
from payments.refund_rules import Because
from payments.services import settle
from requests_app import hooks
from requests_app.lifecycle import expiry
from requests_app.models import MSARequest, OutcomeReason
from tests import factories
from tests.payments.conftest import FEE, opened
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl) -> MSARequest:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay", card="4242424242424242")
    settle.settle_from_provider(payment)
    return factories.refreshed(payable)


def expire(msa_request: MSARequest) -> str:
    """Both last runs of the timer; gives the last reminder's text."""
    for days in (87, 91):
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
            expiry.run_due()
    msa_request.refresh_from_db()
    return NoticeMessage.objects.get(reference=msa_request.reference, kind="deadline_near").text


def failed(msa_request: MSARequest, *reasons: OutcomeReason) -> MSARequest:
    return factories.failed(factories.ordered(factories.valid(msa_request)), reasons=reasons)


def test_unanswered_correction_is_withdrawn_and_its_fee_proposed_for_a_refund(paid: MSARequest) -> None:
    mail = expire(factories.corrections_required(paid))
    paid.refresh_from_db()
    refund = Refund.objects.get()
    assert paid.status == "withdrawn"
    assert "Visit 1: $279.22 comes back. The visit did not take place, so all of its fee comes back." in mail
    assert (refund.state, refund.amount_cents, refund.proposed_by) == ("proposed", FEE, None)
    assert refund.reason == "withdrawn_before_visit"


def test_visit_that_failed_on_the_customers_side_gives_nothing_back_and_says_so_before(paid: MSARequest) -> None:
    mail = expire(failed(paid, factories.OutcomeReasonFactory()))
    assert "Visit 1: the $279.22 does not come back. " in mail
    assert str(Because.CUSTOMER.label) in mail
    assert (MSARequest.objects.get().status, Refund.objects.count()) == ("withdrawn", 0)


def test_visit_that_failed_on_the_utilitys_side_is_proposed_for_a_refund(paid: MSARequest) -> None:
    expire(failed(paid, factories.utility_reason()))
    assert Refund.objects.get().reason == "utility_responsible"


def test_stake_is_what_d4_gives(paid: MSARequest) -> None:
    assert hooks.stake_of(paid) == hooks.Stake(FEE, FEE)
