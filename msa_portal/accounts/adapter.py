"""allauth's door to the outside: its mail becomes notices, its redirects stay here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        from msa_portal.notices.outbox import queue_account_mail

        queue_account_mail(template_prefix, email, context)
