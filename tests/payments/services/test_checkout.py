"""Raising the fee and opening the checkout (F1, F2, D9, D15; faults 6, 13, 14, 39, 46)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from msa_portal.errors import Refused, Stale
from payments import provider
from payments.models import Fee, FeeSchedule, Payment
from payments.services import checkout, fees, settle
from requests_app.enums import Settlement, Status, WithdrawalReason
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest
from tests import factories, schedules, two_people
from tests.payments.conftest import FEE, opened, state_of
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


def fee_of(msa_request: MSARequest) -> Fee:
    return Fee.objects.exclude(state=Fee.State.CANCELED).get(round__msa_request=msa_request)


def test_fee_is_raised_when_agreement_is_executed(payable: MSARequest) -> None:
    fee = fee_of(payable)
    assert (fee.amount_cents, fee.state, fee.quote_holds_until - fee.quoted_on) == (FEE, "open", timedelta(days=14))
    assert payable.events.filter(kind="fee_raised").count() == 1


def test_no_fee_before_signing(schedule: FeeSchedule) -> None:
    msa_request = factories.complete_request()
    with pytest.raises(Refused) as refusal:
        opened(msa_request)
    assert (refusal.value.code, Payment.objects.count()) == ("agreement_not_executed", 0)


def test_checkout_freezes_the_answers_until_it_ends(payable: MSARequest) -> None:
    payment = opened(payable)
    payable.refresh_from_db()
    assert payable.frozen_until == payment.session_expires_at
    seen = provider.fetch_session(str(payment.session_id))
    assert (seen.status, seen.amount_cents, seen.key, seen.reference) == (
        "open",
        FEE,
        str(payment.key),
        payable.reference,
    )


def test_checkout_about_to_end_is_expired_and_replaced(payable: MSARequest) -> None:
    first = opened(payable)
    Payment.objects.filter(pk=first.pk).update(session_expires_at=timezone.now() + timedelta(seconds=30))
    second = opened(payable)
    assert (state_of(first), second.state) == ("expired", "open")
    assert provider.fetch_session(str(first.session_id)).status == "expired"


def test_posted_amount_is_refused(payable: MSARequest) -> None:
    with pytest.raises(Stale) as refusal:
        checkout.open_checkout(payable, by=factories.actor_of(payable), expected_cents=1)
    assert (refusal.value.code, Payment.objects.count()) == ("amount_changed", 0)


def test_stranger_opens_no_checkout(payable: MSARequest) -> None:
    with pytest.raises(Refused) as refusal:
        checkout.open_checkout(payable, by=factories.UserFactory(), expected_cents=FEE)
    assert refusal.value.code == "not_allowed"


def test_canceled_checkout_thaws_and_can_be_opened_again(payable: MSARequest) -> None:
    first = opened(payable)
    checkout.cancel_checkout(payable, by=factories.actor_of(payable))
    payable.refresh_from_db()
    assert (state_of(first), payable.frozen_until, payable.status) == ("expired", None, Status.UNSUBMITTED)
    assert opened(payable).pk != first.pk


def test_bank_debit_on_its_way_is_not_canceled(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay", bank=True)
    settle.settle_from_provider(payment)
    with pytest.raises(Refused) as refusal:
        checkout.cancel_checkout(payable, by=factories.actor_of(payable))
    assert (refusal.value.code, state_of(payment)) == ("no_open_payment", "pending")


def test_quote_holds_two_weeks_then_is_quoted_anew(payable: MSARequest, schedule: FeeSchedule) -> None:
    schedules.change(amount_cents=30000)
    visit = payable.rounds.get()
    with time_machine.travel(timezone.now() + timedelta(days=14), tick=False):
        held = fees.quote(payable, visit)
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        lapsed = fees.quote(payable, visit)
        raised = fees.raise_fee(payable, by=None)
    assert held
    assert lapsed
    assert raised
    assert (held.amount_cents, lapsed.amount_cents, raised.amount_cents) == (FEE, 30000, 30000)
    assert sorted(Fee.objects.values_list("state", flat=True)) == ["canceled", "open"]


def test_no_schedule_means_no_fee_and_a_button_that_submits(payable: MSARequest, schedule: FeeSchedule) -> None:
    msa_request = factories.executed(factories.complete_request(request_type="maintenance", existing_adapter="msa"))
    assert fees.quote(msa_request, msa_request.rounds.get()) is None
    fees.submit_without_fee(msa_request, by=factories.actor_of(msa_request))
    msa_request.refresh_from_db()
    assert (msa_request.status, msa_request.rounds.get().settlement) == (Status.REQUEST_SUBMITTED, Settlement.NOT_DUE)


def test_nobody_submits_past_a_fee_that_is_due(payable: MSARequest) -> None:
    with pytest.raises(Refused) as refusal:
        fees.submit_without_fee(payable, by=factories.actor_of(payable))
    payable.refresh_from_db()
    assert (refusal.value.code, payable.status, payable.rounds.get().settlement) == ("fee_due", Status.UNSUBMITTED, "")


def test_waived_fee_submits(payable: MSARequest) -> None:
    supervisor = factories.supervisor()
    two_people.waive(fee_of(payable), by=supervisor, reason="Storm damage")
    payable.refresh_from_db()
    assert (payable.status, fee_of(payable).state, payable.rounds.get().settlement) == (
        Status.REQUEST_SUBMITTED,
        "waived",
        "waived",
    )


def test_program_staff_waive_nothing(payable: MSARequest) -> None:
    with pytest.raises(Refused) as refusal:
        two_people.waive(fee_of(payable), by=factories.staff(), reason="Please")
    assert refusal.value.code == "not_allowed"


def test_fee_is_waived_once_and_keeps_its_first_reason(payable: MSARequest) -> None:
    two_people.waive(fee_of(payable), reason="Storm damage")
    with pytest.raises(Refused) as refusal:
        two_people.waive(fee_of(payable), reason="Once more")
    assert (refusal.value.code, fee_of(payable).waiver_reason) == ("fee_not_open", "Storm damage")


def test_fee_is_not_waived_while_somebody_pays(payable: MSARequest) -> None:
    opened(payable)
    with pytest.raises(Refused) as refusal:
        two_people.waive(fee_of(payable), reason="Storm damage")
    assert refusal.value.code == "payment_open"


def test_withdrawal_closes_the_open_checkout(payable: MSARequest) -> None:
    payment = opened(payable)
    transitions.withdraw(payable, by=factories.actor_of(payable), reason=WithdrawalReason.CHANGED_PLANS)
    assert (state_of(payment), Fee.objects.get().state) == ("expired", "canceled")
    assert provider.fetch_session(str(payment.session_id)).status == "expired"
