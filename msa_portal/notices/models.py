"""A notice is a row before it is sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class NoticeQuerySet(models.QuerySet["NoticeMessage"]):
    def due(self) -> NoticeQuerySet:
        """What waits to be sent, and what a sender that died left behind (its lease is over)."""
        now = timezone.now()
        return self.filter(
            models.Q(state=NoticeMessage.State.QUEUED, next_attempt_at__lte=now)
            | models.Q(state=NoticeMessage.State.SENDING, lease_until__lt=now)
        )


class NoticeMessage(models.Model):
    """One message to one address, as it was or will be sent, or isn't sent anymore (`CANCELED`).

    Bodies hold `PRIVATE_LINK` in place of a link that lets its bearer act: the link is made when
    the message is sent, so that nobody who reads the row can use it. Confidential bodies (sign-in
    codes) are emptied once sent. `attachments` are small files of text, as they were written when the
    row was: `{"name", "content_type", "text"}` each, so that sending again sends the same.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        CANCELED = "canceled", _("Not sent")

    kind = models.CharField(_("notice"), max_length=60)
    unique_key = models.CharField(max_length=200, unique=True)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    to_email = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=250)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"))
    attachments = models.JSONField(
        _("attachments"), default=list, blank=True, db_default=models.Value([], models.JSONField())
    )
    reference = models.CharField(_("request"), max_length=20, blank=True, db_index=True)
    private_link = models.CharField(max_length=120, blank=True)
    confidential = models.BooleanField(default=False)
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    queued_at = models.DateTimeField(_("queued"), auto_now_add=True)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True, default=None)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    # What the limits count by (limits.py): the mailbox, and who caused it. Empty for what is not limited.
    counted_to = models.CharField(max_length=254, blank=True, editable=False)
    caused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    caused_for = models.ForeignKey(
        "accounts.Company",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    caused_from = models.CharField(max_length=40, blank=True, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-queued_at", "-pk"]
        permissions = [("resend_noticemessage", _("Can send a notice again"))]
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="notice_due"),
            models.Index(fields=["counted_to", "queued_at"], name="notices_counted_by_mailbox"),
            models.Index(fields=["caused_from", "queued_at"], name="notices_counted_by_network"),
            models.Index(fields=["caused_by", "queued_at"], name="notices_counted_by_person"),
            models.Index(fields=["caused_for", "queued_at"], name="notices_counted_by_company"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False), name="sent_notice_has_its_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.to_email}"

    @staticmethod
    def new_message_id() -> str:
        return f"<{uuid.uuid4()}@{settings.PUBLIC_HOST}>"
