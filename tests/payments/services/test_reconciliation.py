"""Our books beside the provider's, day by day, through the running sandbox (fault 9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from msa_portal.business_days.calendar import UTILITY_ZONE
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from payments import provider, tasks
from payments.models import (
    Account,
    LedgerEntry,
    Payment,
    ReconciledDay,
    ReconciliationItem,
    ReconciliationLease,
    Refund,
)
from payments.provider.client import client as stripe_client
from payments.services import ledger, reconciliation, settle
from payments.services.reconciliation import books as day_books
from payments.services.reconciliation import lease
from requests_app.models import MSARequest
from tests import factories
from tests.payments import many
from tests.payments.conftest import FEE, opened, state_of
from tests.payments.provider_books import ProviderBooks
from tests.payments.sandbox.harness import SandboxControl

REFUND_FAILS = "4000000000005126"  # it comes back some days later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


@pytest.fixture
def books(provider_sandbox: SandboxControl) -> ProviderBooks:
    return ProviderBooks(provider_sandbox)


@pytest.fixture
def day() -> date:
    return reconciliation.today() - timedelta(days=3)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTILITY_ZONE)


def paid_there(msa_request: MSARequest, sandbox: SandboxControl, at: datetime, **options: Any) -> Payment:
    """Paid at the provider then; its webhooks are lost."""
    payment = opened(msa_request)
    Payment.objects.filter(pk=payment.pk).update(created_at=at)
    sandbox.act(str(payment.session_id), "pay", **options)
    if not options.get("bank"):
        ProviderBooks(sandbox).set_time(at)
    return payment


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl, day: date) -> Payment:
    """In both books, on that day."""
    return settle.settle_from_provider(paid_there(payable, provider_sandbox, noon(day)))


def compared(day: date) -> ReconciledDay:
    (row,) = reconciliation.run([day]).days
    return row


def items() -> list[tuple[str, str, int, int, str]]:
    rows = ReconciliationItem.objects.exclude(kind="given_back").order_by("kind", "theirs_cents")
    return list(rows.values_list("kind", "category", "theirs_cents", "ours_cents", "state"))


def mails() -> int:
    return NoticeMessage.objects.filter(kind="books_differ").count()


def figures(row: ReconciledDay) -> tuple[str, int, int, int, int]:
    return (row.state, row.movements, row.provider_cents, row.ledger_cents, row.repaired)


def test_webhooks_lost_for_days_are_repaired(payable: MSARequest, provider_sandbox: SandboxControl, day: date) -> None:
    payment = paid_there(payable, provider_sandbox, noon(day))
    outcome = reconciliation.run(reconciliation.due())
    assert [row.day for row in outcome.days] == [day, day + timedelta(days=1), day + timedelta(days=2)]
    assert [figures(row) for row in outcome.days] == [("clean", 1, FEE, FEE, 1), *[("clean", 0, 0, 0, 0)] * 2]
    payable.refresh_from_db()
    assert (state_of(payment), payable.status, items(), mails()) == ("paid", "request_submitted", [], 0)
    assert (reconciliation.due(), NoticeMessage.objects.filter(kind="receipt").count()) == ([], 1)


def test_checkout_that_we_never_heard_of_is_known_by_its_key(
    payable: MSARequest, provider_sandbox: SandboxControl, day: date
) -> None:
    payment = paid_there(payable, provider_sandbox, noon(day))
    Payment.objects.filter(pk=payment.pk).update(session_id=None, state="created")
    assert (figures(compared(day)), state_of(payment)) == (("clean", 1, FEE, FEE, 1), "paid")


def test_running_twice_changes_nothing(paid: Payment, day: date, books: ProviderBooks) -> None:
    factories.supervisor()
    books.move("charge", 5000, noon(day))
    first = figures(compared(day))
    entries, differences, told = LedgerEntry.objects.count(), items(), mails()
    assert (figures(compared(day)), LedgerEntry.objects.count(), items(), mails()) == (
        first,
        entries,
        differences,
        told,
    )
    assert (told, len(differences)) == (1, 1)


def test_refund_made_in_the_dashboard_is_found(
    paid: Payment, provider_sandbox: SandboxControl, books: ProviderBooks, day: date
) -> None:
    provider_sandbox.act(str(paid.session_id), "refund", amount=5000)
    books.set_time(noon(day), category="refund")
    refund = stripe_client().v1.refunds.list().data[0].id
    provider_sandbox.call(f"objects/{refund}", created=int(noon(day).timestamp()))
    assert figures(compared(day)) == ("clean", 2, FEE - 5000, FEE - 5000, 1)
    assert [refund.reason for refund in Refund.objects.all()] == ["at_provider"]
    assert items() == []


def test_fee_given_back_there_while_the_visit_is_to_come_is_told_to_staff(
    paid: Payment, provider_sandbox: SandboxControl
) -> None:
    factories.supervisor()
    provider_sandbox.act(str(paid.session_id), "refund")
    for _ in range(2):
        reconciliation.run([reconciliation.today()])
    item = ReconciliationItem.objects.get()
    assert (item.kind, item.payment_id, item.theirs_cents, item.ours_cents) == ("given_back", paid.pk, -FEE, -FEE)
    assert (item.day.state, item.state, mails()) == ("unfinished", "open", 1)
    Refund.objects.update(reason="goodwill")
    reconciliation.run([])
    assert (state_of(item), item.resolved_by) == ("resolved", None)


def test_part_of_a_fee_given_back_there_leaves_the_visit_alone(
    paid: Payment, provider_sandbox: SandboxControl
) -> None:
    provider_sandbox.act(str(paid.session_id), "refund", amount=FEE - 1)
    reconciliation.run([reconciliation.today()])
    assert not ReconciliationItem.objects.exists()


def test_dispute_is_found_and_its_end(paid: Payment, provider_sandbox: SandboxControl) -> None:
    today = reconciliation.today()
    for act, category, state in (("dispute", "dispute", "open"), ("win", "dispute_reversal", "won")):
        provider_sandbox.act(str(paid.session_id), act)
        row = compared(today)
        paid.refresh_from_db()
        assert (row.repaired, row.provider_cents == row.ledger_cents, paid.dispute) == (row.movements, True, state)
        assert category in {line.category for line in day_books.read(today).lines.values()}
    booked = LedgerEntry.objects.filter(dispute__isnull=False).order_by("pk").values_list("kind", "amount_cents")
    assert (items(), list(booked)) == ([], [("dispute_opened", FEE), ("dispute_won", FEE)])


def test_refund_that_came_back_is_found(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    now, today = timezone.now(), reconciliation.today()
    payment = settle.settle_from_provider(paid_there(payable, provider_sandbox, now, card=REFUND_FAILS))
    provider_sandbox.act(str(payment.session_id), "refund")
    assert (compared(today).repaired, Refund.objects.get().state) == (1, "succeeded")
    provider_sandbox.call("later/run")
    row = compared(today)
    assert (row.movements, row.provider_cents, row.ledger_cents, Refund.objects.get().state) == (3, FEE, FEE, "failed")
    assert items() == []


def test_money_that_nobody_knows_becomes_an_item_and_one_message(
    day: date, schedule: Any, books: ProviderBooks
) -> None:
    factories.supervisor()
    ids = {books.move("charge", cents, noon(day)) for cents in (5000, 7000)}
    row = compared(day)
    assert figures(row) == ("open", 2, 12000, 0, 0)
    assert items() == [("unknown_money", "charge", 5000, 0, "open"), ("unknown_money", "charge", 7000, 0, "open")]
    assert set(ReconciliationItem.objects.values_list("provider_id", flat=True)) == ids
    message = NoticeMessage.objects.get(kind="books_differ")
    assert all(provider_id in message.text for provider_id in ids)
    books.move("charge", 9000, noon(day))
    compared(day)
    assert mails() == 2


def test_entry_of_ours_that_is_missing_there_becomes_an_item(paid: Payment, day: date, books: ProviderBooks) -> None:
    books.forget()
    assert figures(compared(day)) == ("open", 0, 0, FEE, 0)
    assert items() == [("missing", "charge", 0, FEE, "open")]
    item = ReconciliationItem.objects.get()
    assert (item.provider_id, item.payment_id) == (paid.intent_id, paid.pk)


def test_todays_entry_may_be_ahead_of_the_providers_list(
    payable: MSARequest, provider_sandbox: SandboxControl, books: ProviderBooks
) -> None:
    settle.settle_from_provider(paid_there(payable, provider_sandbox, timezone.now()))
    books.forget()
    assert (compared(reconciliation.today()).state, items()) == ("unfinished", [])


def test_another_amount_becomes_an_item(paid: Payment, day: date, books: ProviderBooks) -> None:
    books.set_field("amount", FEE + 1)
    assert figures(compared(day)) == ("open", 1, FEE + 1, FEE, 0)
    assert items() == [("differs", "charge", FEE + 1, FEE, "open")]


def test_two_movements_of_one_payment_are_summed(paid: Payment, day: date, books: ProviderBooks) -> None:
    books.move("charge", FEE, noon(day) + timedelta(hours=1), intent=paid.intent_id)
    assert figures(compared(day)) == ("open", 2, 2 * FEE, FEE, 0)
    assert items() == [("differs", "charge", 2 * FEE, FEE, "open")]


def test_another_currency_becomes_an_item_and_is_never_summed(paid: Payment, day: date, books: ProviderBooks) -> None:
    books.set_field("currency", "cad")
    assert figures(compared(day)) == ("open", 1, 0, FEE, 0)
    assert items() == [("missing", "charge", 0, FEE, "open"), ("not_our_money", "charge", FEE, 0, "open")]
    assert ReconciliationItem.objects.get(kind="not_our_money").currency == "cad"


def test_money_of_another_mode_becomes_an_item(paid: Payment, day: date, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(provider, "expects_live_money", lambda: True)
    compared(day)
    assert [kind for kind, *_rest in items()] == ["missing", "not_our_money"]


def test_what_is_not_ours_is_counted_and_passed_over(paid: Payment, day: date, books: ProviderBooks) -> None:
    books.move("payout", -20000, noon(day))
    row = compared(day)
    assert (figures(row), row.passed_over, items()) == (("clean", 2, FEE, FEE, 0), 1, [])


def test_bank_debit_under_way_leaves_its_day_unfinished(
    payable: MSARequest, provider_sandbox: SandboxControl, books: ProviderBooks, day: date
) -> None:
    """The provider may list a debit before its money is here; where it fails, it is listed out again."""
    payment = settle.settle_from_provider(paid_there(payable, provider_sandbox, noon(day), bank=True))
    books.move("charge", FEE, noon(day), intent=payment.intent_id)
    assert (state_of(payment), compared(day).state, items(), day in reconciliation.due()) == (
        "pending",
        "unfinished",
        [],
        True,
    )
    provider_sandbox.act(str(payment.session_id), "fail")
    books.move("charge_failure", -FEE, noon(day + timedelta(days=1)), intent=payment.intent_id)
    rows = [compared(day), compared(day + timedelta(days=1))]
    assert (state_of(payment), [figures(row) for row in rows]) == ("failed", [("clean", 1, 0, 0, 0)] * 2)
    assert [row.passed_over for row in rows] == [1, 1]


def test_provider_that_fails_in_the_middle_of_its_list_leaves_the_day_as_it_was(
    day: date, schedule: Any, books: ProviderBooks, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.paid_on(day, 120, books)
    lists = provider.movements

    def broken_at_the_second_page(*bounds: datetime) -> Any:
        for place, movement in enumerate(lists(*bounds)):
            if place == 50:
                provider_sandbox.call("faults", kind="error_before", count=9, path="/v1/balance_transactions")
            yield movement

    with monkeypatch.context() as patch:
        patch.setattr(provider, "movements", broken_at_the_second_page)
        outcome = reconciliation.run([day, day + timedelta(days=1)])
        with pytest.raises(provider.ProviderUnavailable):
            tasks.reconcile_days()
    assert (outcome.days, outcome.unanswered, ReconciledDay.objects.count(), items()) == ([], day, 0, [])
    provider_sandbox.http("DELETE", "/sandbox/faults")
    assert figures(compared(day)) == ("clean", 120, 120 * FEE, 120 * FEE, 0)


@pytest.mark.parametrize(
    ("day", "hours", "first"),
    [
        (date(2026, 3, 8), 23, datetime(2026, 3, 8, 8, tzinfo=UTC)),
        (date(2026, 7, 1), 24, datetime(2026, 7, 1, 7, tzinfo=UTC)),
        (date(2026, 11, 1), 25, datetime(2026, 11, 1, 7, tzinfo=UTC)),
        (date(2025, 12, 31), 24, datetime(2025, 12, 31, 8, tzinfo=UTC)),
    ],
)
def test_day_is_the_utilitys_from_its_first_second_to_its_last(
    day: date, hours: int, first: datetime, schedule: Any, books: ProviderBooks
) -> None:
    last = first + timedelta(hours=hours) - timedelta(microseconds=100_000)  # 23:59:59.9
    for at in (first - timedelta(seconds=1), first, last, first + timedelta(hours=hours)):
        books.move("charge", 100, at)
    assert reconciliation.bounds(day) == (first, first + timedelta(hours=hours))
    assert [compared(on).movements for on in (day - timedelta(days=1), day, day + timedelta(days=1))] == [1, 2, 1]


def test_payment_in_a_days_last_second_is_booked_to_that_day(
    payable: MSARequest, provider_sandbox: SandboxControl, day: date
) -> None:
    last = reconciliation.bounds(day)[1] - timedelta(microseconds=100_000)
    paid_there(payable, provider_sandbox, last)
    rows = reconciliation.run([day, day + timedelta(days=1)]).days
    assert [figures(row) for row in rows] == [("clean", 1, FEE, FEE, 1), ("clean", 0, 0, 0, 0)]


def test_yesterday_is_due_once_the_night_is_over(paid: Payment, time_machine: Any) -> None:
    Payment.objects.update(created_at=datetime(2026, 11, 1, 12, tzinfo=UTC))
    for hour, last in ((2, date(2026, 12, 6)), (3, date(2026, 12, 7))):
        time_machine.move_to(datetime(2026, 12, 8, hour, 1, tzinfo=UTILITY_ZONE))
        assert reconciliation.due()[-1] == last


def test_nothing_is_due_before_the_first_payment(schedule: Any) -> None:
    assert reconciliation.due() == []


def test_final_day_to_which_something_was_booked_later_is_due_again(paid: Payment, day: date) -> None:
    row = compared(day)
    assert day not in reconciliation.due()
    ReconciledDay.objects.filter(pk=row.pk).update(checked_at=row.checked_at - timedelta(hours=1))
    assert day in reconciliation.due()


def test_todays_comparison_is_not_called_clean(payable: MSARequest, provider_sandbox: SandboxControl) -> None:
    payment = paid_there(payable, provider_sandbox, timezone.now())
    tasks.reconcile_today()
    row = ReconciledDay.objects.get()
    assert (figures(row), state_of(payment)) == (("unfinished", 1, FEE, FEE, 1), "paid")


def test_queries_do_not_grow_with_payments(day: date, schedule: Any, books: ProviderBooks) -> None:
    counts = []
    reconciliation.run([])  # the lease has its row
    for place, number in enumerate((3, 240)):
        many.paid_on(day - timedelta(days=place), number, books)
        with CaptureQueriesContext(connection) as seen:
            assert compared(day - timedelta(days=place)).state == "clean"
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_second_comparison_at_once_is_turned_away(
    day: date, schedule: Any, books: ProviderBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.move("charge", 5000, noon(day))
    lists, refused = provider.movements, []

    def while_another_begins(*bounds: datetime) -> Any:
        with pytest.raises(reconciliation.Busy) as refusal:
            reconciliation.run([day])
        refused.append(refusal)
        tasks.reconcile_days()  # comes back without a word
        yield from lists(*bounds)

    with monkeypatch.context() as patch:
        patch.setattr(provider, "movements", while_another_begins)
        assert compared(day).state == "open"
    assert (len(refused), len(items()), compared(day).state) == (1, 1, "open")


def test_comparison_that_lost_its_lease_writes_nothing(
    day: date, schedule: Any, books: ProviderBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was slower than the lease lasts, and another one took over."""
    many.paid_on(day, 2, books)  # nothing to repair, so that only the writing looks at the lease
    lists = provider.movements

    def slow(*bounds: datetime) -> Any:
        yield from lists(*bounds)
        monkeypatch.setattr(provider, "movements", lists)
        ReconciliationLease.objects.update(until=timezone.now())
        compared(day)
        ReconciledDay.objects.update(movements=7)

    monkeypatch.setattr(provider, "movements", slow)
    with pytest.raises(reconciliation.Busy):
        reconciliation.run([day])
    assert ReconciledDay.objects.get().movements == 7


