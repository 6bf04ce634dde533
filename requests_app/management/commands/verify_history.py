"""Verify the hash chain of every request's history."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from requests_app import history
from requests_app.models import MSARequest, RequestEvent


class Command(BaseCommand):
    help = "Verify that no event was changed, removed or put in between. Exits with 1, and says where, if one was."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", nargs="?", help="one request, such as MSA-2026-000123; all without it")

    def handle(self, *args: Any, **options: Any) -> None:
        reference = options["reference"]
        msa_request = MSARequest.objects.filter(reference=reference).first() if reference else None
        if reference and msa_request is None:
            raise CommandError(f"No request has the reference {reference}.")
        broken = list(history.broken_links(msa_request))
        for line in broken:
            self.stdout.write(line)
        if broken:
            raise CommandError(f"{len(broken)} event(s) do not verify.")
        events = RequestEvent.objects.filter(msa_request=msa_request) if msa_request else RequestEvent.objects.all()
        self.stdout.write(f"{events.count()} events verified.")
