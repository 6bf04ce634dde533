"""What the database itself refuses, whoever writes past the services (fault 8; D9, F1, F3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from msa_portal.db import AppendOnlyError
from payments import ledger_guard
from payments.models import Allocation, Fee, FeeSchedule, LedgerEntry, Payment, Refund
from requests_app.models import MSARequest
from tests.payments.conftest import FEE
from tests.payments.sandbox.harness import SandboxControl
from tests.payments.steps import pay

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("commits", "at_once", "provider_sandbox"),
]


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl) -> Payment:
    return pay(payable, provider_sandbox)


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


LEDGER_WRITES = [
    ("UPDATE payments_ledgerentry SET amount_cents = 1", "never changed"),
    ("UPDATE payments_ledgerentry SET rule = 'F9' WHERE kind = 'fee_paid'", "never changed"),
    ("DELETE FROM payments_ledgerentry", "never deleted"),
    ("DELETE FROM payments_ledgerentry WHERE kind = 'fee_paid'", "never deleted"),
]


@pytest.mark.parametrize(("sql", "words"), LEDGER_WRITES)
def test_ledger_is_neither_changed_nor_emptied_by_raw_sql(paid: Payment, sql: str, words: str) -> None:
    before = list(LedgerEntry.objects.values_list())
    with pytest.raises(DatabaseError, match=words):
        run(sql)
    assert (list(LedgerEntry.objects.values_list()), len(before)) == (before, 3)


def test_without_the_guard_the_ledger_could_be_changed(paid: Payment) -> None:
    """The negative control: the same statement, the triggers gone."""
    table = "" if connection.vendor == "sqlite" else " ON payments_ledgerentry"
    for trigger in ledger_guard.TRIGGERS:
        run(f"DROP TRIGGER {trigger}{table}")
    try:
        run(LEDGER_WRITES[0][0])
        assert set(LedgerEntry.objects.values_list("amount_cents", flat=True)) == {1}
    finally:
        ledger_guard.keep(using="default")


def test_ledger_is_not_changed_through_its_model(paid: Payment) -> None:
    entry = LedgerEntry.objects.first()
    assert entry is not None
    for write in (
        entry.save,
        entry.delete,
        LedgerEntry.objects.all().delete,
        lambda: LedgerEntry.objects.update(rule="F9"),
    ):
        with pytest.raises(AppendOnlyError):
            write()


def fee_row(paid: Payment, **fields: Any) -> Fee:
    """Another fee for the visit that is paid for."""
    fee = paid.fees.get()
    values = {"amount_cents": FEE, "quoted_on": date(2026, 1, 1), "quote_holds_until": date(2026, 1, 15)}
    return Fee(round=fee.round, schedule=fee.schedule, **(values | fields))


def copied(row: Any, **fields: Any) -> Any:
    """That row once more, with other values."""
    row.pk, row._state.adding = None, True
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def entry(**fields: Any) -> LedgerEntry:
    return copied(LedgerEntry.objects.get(kind="fee_paid"), key="again", **fields)  # type: ignore[no-any-return]


def refund_row(paid: Payment, **fields: Any) -> Refund:
    return Refund(payment=paid, fee=paid.fees.get(), reason="goodwill", **({"amount_cents": 1} | fields))


REFUSED: dict[str, Callable[[Payment], Any]] = {
    # more refunded than paid
    "never_refunded_beyond_paid": lambda paid: Payment.objects.update(refunded_cents=FEE + 1),
    "no_fee_refunded_beyond_paid": lambda paid: Allocation.objects.update(refunded_cents=FEE + 1),
    # nothing, or less
    "fee_is_positive": lambda paid: Fee.objects.update(amount_cents=0),
    "payment_is_positive": lambda paid: Payment.objects.update(amount_cents=0, received_cents=0),
    "allocation_is_positive": lambda paid: Allocation.objects.update(amount_cents=0, received_cents=0),
    "refund_is_positive": lambda paid: refund_row(paid, amount_cents=0).save(),
    "entry_is_positive": lambda paid: entry(amount_cents=0).save(),
    # another currency
    "schedule_is_in_us_dollars": lambda paid: FeeSchedule.objects.create(
        request_type="install", effective_from="2030-01-01", amount_cents=1, currency="cad"
    ),
    "fee_is_in_the_schedules_currency": lambda paid: Fee.objects.update(currency="cad"),
    "payment_is_in_the_schedules_currency": lambda paid: Payment.objects.update(currency="cad"),
    "entry_is_in_the_schedules_currency": lambda paid: entry(currency="cad").save(),
    # what an entry must say
    "entry_names_its_rule": lambda paid: entry(rule="").save(),
    "only_a_quote_moves_nothing": lambda paid: entry(debit="provider", credit="provider").save(),
    "money_at_the_provider_has_its_id_and_time": lambda paid: entry(provider_id="").save(),
    # states that money or people must stand behind
    "only_a_paid_payment_has_money": lambda paid: Payment.objects.update(state="open"),
    "only_a_paid_part_has_money": lambda paid: Allocation.objects.update(state="waiting"),
    "a_fee_is_settled_in_full": lambda paid: Allocation.objects.update(received_cents=FEE - 1),
    "waiver_names_who_and_why": lambda paid: Fee.objects.update(state="waived"),
    "settled_fee_has_its_time": lambda paid: Fee.objects.update(settled_at=None),
    "sent_refund_is_known_to_the_provider": lambda paid: refund_row(paid, state="sent").save(),
    "declined_refund_names_who_and_when": lambda paid: refund_row(paid, state="declined").save(),
}


def _second(paid: Payment) -> Payment:
    fresh: Payment = copied(
        Payment.objects.get(pk=paid.pk), key="5d3a5f9e-0000-4000-8000-000000000000", session_id=None, intent_id=None
    )
    fresh.save()
    return fresh


# Two where there may be one: the constraint, and the column by which SQLite names it.
TWICE: dict[tuple[str, str], Callable[[Payment], Any]] = {
    ("one_fee_per_visit", "payments_fee.round_id"): lambda paid: fee_row(paid).save(),
    ("one_payment_settles_a_fee", "payments_allocation.fee_id"): lambda paid: copied(
        paid.allocations.get(), payment=_second(paid), receipt=None
    ).save(),
    ("one_undecided_refund_per_payment_and_fee", "payments_refund.payment_id"): lambda paid: [
        refund_row(paid).save() for _time in range(2)
    ],
    ("payments_ledgerentry_key", "payments_ledgerentry.key"): lambda paid: copied(
        LedgerEntry.objects.get(kind="fee_paid")
    ).save(),
}


@pytest.mark.parametrize("names", TWICE)
def test_database_refuses_a_second_one(paid: Payment, names: tuple[str, str]) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        TWICE[names](paid)
    assert names[connection.vendor == "sqlite"] in str(refusal.value)


@pytest.mark.parametrize("name", REFUSED)
def test_database_refuses(paid: Payment, name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        REFUSED[name](paid)


@pytest.mark.parametrize("model", [Fee, Payment, Allocation, LedgerEntry, Refund])
def test_negative_amount_is_refused_by_raw_sql(paid: Payment, model: Any) -> None:
    table = model._meta.db_table
    if model in {LedgerEntry, Refund}:
        row = entry(amount_cents=-1) if model is LedgerEntry else refund_row(paid, amount_cents=-1)
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()
    else:
        with pytest.raises(IntegrityError):
            run(f"UPDATE {table} SET amount_cents = -1")  # noqa: S608  # a table's name of our own
    assert not model.objects.filter(amount_cents__lt=0).exists()


def test_two_open_fees_for_one_visit_are_refused(payable: MSARequest) -> None:
    fee = Fee.objects.get()
    with pytest.raises(IntegrityError, match=r"one_fee_per_visit|payments_fee\.round_id"), transaction.atomic():
        copied(fee).save()
    assert Fee.objects.filter(state="open").count() == 1