def test_lease_of_a_comparison_that_died_ends(day: date, schedule: Any, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    with lease.held():
        time_machine.shift(ReconciliationLease.LASTS + timedelta(seconds=1))
        assert compared(day).state == "clean"


def test_payment_that_cannot_follow_keeps_no_other_from_it(
    payable: MSARequest, provider_sandbox: SandboxControl, books: ProviderBooks, day: date, monkeypatch: Any
) -> None:
    payment = paid_there(payable, provider_sandbox, noon(day))
    other = many.paid_on(day, 1, books)[0]

    def refused(_payment: Payment) -> Payment:
        raise provider.ProviderRefused("resource_missing")

    with monkeypatch.context() as patch:
        patch.setattr(settle, "settle_from_provider", refused)
        assert figures(compared(day)) == ("open", 2, FEE + other.received_cents, other.received_cents, 0)
    assert items() == [("differs", "charge", FEE, 0, "open")]
    assert (figures(compared(day))[0], state_of(payment)) == ("clean", "paid")
    item = ReconciliationItem.objects.get()
    assert (item.state, item.resolved_by, item.note) == ("resolved", None, "It was gone at a later comparison.")


@pytest.fixture
def item(paid: Payment, day: date, books: ProviderBooks) -> ReconciliationItem:
    books.set_field("amount", FEE + 1)
    compared(day)
    return ReconciliationItem.objects.get()


def test_resolved_difference_explains_its_day(item: ReconciliationItem, day: date) -> None:
    supervisor = factories.supervisor()
    done = reconciliation.resolve(item, by=supervisor, note=" A rounding of the bank. ")
    assert (done.state, done.note, done.resolved_by) == ("resolved", "A rounding of the bank.", supervisor)
    assert (ReconciledDay.objects.get(day=day).state, day in reconciliation.due()) == ("explained", False)
    compared(day)
    assert (state_of(item), ReconciledDay.objects.get(day=day).state, mails()) == ("resolved", "explained", 0)


def test_difference_is_resolved_once_and_never_without_a_word(item: ReconciliationItem) -> None:
    supervisor = factories.supervisor()
    with pytest.raises(Refused):
        reconciliation.resolve(item, by=supervisor, note="  ")
    reconciliation.resolve(item, by=supervisor, note="Found.")
    with pytest.raises(Stale, match=r"Found\."):
        reconciliation.resolve(item, by=supervisor, note="Found again.")


def test_resolved_difference_that_changes_is_open_again(
    item: ReconciliationItem, day: date, books: ProviderBooks
) -> None:
    reconciliation.resolve(item, by=factories.supervisor(), note="One cent.")
    books.set_field("amount", FEE + 2)
    row = compared(day)
    assert (state_of(item), item.theirs_cents, row.state, mails()) == ("open", FEE + 2, "open", 1)


def test_every_entry_of_money_at_the_provider_has_its_category() -> None:
    cash = {kind for kind, sides in ledger._SIDES.items() if Account.PROVIDER in sides}
    assert set(day_books.CATEGORY_OF) == cash
    assert {kind for kind in cash if ledger._SIDES[kind][1] == Account.PROVIDER} == day_books.LEAVES
