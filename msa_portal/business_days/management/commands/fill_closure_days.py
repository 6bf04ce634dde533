from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from msa_portal.business_days.models import ClosureDay
from msa_portal.business_days.statutory import closure_days


class Command(BaseCommand):
    help = "Add California's state holidays of a year to the closure days. Days that staff keep are left as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int)

    def handle(self, *args: Any, year: int, **options: Any) -> None:
        with transaction.atomic():
            added = 0
            for day, name in closure_days(year).items():
                _row, created = ClosureDay.objects.get_or_create(on=day, defaults={"name": name})
                added += created
            self.stdout.write(f"{year}: {added} closure days added.")
