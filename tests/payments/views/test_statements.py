"""Statements on the screen, as files, and for whom they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from msa_portal.accounts.models import Company, Membership, User
from msa_portal.business_days.calendar import UTILITY_ZONE
from payments.models import Statement
from payments.services import statement_files
from payments.services.statements import Addressee
from tests import factories, jobs
from tests.payments import bookings

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

OCTOBER = date(2026, 10, 1)


@pytest.fixture
def company(db: None) -> Company:
    return factories.CompanyFactory()


@pytest.fixture
def bob(company: Company) -> User:
    return factories.member_of(company)


@pytest.fixture
def paid_in_october(company: Company, bob: User, time_machine: Any) -> Callable[..., None]:
    """Two fees paid for the company and one by Bob himself; then it is November."""
    time_machine.move_to(datetime(2026, 10, 5, 12, tzinfo=UTILITY_ZONE), tick=False)
    fees = bookings.fees_of(bookings.request_of(company, bob, street='=HYPERLINK("http://evil.example/")'), 3)
    payment = bookings.paid(bob, fees[:2], company=company)
    bookings.sent(bookings.promised(payment, fees[0], 5000))
    bookings.paid(bob, fees[2:])

    def at(*moment: int) -> None:
        time_machine.move_to(datetime(*moment, tzinfo=UTILITY_ZONE), tick=False)  # type: ignore[misc]

    at(2026, 11, 20, 9)
    return at


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def drain(answer: Any) -> bytes:
    """The body; a file is read to its end, which closes it."""
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_list_names_the_months_of_person_and_company(
    paid_in_october: Callable[..., None], company: Company, bob: User
) -> None:
    shown = page(signed_in(bob), "/statements/")
    for words in (company.name, "Paid by you alone", f"/statements/{company.pk}/2026-10/", '"/statements/2026-10/"'):
        assert words in shown
    assert "$558.44" in shown
    assert "$50.00" in shown


def test_month_shows_each_fee_and_the_figures(
    paid_in_october: Callable[..., None], company: Company, bob: User
) -> None:
    shown = page(signed_in(bob), f"/statements/{company.pk}/2026-10/")
    for words in ("Statement for October 2026", "MSA-2026-", "Visit 2", "-$50.00", "$508.44", "Make the PDF"):
        assert words in shown
    alone = page(signed_in(bob), "/statements/2026-10/")
    assert ("$279.22" in alone, "$558.44" in alone) == (True, False)


def test_running_month_is_shown_so_far_and_has_no_pdf(
    paid_in_october: Callable[..., None], company: Company, bob: User
) -> None:
    client = signed_in(bob)
    shown = page(client, f"/statements/{company.pk}/2026-11/")
    assert "November 2026 so far" in shown
    assert "The PDF comes when the month is over." in shown
    client.post(f"/statements/{company.pk}/2026-11.pdf")
    assert Statement.objects.count() == 0
    assert client.get(f"/statements/{company.pk}/2026-12/").status_code == 404


def test_statement_is_made_when_asked_for_and_then_downloads(
    paid_in_october: Callable[..., None], company: Company, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = jobs.kept(monkeypatch)
    client, address = signed_in(bob), f"/statements/{company.pk}/2026-10"
    assert client.get(f"{address}.pdf")["Location"] == f"{address}/"
    assert asked == []
    for _ in range(2):
        assert client.post(f"{address}.pdf")["Location"] == f"{address}/"
    assert asked == [("payments.render_statement", "2026-10-01", company.pk, None)]
    waiting = page(client, f"{address}/")
    assert "The PDF is being made." in waiting
    assert 'hx-trigger="every 3s"' in waiting
    for job, *args in asked:
        jobs.run_now(job, args)
    assert f'href="{address}.pdf"' in page(client, f"{address}/")
    answer = client.get(f"{address}.pdf")
    body = b"".join(answer.streaming_content)
    assert body.startswith(b"%PDF-")
    assert answer["Content-Disposition"] == f'attachment; filename="MSA_statement_C{company.pk}-2026-10.pdf"'
    assert (answer["X-Content-Type-Options"], answer["Content-Security-Policy"], answer["Cache-Control"]) == (
        "nosniff",
        "sandbox; default-src 'none'",
        "private, no-store",
    )


def test_rendering_is_no_part_of_a_request(
    paid_in_october: Callable[..., None], company: Company, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rendered(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("rendered in a web request")

    monkeypatch.setattr(statement_files, "render_pdf", rendered)
    jobs.kept(monkeypatch)
    client = signed_in(bob)
    for path in (f"/statements/{company.pk}/2026-10", "/statements/2026-10"):
        assert client.post(f"{path}.pdf").status_code == 302
        assert client.get(f"{path}.pdf").status_code == 302


def test_spreadsheet_has_the_lines_and_no_formula(
    paid_in_october: Callable[..., None], company: Company, bob: User
) -> None:
    answer = signed_in(bob).get(f"/statements/{company.pk}/2026-10.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, *rows = list(csv.reader(io.StringIO(text)))
    assert head[-1] == "Amount (US dollars)"
    assert [row[-1] for row in rows] == ["279.22", "279.22", "-50.00"]
    assert sum(Decimal(row[-1]) for row in rows) == Decimal("508.44")
    assert {row[6][:3] for row in rows} == {"'=H"}
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename=")


def test_only_the_person_the_company_and_staff_see_it(
    paid_in_october: Callable[..., None], company: Company, bob: User
) -> None:
    manager = factories.member_of(company)
    Membership.objects.filter(user=manager).update(is_manager=True)
    stranger = factories.member_of(factories.CompanyFactory())
    statement_files.render(Addressee(company=company), OCTOBER)
    statement_files.render(Addressee(user=bob), OCTOBER)
    seen = {}
    people = {"member": bob, "manager": manager, "staff": factories.staff(), "other agent": stranger}
    people |= {"customer": factories.UserFactory(), "technician": factories.technician()}
    for name, user in people.items():
        client = signed_in(user)
        answers = [client.get(f"/statements/{company.pk}/2026-10{end}") for end in ("/", ".pdf", ".csv")]
        for answer in answers:
            drain(answer)
        seen[name] = {answer.status_code for answer in answers}
    allowed = {"member", "manager", "staff"}
    assert seen == {name: {200} if name in allowed else {404} for name in people}
    # Bob's own is nobody else's: the same address shows each person their own.
    assert "$279.22" not in page(signed_in(manager), "/statements/2026-10/")
    assert signed_in(manager).get("/statements/2026-10.pdf").status_code == 302


def test_who_left_the_company_sees_it_no_more(
    paid_in_october: Callable[..., None], company: Company, bob: User
) -> None:
    client = signed_in(bob)
    assert client.get(f"/statements/{company.pk}/2026-10/").status_code == 200
    Membership.objects.filter(user=bob).delete()
    assert client.get(f"/statements/{company.pk}/2026-10/").status_code == 404


@pytest.mark.parametrize(
    "path", ["/statements/", "/statements/{company}/2026-10/", "/statements/{company}/2026-10.csv"]
)
def test_page_takes_as_many_queries_for_500_fees_as_for_one(
    company: Company, bob: User, time_machine: Any, path: str
) -> None:
    time_machine.move_to(datetime(2026, 10, 5, 12, tzinfo=UTILITY_ZONE), tick=False)
    msa_request, client, counts = bookings.request_of(company, bob), signed_in(bob), []
    for more in (1, 499):
        bookings.paid(bob, bookings.fees_of(msa_request, more), company=company)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path.format(company=company.pk))
            body = drain(answer)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert b"279.22" in body or b"139,610.00" in body
