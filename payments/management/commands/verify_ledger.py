"""Compare running figures, states and the ledger with one another."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.models import LedgerEntry
from payments.services import audit


class Command(BaseCommand):
    help = "Verify that the books agree with themselves to the cent. Exits with 1, and says where, if they do not."

    def handle(self, *args: Any, **options: Any) -> None:
        with audit.one_picture():
            differences = 0
            for line in audit.differences():
                self.stdout.write(line)
                differences += 1
            entries = LedgerEntry.objects.count()
        if differences:
            raise CommandError(f"{differences} difference(s).")
        self.stdout.write(f"{entries} ledger entries verified.")
