"""Sending what is queued: claimed by conditional update, so that two workers never send one row.

A worker that dies in the middle leaves a lease that ends, after which another one sends the row
again under the same Message-ID (fault 23). The lease is longer than a task may run.
"""

from __future__ import annotations

import logging
import smtplib
import uuid
from datetime import timedelta
from email.headerregistry import HeaderRegistry
from email.message import MIMEPart
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices import links, recipients
from msa_portal.notices.links import PRIVATE_LINK
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import ask_for_delivery

logger = logging.getLogger(__name__)

TIME_LIMIT = 90  # seconds that one delivery may take
LEASE = timedelta(seconds=TIME_LIMIT + 30)
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
_DOUBLINGS = 9  # by then the longest delay is reached


class PermanentFailure(Exception):
    """Sending the same message again cannot succeed."""


def deliver(message_pk: int) -> None:
    """Send the row if it is due and nobody else is at it. Safe to run twice, and at once."""
    message = _claim(message_pk)
    if message is None:
        return
    if reason := recipients.reason_against(message):
        _finish(message, state=NoticeMessage.State.CANCELED, last_error=reason)
        logger.info("notice %s is not sent: it's no longer for its recipient", message.pk)
        return
    try:
        _send(message)
    except PermanentFailure as failure:
        _finish(message, state=NoticeMessage.State.FAILED, last_error=str(failure), **_emptied(message))
        logger.warning("notice %s failed for good", message.pk)
    except OSError as error:  # what smtplib raises, and what sockets raise
        _postpone(message, error)
    else:
        now = timezone.now()
        _finish(message, state=NoticeMessage.State.SENT, sent_at=now, last_error="", **_emptied(message))


def _claim(message_pk: int) -> NoticeMessage | None:
    now, claim = timezone.now(), uuid.uuid4()
    claimed = (
        NoticeMessage.objects.filter(pk=message_pk)
        .due()
        .update(state=NoticeMessage.State.SENDING, claim=claim, lease_until=now + LEASE)
    )
    return NoticeMessage.objects.select_related("recipient").get(pk=message_pk) if claimed else None


def _finish(message: NoticeMessage, **changes: Any) -> None:
    """Write the end of an attempt, unless the claim has passed to somebody else."""
    NoticeMessage.objects.filter(pk=message.pk, claim=message.claim, state=NoticeMessage.State.SENDING).update(
        claim=None, lease_until=None, attempts=message.attempts + 1, **changes
    )


def _postpone(message: NoticeMessage, error: OSError) -> None:
    """A temporary trouble: wait twice as long each time, and never give up (fault 24)."""
    delay = min(FIRST_DELAY * 2 ** min(message.attempts, _DOUBLINGS), LONGEST_DELAY)
    _finish(
        message,
        state=NoticeMessage.State.QUEUED,
        next_attempt_at=timezone.now() + delay,
        last_error=f"{type(error).__name__}: {error}",
    )
    logger.warning("notice %s could not be sent: %s; again in %s", message.pk, type(error).__name__, delay)


def _emptied(message: NoticeMessage) -> dict[str, str]:
    return {"text": "", "html": ""} if message.confidential else {}


def _send(message: NoticeMessage) -> None:
    mail = _mail(message)
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = [code for code, _words in refusal.recipients.values()]
        if all(500 <= code < 600 for code in codes):
            raise PermanentFailure(f"recipient refused: {refusal.recipients}") from refusal
        raise
    except smtplib.SMTPDataError as refusal:
        if 500 <= refusal.smtp_code < 600:
            raise PermanentFailure(f"message refused: {refusal}") from refusal
        raise
    except ValueError as error:  # Django and the e-mail package: an address or header is malformed
        raise PermanentFailure(f"cannot be put into a mail: {error}") from error


def _mail(message: NoticeMessage) -> EmailMultiAlternatives:
    text, html = _with_private_link(message)
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=text,
        to=[message.to_email],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(html, "text/html")
    for attachment in message.attachments:
        mail.attach(_attached(**attachment))
    return mail


def _attached(name: str, content_type: str, text: str) -> MIMEPart:
    """A part of its own: calendars need a parameter of their type ("method") that a bare MIME type cannot carry."""
    kind: Any = HeaderRegistry()("Content-Type", content_type)  # a header that knows its parts
    part = MIMEPart()
    part.set_content(
        text.replace("\r\n", "\n"),
        subtype=kind.subtype,
        disposition="attachment",
        filename=name,
        params=dict(kind.params),
    )
    return part


def _with_private_link(message: NoticeMessage) -> tuple[str, str]:
    if not message.private_link:
        return message.text, message.html
    try:
        link = links.resolve(message.private_link)
    except links.LinkGone as gone:
        raise PermanentFailure(f"the link in it is no longer valid: {gone}") from gone
    return message.text.replace(PRIVATE_LINK, link), message.html.replace(PRIVATE_LINK, escape(link))


def send_again(message: NoticeMessage, *, by: User) -> None:
    """Queue a row again, under the same Message-ID, on a staff member's word."""
    with transaction.atomic():
        fresh = lock(message)
        if fresh.confidential:
            raise Refused(
                _("This message held a code or a key that works once. Ask the person to request a new one."),
                code="confidential",
            )
        if fresh.state == NoticeMessage.State.CANCELED:
            raise Refused(
                _("This person doesn't act on the request now, so they get no email about it."), code="canceled"
            )
        if reason := recipients.reason_against(fresh):
            raise Refused(reason, code="canceled")
        if fresh.state == NoticeMessage.State.SENDING and fresh.lease_until and fresh.lease_until > timezone.now():
            raise Refused(_("This message is being sent right now. Look again in a minute."), code="being_sent")
        fresh.state, fresh.claim, fresh.lease_until = NoticeMessage.State.QUEUED, None, None
        fresh.attempts, fresh.next_attempt_at = 0, timezone.now()
        fresh.save(update_fields=["state", "claim", "lease_until", "attempts", "next_attempt_at"])
        LogEntry.objects.log_actions(by.pk, [fresh], CHANGE, change_message="Sent again.", single_object=True)
        ask_for_delivery(fresh.pk, fresh.kind)
