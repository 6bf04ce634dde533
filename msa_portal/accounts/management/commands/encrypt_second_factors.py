"""Encrypt every second-factor secret under the first of SECOND_FACTOR_KEYS; the others may go after it."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from msa_portal.accounts.factor_secrets import change_secrets, with_newest_key


class Command(BaseCommand):
    help = "Encrypts all second-factor secrets with the first of SECOND_FACTOR_KEYS, to retire the others."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            rows = Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN)
            for row in rows:
                row.data = change_secrets(row.data, with_newest_key)
                row.save(update_fields=["data"])
        self.stdout.write(f"{len(rows)} second factors are encrypted with the first key.")
