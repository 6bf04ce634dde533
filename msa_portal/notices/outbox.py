"""Queuing a notice: a row in the transaction of its cause."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils.html import escape
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.jobs import kick
from msa_portal.notices import limits
from msa_portal.notices.limits import AtLimit, Cause
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.rendering import Rendered, render

logger = logging.getLogger(__name__)

declared: dict[str, type[Notice]] = {}

# Redis takes 0 first. At a sign-up or a sign-in somebody waits for the code at the screen.
_AT_THE_SCREEN, _LATER = 0, 6


class UnsafeAddress(ValueError):
    """Not one plain e-mail address: a header could hide in it."""


class Uncounted(TypeError):
    """A notice that people can cause to be sent to others was queued without saying who causes it."""


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
    cause: Cause | None = None,
    at_limit: AtLimit | None = None,
    is_vouched_for: bool = True,
) -> NoticeMessage | None:
    """Write the message to the outbox; it leaves after the commit, and never after a rollback.

    `key` names the cause: the same notice with the same key is queued once, a repeat returns the
    row that is there. `is_new_cause`: there will be none, since the key names what this transaction did; so it is
    not looked for first. None where nobody has an address. `private_link` ("sign:<uuid>") is turned
    into a link when the mail is sent. `cause` is who causes a notice that `limits` counts: above the limit it is
    refused, dropped (None) or sent, as `at_limit` or else `limits.LIMITED` says. Without `is_vouched_for` no words of people stand in the
    subject (D21). Raises `TransactionManagementError` outside a transaction, `UnsafeAddress` for what is no single
    address, and `Uncounted` where a limited notice comes without its cause.
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
    is_limited = notice.name not in limits.UNLIMITED
    if is_limited and cause is None:
        raise Uncounted(f"{notice.name} goes to other people: say who causes it, or why it needs no limit")
    if is_limited and cause is not None and limits.is_over(to, cause):
        at_limit = at_limit or limits.LIMITED.get(notice.name, AtLimit.REFUSE)
        if at_limit is AtLimit.REFUSE:
            raise limits.refusal()
        if at_limit is AtLimit.DROP:
            logger.warning("notice %s was not queued: too much email", notice.name)
            return None
    row = _row(notice, render(notice.name, context | {"reference": reference}, is_vouched_for=is_vouched_for))
    if is_limited and cause is not None:
        row.counted_to, row.caused_from = limits.mailbox(to), cause.network_key
        row.caused_by, row.caused_for = cause.person, cause.company
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
    return _cancel(waiting)


def cancel_to(address: str, *, reference: str) -> int:
    """What waits about that request for somebody without an account at this address, which isn't theirs, isn't sent."""
    waiting = NoticeMessage.objects.filter(reference=reference, recipient=None, to_email__iexact=address)
    return _cancel(waiting.exclude(reference=""))


def _cancel(messages: QuerySet[NoticeMessage]) -> int:
    states = (NoticeMessage.State.QUEUED, NoticeMessage.State.SENDING)
    return messages.filter(state__in=states).update(
        state=NoticeMessage.State.CANCELED, claim=None, lease_until=None, last_error=""
    )


def ask_for_delivery(message_pk: int, kind: str) -> None:
    """Ask a worker to deliver, email about accounts before all other. The sweeper delivers what the broker loses."""
    kick("notices.deliver", message_pk, priority=_AT_THE_SCREEN if kind.startswith("account/") else _LATER)


def readdress(messages: Iterable[NoticeMessage], *, to: User) -> int:
    """What isn't sent yet goes to another person, greeting included. Gives how many.

    A sender that is at it loses its claim: should it fail, it doesn't try the old address again. The caller has chosen
    messages that are this person's business, too.
    """
    count = 0
    for message in messages:
        old, new = message.recipient, to
        if old is not None:
            before, after = (_("Hello %(name)s,") % {"name": person.name} for person in (old, new))
            message.text = message.text.replace(before, after, 1)
            message.html = message.html.replace(escape(before), escape(after), 1)
        message.to_email, message.recipient = new.email, new
        message.state, message.claim, message.lease_until = NoticeMessage.State.QUEUED, None, None
        message.save(update_fields=["text", "html", "to_email", "recipient", "state", "claim", "lease_until"])
        count += 1
    return count
