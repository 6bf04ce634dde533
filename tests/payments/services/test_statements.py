"""Monthly statements: their sums are the ledger's, a closed month never changes, and file and row go together."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from msa_portal.accounts.models import Company, Membership, User
from msa_portal.business_days.calendar import UTILITY_ZONE
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from payments import months, tasks
from payments.models import Account, LedgerEntry, Statement
from payments.services import statement_files, statements
from payments.services.statements import Addressee, MonthlyAccount
from tests import factories
from tests.jobs import run_at_once
from tests.payments import bookings

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def company(db: None) -> Company:
    return factories.CompanyFactory()


@pytest.fixture
def bob(company: Company) -> User:
    user = factories.member_of(company)
    Membership.objects.filter(user=user).update(is_manager=True)
    return user


@pytest.fixture
def clock(time_machine: Any) -> Callable[..., None]:
    """Sets the utility's clock, and lets it stand."""

    def at(*moment: int) -> None:
        time_machine.move_to(datetime(*moment, tzinfo=UTILITY_ZONE), tick=False)  # type: ignore[misc]

    at(2026, 10, 5, 12)
    return at


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def account(payer: Addressee, month: date) -> MonthlyAccount:
    return statements.of_month(payer, month)


def text_of(statement: Statement) -> list[str]:
    with statement.file.open("rb") as file:
        return [page.extract_text() for page in PdfReader(io.BytesIO(file.read())).pages]


def test_month_says_what_came_what_went_and_what_is_still_to_come(
    clock: Callable[..., None], company: Company, bob: User
) -> None:
    msa_request = bookings.request_of(company, bob)
    fees = bookings.fees_of(msa_request, 3)
    both = bookings.paid(bob, fees[:2], company=company)
    clock(2026, 11, 3, 9)
    twice = bookings.paid(bob, fees[2:], company=company, state="duplicate")
    bookings.sent(bookings.promised(twice, fees[2], bookings.FEE))
    bookings.promised(both, fees[0], 5000)
    held = bookings.paid(bob, bookings.fees_of(msa_request), company=company, state="held")
    payer = Addressee(company=company)

    october, november = account(payer, OCTOBER), account(payer, NOVEMBER)
    assert [(group.payment_id, len(group.lines), group.cents) for group in october.payments] == [
        (both.pk, 2, 2 * bookings.FEE)
    ]
    assert (october.opening_cents, october.paid_cents, october.back_cents, october.closing_cents) == (
        0, 2 * bookings.FEE, 0, 2 * bookings.FEE,
    )  # fmt: skip
    assert (november.opening_cents, november.paid_cents, november.back_cents, november.closing_cents) == (
        2 * bookings.FEE, 2 * bookings.FEE, bookings.FEE, 3 * bookings.FEE,
    )  # fmt: skip
    assert (october.expected_cents, november.refunds_due_cents, november.unapplied_cents) == (0, 5000, bookings.FEE)
    assert november.expected_cents == 5000 + bookings.FEE
    assert [line.payment_id for line in november.refunds] == [twice.pk]
    assert held.pk in [group.payment_id for group in november.payments]


def test_money_that_a_bank_holds_is_not_expected_from_us(
    clock: Callable[..., None], company: Company, bob: User
) -> None:
    msa_request = bookings.request_of(company, bob)
    held = bookings.paid(bob, bookings.fees_of(msa_request), company=company, state="held")
    dispute = bookings.disputed(held)
    payer = Addressee(company=company)
    open_ = account(payer, OCTOBER)
    assert (open_.closing_cents, open_.unapplied_cents, open_.expected_cents) == (0, bookings.FEE, 0)
    bookings.decided(dispute, won=False)
    lost = account(payer, OCTOBER)
    assert (lost.closing_cents, lost.expected_cents, [line.cents for line in lost.disputes]) == (
        0,
        0,
        [-bookings.FEE, 0],
    )


def _play(rolled: random.Random, payer: User, company: Company | None) -> None:
    """One random thing that happens to the payer's money."""
    fees = bookings.fees_of(bookings.request_of(company, payer), rolled.randint(1, 4), rolled.randint(1, 99999))
    state = rolled.choice(["settled", "settled", "settled", "held", "duplicate"])
    payment = bookings.paid(payer, fees, company=company, state=state)
    fate = rolled.choice(["kept", "refund", "refund", "failed", "promise", "dispute", "won", "lost"])
    if fate in {"refund", "failed", "promise"}:
        for fee in rolled.sample(fees, rolled.randint(1, len(fees))):
            refund = bookings.promised(payment, fee, rolled.randint(1, fee.amount_cents))
            if fate != "promise":
                bookings.sent(refund)
            if fate == "failed":
                bookings.came_back(refund)
    elif fate in {"dispute", "won", "lost"}:
        dispute = bookings.disputed(payment)
        if fate != "dispute":
            bookings.decided(dispute, won=fate == "won")


