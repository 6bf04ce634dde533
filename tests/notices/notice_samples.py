"""A notice for tests, and rows made with it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from msa_portal.notices.account_mail import UnknownAccount
from msa_portal.notices.limits import Cause
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import queue


def queued(key: str = "1", *, to: str = "alice@example.com", **fields: Any) -> NoticeMessage:
    """One row, queued in a transaction of its own."""
    with transaction.atomic():
        row = queue(
            UnknownAccount, to=to, key=key, context={"action_url": "http://localhost/"}, cause=Cause(), **fields
        )
    assert row is not None
    return row
