"""Compare our books with the payment provider's list, day by day, and print what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from msa_portal import formats
from payments.models import ReconciledDay, ReconciliationItem
from payments.services import reconciliation
from payments.services.reconciliation.days import between

_HEAD = f"{'day':<12}{'result':<30}{'movements':>10}{'not ours':>10}{'provider':>14}{'our books':>14}{'repaired':>10}"


class Command(BaseCommand):
    help = (
        "Compare every day from --from to --to (without them: every day that does not agree yet, and today so far) "
        "with the provider's list. Exits with 1 where a difference is open, with 2 where there was no comparison."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", metavar="YYYY-MM-DD", help="the first day")
        parser.add_argument("--to", dest="last", metavar="YYYY-MM-DD", help="the last day; without it, --from alone")

    def handle(self, *args: Any, first: str | None, last: str | None, **options: Any) -> None:
        days = _days(first, last)
        try:
            outcome = reconciliation.run(days)
        except reconciliation.Busy as refusal:
            raise CommandError(str(refusal), returncode=2) from None
        self.stdout.write(_HEAD)
        differ = [self._print(day) for day in outcome.days]
        if outcome.unanswered is not None:
            raise CommandError(
                f"The provider gave no answer about {outcome.unanswered}: that day and later ones stay as they were.",
                returncode=2,
            )
        if any(differ):
            raise SystemExit(1)

    def _print(self, day: ReconciledDay) -> bool:
        self.stdout.write(
            f"{day.day!s:<12}{day.get_state_display():<30}{day.movements:>10}{day.passed_over:>10}"
            f"{formats.usd(day.provider_cents):>14}{formats.usd(day.ledger_cents):>14}{day.repaired:>10}"
        )
        left = day.items.filter(state=ReconciliationItem.State.OPEN).order_by("pk")
        for item in left:
            ours, theirs = (_money(cents, item.currency) for cents in (item.ours_cents, item.theirs_cents))
            self.stdout.write(
                f"  #{item.pk} {item.get_kind_display()}: {item.category} {item.provider_id}, "
                f"provider {theirs}, our books {ours}"
            )
        return bool(left)


def _money(cents: int, currency: str) -> str:
    return formats.usd(cents) if currency == "usd" else f"{cents} {currency.upper()}"


def _days(first: str | None, last: str | None) -> list[date]:
    if first is None and last is None:
        return [*reconciliation.due(), reconciliation.today()]
    if first is None:
        raise CommandError("--to needs --from: the first day to compare.", returncode=2)
    begin = _day("--from", first)
    end = begin if last is None else _day("--to", last)
    if end < begin:
        raise CommandError(f"--to {end} is before --from {begin}.", returncode=2)
    if end > reconciliation.today():
        raise CommandError(f"--to {end} is not here yet: today is {reconciliation.today()}.", returncode=2)
    return list(between(begin, end))


def _day(option: str, text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        raise CommandError(
            f"{option} {text}: write the day as YYYY-MM-DD, such as 2026-12-08.", returncode=2
        ) from None
