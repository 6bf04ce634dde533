"""Who changed what about people and companies, in the admin's log."""

from __future__ import annotations

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import models

from msa_portal.accounts.models import User

__all__ = ["ADDITION", "CHANGE", "DELETION", "log"]


def log(action: int, row: models.Model, message: str, *, by: User) -> None:
    """In the transaction of the change; no personal data in `message`."""
    LogEntry.objects.log_actions(by.pk, [row], action, change_message=message, single_object=True)
