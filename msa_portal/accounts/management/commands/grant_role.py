"""Give a role from the server's shell: the first two supervisors, and in an emergency. It's recorded and emailed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import role_grants
from msa_portal.errors import Refused

_ENOUGH = 2


class Command(BaseCommand):
    help = "Grants a role without a second supervisor, for the first two of them or in an emergency."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("email", help="who gets it: an account that exists")
        parser.add_argument("role", choices=[*Role.values, role_grants.ALL_RIGHTS])
        parser.add_argument("--operator", required=True, help="your name, for the record")
        parser.add_argument("--reason", required=True, help="why, for the record")
        parser.add_argument("--break-glass", action="store_true", help="although two supervisors could do it")

    def handle(self, *args: Any, email: str, role: str, operator: str, reason: str, **options: Any) -> None:
        if not operator.strip() or not reason.strip():
            raise CommandError("Say who you are (--operator) and why (--reason).")
        if role_grants.supervisors() >= _ENOUGH and not options["break_glass"]:
            raise CommandError("Two supervisors can do this on the staff desk. In an emergency add --break-glass.")
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError("No active account has this address. Let the person sign up first.")
        try:
            with transaction.atomic():
                role_grants.grant_from_shell(user, role, operator=operator.strip(), reason=reason.strip())
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.email} has it now: {role}. All supervisors are told.")
