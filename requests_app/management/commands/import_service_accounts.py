from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from requests_app.utility_records.importing import BadFile, import_service_accounts


class Command(BaseCommand):
    help = "Import the utility's service accounts from a CSV file (docs/service-accounts.md): all of it, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="UTF-8 CSV with a header line")
        parser.add_argument("--dry-run", action="store_true", help="check the file and say what would happen")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            report = import_service_accounts(file, dry_run=dry_run)
        except BadFile as refusal:
            for error in refusal.errors:
                self.stderr.write(str(error))
            if refusal.count > len(refusal.errors):
                self.stderr.write(f"… and {refusal.count - len(refusal.errors)} more.")
            raise CommandError(str(refusal)) from None
        done = "would be" if dry_run else "were"
        self.stdout.write(
            f"{report.created} accounts {done} created, {report.updated} updated, {report.unchanged} are unchanged."
        )