@pytest.mark.parametrize("seed", range(6))
def test_lines_sum_to_the_ledger_in_every_month_and_over_all(
    clock: Callable[..., None], company: Company, bob: User, seed: int
) -> None:
    rolled = random.Random(seed)
    other = factories.member_of(factories.CompanyFactory())
    payers = [(bob, company), (bob, None), (other, other.companies.get())]
    year = [date(2026, month, 1) for month in range(1, 13)]
    for month in year:
        for _ in range(rolled.randint(0, 5)):
            clock(2026, month.month, rolled.randint(1, 28), rolled.randint(0, 23), rolled.randint(0, 59))
            _play(rolled, *rolled.choice(payers))
    for user, firm in payers:
        payer = Addressee(company=firm) if firm else Addressee(user=user)
        net = 0
        for month in year:
            begin, end = months.bounds(month)
            of = account(payer, month)
            booked = LedgerEntry.objects.filter(payment__company=firm, at__gte=begin, at__lt=end)
            booked = booked if firm else booked.filter(payment__payer=user)
            assert sum(line.cents for line in of.lines) == booked.balance(Account.PROVIDER) == of.net_cents
            assert of.paid_cents - of.back_cents == of.net_cents
            assert sum(group.cents for group in of.payments) == of.paid_cents
            assert of.opening_cents == net
            net += of.net_cents
        assert net == payer.entries().balance(Account.PROVIDER)


def test_month_begins_and_ends_at_the_utilitys_midnight(
    clock: Callable[..., None], company: Company, bob: User, time_machine: Any
) -> None:
    msa_request = bookings.request_of(company, bob)
    payer = Addressee(company=company)
    expected = {}
    # Daylight saving ends on November 1, 2026: the last minute of October is UTC-7, the last of November UTC-8.
    for moment, month in [
        (datetime(2026, 11, 1, 6, 59, 59, tzinfo=UTC), OCTOBER),
        (datetime(2026, 11, 1, 7, 0, 0, tzinfo=UTC), NOVEMBER),
        (datetime(2026, 12, 1, 7, 59, 59, tzinfo=UTC), NOVEMBER),
        (datetime(2026, 12, 1, 8, 0, 0, tzinfo=UTC), DECEMBER),
    ]:
        time_machine.move_to(moment, tick=False)
        payment = bookings.paid(bob, bookings.fees_of(msa_request), company=company)
        expected.setdefault(month, []).append(payment.pk)
    assert {month: [group.payment_id for group in account(payer, month).payments] for month in expected} == expected


def test_person_and_company_each_have_their_own(clock: Callable[..., None], company: Company, bob: User) -> None:
    msa_request = bookings.request_of(company, bob)
    fees = bookings.fees_of(msa_request, 3)
    firm = bookings.paid(bob, fees[:1], company=company)
    alone = bookings.paid(bob, fees[1:2])
    bookings.paid(bob, fees[2:], by_link=True)

    def of(payer: Addressee) -> list[int]:
        return [group.payment_id for group in account(payer, OCTOBER).payments]

    assert (of(Addressee(company=company)), of(Addressee(user=bob))) == ([firm.pk], [alone.pk])


