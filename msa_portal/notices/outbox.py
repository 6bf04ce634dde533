"""Queuing a notice: a row in the transaction of its cause."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction

from msa_portal.accounts.models import User
from msa_portal.jobs import kick
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.rendering import Rendered, render

logger = logging.getLogger(__name__)

declared: dict[str, type[Notice]] = {}

# Redis takes 0 first. At a sign-up or a sign-in somebody waits for the code at the screen.
_AT_THE_SCREEN, _LATER = 0, 6


class UnsafeAddress(ValueError):
    """Not one plain e-mail address: a header could hide in it."""


@dataclass(frozen=True)
class Attachment:
    """A small file of text that goes with a message; `content_type` with its parameters."""

    name: str
    content_type: str
    text: str


class Notice:
    """Declares one kind of message.

    `name` is its folder in templates/notices/ with subject.txt, body.txt and body.html.
    `audience` says who gets it. A confidential one carries a code or a key: its bodies are
    emptied once it is sent, and nobody reads them in the admin.
    """

    name: ClassVar[str]
    audience: ClassVar[str]
    confidential: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        declared[cls.name] = cls


def queue(
    notice: type[Notice],
    *,
    to: str,
    key: str,
    context: dict[str, Any],
    recipient: User | None = None,
    reference: str = "",
    private_link: str = "",
    attachments: Iterable[Attachment] = (),
    is_new_cause: bool = False,
) -> NoticeMessage | None:
    """Write the message to the outbox; it leaves after the commit, and never after a rollback.

    `key` names the cause: the same notice with the same key is queued once, a repeat returns the
    row that is there. `is_new_cause`: there will be none, since the key names what this transaction did; so it is
    not looked for first. None where nobody has an address. `private_link` ("sign:<uuid>") is turned
    into a link when the mail is sent. Raises `TransactionManagementError` outside a transaction and
    `UnsafeAddress` for what is no single address.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a notice is queued in the transaction of its cause")
    if not to:
        return None
    _check_address(to)
    unique_key = f"{notice.name}:{key}"
    if not is_new_cause:
        existing = NoticeMessage.objects.filter(unique_key=unique_key).first()
        if existing is not None:
            return existing
    row = _row(notice, render(notice.name, context | {"reference": reference}))
    row.unique_key, row.to_email, row.recipient = unique_key, to, recipient
    row.reference, row.private_link = reference, private_link
    row.attachments = [asdict(attachment) for attachment in attachments]
    return _insert(row)


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        raise UnsafeAddress("not an e-mail address") from error


def _row(notice: type[Notice], rendered: Rendered) -> NoticeMessage:
    return NoticeMessage(
        kind=notice.name,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        confidential=notice.confidential,
        message_id=NoticeMessage.new_message_id(),
    )


def _insert(row: NoticeMessage) -> NoticeMessage:
    """One row per key even where two transactions queue at once, and neither is broken by it."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return NoticeMessage.objects.get(unique_key=row.unique_key)
    ask_for_delivery(row.pk, row.kind)
    return row


def cancel(reference: str, *, recipients: Iterable[int]) -> int:
    """What waits for these people about that request isn't sent (fault 71). Returns how many messages that were.

    One that is being sent right now may still arrive; it isn't tried a second time.
    """
    waiting = NoticeMessage.objects.filter(reference=reference, recipient__in=list(recipients)).exclude(reference="")
    states = (NoticeMessage.State.QUEUED, NoticeMessage.State.SENDING)
    return waiting.filter(state__in=states).update(
        state=NoticeMessage.State.CANCELED, claim=None, lease_until=None, last_error=""
    )


def ask_for_delivery(message_pk: int, kind: str) -> None:
    """Ask a worker to deliver, email about accounts before all other. The sweeper delivers what the broker loses."""
    kick("notices.deliver", message_pk, priority=_AT_THE_SCREEN if kind.startswith("account/") else _LATER)
