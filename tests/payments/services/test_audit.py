"""The books agree with themselves after everything that may happen; each difference is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from payments.models import Allocation, Dispute, Fee, LedgerEntry, Payment, Refund
from payments.services import audit, refunds, settle
from requests_app.enums import WithdrawalReason
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest, VisitRound
from tests import factories, two_people
from tests.payments.conftest import FEE
from tests.payments.sandbox.harness import SandboxControl
from tests.payments.steps import BOUNCES, act, pay, pay_twice

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_once", "provider_sandbox"),
]


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl) -> Payment:
    return pay(payable, provider_sandbox)


def refunded_in_part(paid: Payment) -> Refund:
    refund = refunds.propose_by_staff(paid, by=factories.staff(), amount_cents=1005, note="Sorry")
    refunds.approve(refund, by=factories.supervisor(), expected_cents=FEE)
    return refund


def test_nothing_differs_before_anything_was_paid(payable: MSARequest) -> None:
    assert list(audit.differences()) == []


def test_nothing_differs_after_a_part_went_back(paid: Payment) -> None:
    refunded_in_part(paid)
    assert (list(audit.differences()), LedgerEntry.objects.count()) == ([], 5)


def test_nothing_differs_where_a_refund_came_back(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = pay(payable, provider_sandbox, card=BOUNCES)
    refunded_in_part(payment)
    provider_sandbox.call("later/run")
    settle.settle_from_provider(payment)
    assert (Refund.objects.get().state, list(audit.differences())) == ("failed", [])


def test_nothing_differs_where_one_visit_was_paid_twice(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    pay_twice(payable, provider_sandbox)
    states = Allocation.objects.order_by("state").values_list("state", flat=True)
    assert (list(states), list(audit.differences())) == (["duplicate", "settled"], [])


@pytest.mark.parametrize("acts", [("dispute",), ("dispute", "win"), ("dispute", "lose")])
def test_nothing_differs_through_a_dispute(
    paid: Payment, provider_sandbox: SandboxControl, acts: tuple[str, ...]
) -> None:
    act(paid, provider_sandbox, *acts)
    assert (Dispute.objects.count(), list(audit.differences())) == (1, [])


def test_nothing_differs_after_a_loss_was_written_off(paid: Payment, provider_sandbox: SandboxControl) -> None:
    act(paid, provider_sandbox, "dispute", "lose")
    two_people.write_off(Fee.objects.get(), reason="Gone")
    assert (Fee.objects.get().state, list(audit.differences())) == ("written_off", [])


def test_nothing_differs_after_a_waiver(payable: MSARequest) -> None:
    two_people.waive(Fee.objects.get(), reason="Storm")
    assert list(audit.differences()) == []


def test_nothing_differs_after_a_withdrawal_without_payment(payable: MSARequest) -> None:
    transitions.withdraw(payable, by=factories.actor_of(payable), reason=WithdrawalReason.CHANGED_PLANS)
    assert (Fee.objects.get().state, list(audit.differences())) == ("canceled", [])


def _entry_is_missing(paid: Payment) -> None:
    refund = refunded_in_part(paid)
    Refund.objects.filter(pk=refund.pk).update(state="failed")


TAMPERED: dict[str, Callable[[Payment], Any]] = {
    "payment 1: received is": lambda paid: Payment.objects.update(received_cents=FEE + 1),
    "payment 1: refunded is": lambda paid: Payment.objects.update(refunded_cents=1),
    "fee 1: refunded is": lambda paid: Allocation.objects.update(refunded_cents=1),
    "fee 1: ledger received is": lambda paid: Allocation.objects.update(state="held", received_cents=FEE - 1),
    "refund 1 (failed): ledger promised is": _entry_is_missing,
    "fee 1 (open): ledger owed is": lambda paid: Fee.objects.update(state="open"),
    "visit 1 (row": lambda paid: VisitRound.objects.update(settlement="waived"),
}


@pytest.mark.parametrize("line", TAMPERED)
def test_what_differs_is_found(paid: Payment, capsys: pytest.CaptureFixture[str], line: str) -> None:
    TAMPERED[line](paid)
    wanted = line.replace("payment 1", f"payment {paid.pk}").replace("fee 1", f"fee {Fee.objects.get().pk}")
    if "refund 1" in wanted:
        wanted = wanted.replace("refund 1", f"refund {Refund.objects.get().pk}")
    with pytest.raises(CommandError, match="difference"):
        call_command("verify_ledger")
    assert wanted in capsys.readouterr().out


def test_command_says_how_much_it_looked_at(paid: Payment, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_ledger")
    assert capsys.readouterr().out == "3 ledger entries verified.\n"


@pytest.mark.django_db(transaction=True)
def test_many_payments_take_as_many_queries_as_one(
    paid: Payment, provider_sandbox: SandboxControl, django_assert_num_queries: Any
) -> None:
    queries = 11
    with django_assert_num_queries(queries):
        list(audit.differences())
    pay(factories.executed(factories.complete_request(account_number="700123456780")), provider_sandbox)
    with django_assert_num_queries(queries):
        assert list(audit.differences()) == []
