"""Django's own command makes the most powerful account there is without a trace; `grant_role` does it on the record."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Refused: use grant_role, which records who did it and tells the supervisors."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--email")
        parser.add_argument("--name")
        parser.add_argument("--noinput", "--no-input", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "Sign up on the site, then run: manage.py grant_role EMAIL supervisor --operator … --reason …"
        )
