"""`manage.py reconcile`: the same comparison, printed."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from payments import provider
from payments.models import ReconciledDay, ReconciliationItem
from payments.services import reconciliation
from payments.services.reconciliation import lease
from tests.payments import many
from tests.payments.provider_books import ProviderBooks
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("commits", "at_once", "provider_sandbox"),
]


@pytest.fixture
def books(provider_sandbox: SandboxControl, schedule: Any) -> ProviderBooks:
    return ProviderBooks(provider_sandbox)


@pytest.fixture
def day() -> date:
    return reconciliation.today() - timedelta(days=3)


def printed(*arguments: str) -> tuple[int, list[str]]:
    """Its exit code, and its lines."""
    out, code = StringIO(), 0
    try:
        call_command("reconcile", *arguments, stdout=out)
    except SystemExit as leaving:
        code = int(str(leaving.code))
    return code, out.getvalue().splitlines()


def test_days_that_agree_are_a_line_each(day: date, books: ProviderBooks) -> None:
    many.paid_on(day, 3, books)
    code, lines = printed("--from", str(day), "--to", str(day + timedelta(days=1)))
    assert (code, len(lines)) == (0, 3)
    assert lines[1].split() == [str(day), "Agrees", "3", "0", "$837.66", "$837.66", "0"]
    assert lines[2].split() == [str(day + timedelta(days=1)), "Agrees", "0", "0", "$0.00", "$0.00", "0"]


def test_open_difference_is_printed_with_its_id_and_exits_with_1(day: date, books: ProviderBooks) -> None:
    intent = books.move("charge", 5000, reconciliation.bounds(day)[0])
    code, lines = printed("--from", str(day))
    item = ReconciliationItem.objects.get()
    assert (code, lines[1].split()[1]) == (1, "Differs")
    assert f"#{item.pk} " in lines[2]
    assert lines[2].endswith(f"charge {intent}, provider $50.00, our books $0.00")


def test_without_days_it_compares_what_is_due_and_today(schedule: Any) -> None:
    code, lines = printed()
    assert (code, lines[1].split()[0], len(lines)) == (0, str(reconciliation.today()), 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from", "12/08/2026"], "write the day as YYYY-MM-DD"),
        (["--from", "2026-02-30"], "write the day as YYYY-MM-DD"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "is before --from"),
        (["--from", "2026-11-02", "--to", "2999-01-01"], "is not here yet"),
        (["--to", "2026-11-01"], "--to needs --from"),
    ],
)
def test_days_that_make_no_sense_are_refused(arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says) as refusal:
        call_command("reconcile", *arguments)
    assert (refusal.value.returncode, ReconciledDay.objects.count()) == (2, 0)


def test_provider_without_an_answer_is_said_plainly(day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_bounds: Any) -> Any:
        raise provider.ProviderUnavailable("APIConnectionError")

    monkeypatch.setattr(provider, "movements", silent)
    with pytest.raises(CommandError, match=f"no answer about {day}") as refusal:
        printed("--from", str(day))
    assert (refusal.value.returncode, ReconciledDay.objects.count()) == (2, 0)


def test_comparison_under_way_is_said_plainly(day: date) -> None:
    with lease.held(), pytest.raises(CommandError, match="under way already"):
        printed("--from", str(day))
