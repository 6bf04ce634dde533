"""`manage.py seed_demo`: fill an empty demo, once, and say how to sign in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo import accounts
from msa_portal.accounts.models import User


class Command(BaseCommand):
    help = "Make the demo's people and requests where they are missing, and print the sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is no demo (DEMO=0), so no account with a known password is made.")
        # Seeding is one transaction: where one of its people is, all is.
        if not User.objects.filter(email=accounts.CUSTOMER.email).exists():
            from demo.seed import seed  # noqa: PLC0415  (takes a second, which a later start needn't wait for)

            seed()
        self.stdout.write(accounts.sign_ins())