@pytest.mark.pdf
def test_file_is_made_once_the_month_is_over(clock: Callable[..., None], company: Company, bob: User) -> None:
    bookings.paid(bob, bookings.fees_of(bookings.request_of(company, bob), 2), company=company)
    payer = Addressee(company=company)
    clock(2026, 11, 1, 0, 30)  # a transaction of before midnight may still commit
    assert statement_files.render(payer, OCTOBER) is None
    clock(2026, 11, 1, 1, 30)
    made = statement_files.render(payer, OCTOBER)
    assert made is not None
    assert statement_files.render(payer, OCTOBER) == made
    assert Statement.objects.count() == 1
    with made.file.open("rb") as file:
        body = file.read()
    assert (made.size, made.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    (page,) = text_of(made)
    for words in ("Statement for October 2026", company.name, f"C{company.pk}-2026-10", "Page 1 of 1", "$558.44"):
        assert words in page
    assert statement_files.render(Addressee(user=bob), OCTOBER) is None


def test_closed_month_never_changes(clock: Callable[..., None], company: Company, bob: User) -> None:
    msa_request = bookings.request_of(company, bob)
    fees = bookings.fees_of(msa_request)
    payment = bookings.paid(bob, fees, company=company)
    clock(2026, 11, 2, 9)
    payer = Addressee(company=company)
    before = account(payer, OCTOBER)
    bookings.sent(bookings.promised(payment, fees[0], bookings.FEE))
    bookings.disputed(bookings.paid(bob, bookings.fees_of(msa_request), company=company))
    assert account(payer, OCTOBER) == before


def test_first_days_of_a_month_see_to_everybody_once(
    clock: Callable[..., None], company: Company, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_at_once(monkeypatch)
    idle = factories.member_of(factories.CompanyFactory())
    bookings.paid(bob, bookings.fees_of(bookings.request_of(company, bob)), company=company)
    bookings.paid(bob, bookings.fees_of(bookings.request_of(None, bob)))
    clock(2026, 11, 20, 9)
    tasks.make_statements()
    assert Statement.objects.count() == 0
    for day in (1, 2, 3):
        clock(2026, 11, day, 9)
        tasks.make_statements()
    statements = set(Statement.objects.values_list("company", "user", "month"))
    assert statements == {(company.pk, None, OCTOBER), (None, bob.pk, OCTOBER)}
    told = NoticeMessage.objects.filter(kind="statement_ready")
    assert [(row.to_email, row.recipient) for row in told] == [(bob.email, bob)]
    assert f"/statements/{company.pk}/2026-10/" in told.get().text
    assert idle.email not in told.get().to_email


def test_second_task_leaves_the_first_ones_file(
    clock: Callable[..., None], company: Company, bob: User, media: Path
) -> None:
    bookings.paid(bob, bookings.fees_of(bookings.request_of(company, bob)), company=company)
    clock(2026, 11, 2, 9)
    of = account(Addressee(company=company), OCTOBER)
    first = statement_files._store(of, b"%PDF-1.7 one")
    assert statement_files._store(of, b"%PDF-1.7 two") == first
    assert [path.read_bytes() for path in media.rglob("*.pdf")] == [b"%PDF-1.7 one"]


def test_no_file_without_its_row(
    clock: Callable[..., None], company: Company, bob: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings.paid(bob, bookings.fees_of(bookings.request_of(company, bob)), company=company)
    clock(2026, 11, 2, 9)

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("the notice cannot be queued")

    monkeypatch.setattr(statement_files.notices, "statement_ready", broken)
    with pytest.raises(RuntimeError):
        statement_files.render(Addressee(company=company), OCTOBER)
    assert (Statement.objects.count(), list(media.rglob("*.pdf"))) == (0, [])


def test_no_row_without_its_file(
    clock: Callable[..., None], company: Company, bob: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings.paid(bob, bookings.fees_of(bookings.request_of(company, bob)), company=company)
    clock(2026, 11, 2, 9)

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", full)
    with pytest.raises(Refused):
        statement_files.render(Addressee(company=company), OCTOBER)
    assert Statement.objects.count() == NoticeMessage.objects.filter(kind="statement_ready").count() == 0


def test_lines_that_do_not_lead_to_the_ledger_are_not_printed(
    clock: Callable[..., None], company: Company, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings.paid(bob, bookings.fees_of(bookings.request_of(company, bob), 2), company=company)
    clock(2026, 11, 2, 9)
    whole = statements._lines
    monkeypatch.setattr(statements, "_lines", lambda entries: list(whole(entries))[1:])
    with pytest.raises(statement_files.BooksDiffer):
        statement_files.render(Addressee(company=company), OCTOBER)
    assert Statement.objects.count() == 0


def test_many_lines_take_as_many_queries_as_one(clock: Callable[..., None], company: Company, bob: User) -> None:
    counts = []
    msa_request = bookings.request_of(company, bob)
    for more in (1, 499):
        bookings.paid(bob, bookings.fees_of(msa_request, more), company=company)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            of = account(Addressee(company=company), OCTOBER)
        counts.append(len(queries))
    assert (len(of.lines), counts) == (500, [4, 4])


@pytest.mark.pdf
def test_hundreds_of_lines_repeat_the_head_of_the_table(
    clock: Callable[..., None], company: Company, bob: User, media: Path
) -> None:
    bookings.paid(bob, bookings.fees_of(bookings.request_of(company, bob), 120), company=company)
    clock(2026, 11, 2, 9)
    made = statement_files.render(Addressee(company=company), OCTOBER)
    assert made is not None
    pages = text_of(made)
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert f"C{company.pk}-2026-10" in page
        assert "Amount" in page or "Questions" in page
