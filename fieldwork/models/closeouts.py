"""What technicians report, and the photos that come with it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fieldwork.models.orders import SiteVisit
from fieldwork.models.people import Technician
from requests_app.enums import VisitOutcome
from requests_app.models import MSARequest
from requests_app.models.documents import Scanned

CLOCK_MAY_DIFFER = 300  # seconds


class CloseOut(models.Model):
    """What a technician reported of a visit. `id` is minted when the form opens; `body_hash` tells
    a repeat from a different report under the same id. One per visit is accepted; others are kept
    as conflicts. Dispatch may let another one stand later (D25): then the two change places."""

    class Via(models.TextChoices):
        FORM = "form", _("from the page")
        OUTBOX = "outbox", _("from the phone's outbox")
        FILE = "file", _("from an exported file")

    class Conflict(models.TextChoices):
        ALREADY_CLOSED = "already_closed", _("Another report closed the visit before")
        CANCELED = "canceled", _("The visit was canceled meanwhile")
        REASSIGNED = "reassigned", _("The visit was given to another technician meanwhile")
        OVERRULED = "overruled", _("Dispatch let another report stand")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    visit = models.ForeignKey(SiteVisit, on_delete=models.PROTECT, related_name="close_outs")
    body_hash = models.CharField(max_length=64)
    outcome = models.CharField(_("outcome"), max_length=20, choices=VisitOutcome)
    reasons = models.ManyToManyField("requests_app.OutcomeReason", blank=True, related_name="+")
    checklist = models.JSONField(default=dict)
    serial_number = models.CharField(_("MSA serial number"), max_length=60, blank=True)
    notes = models.TextField(_("notes"), max_length=2000, blank=True)
    by = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="close_outs")
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    device_time = models.DateTimeField(_("phone's time"), null=True, blank=True)
    opened_at = models.DateTimeField(_("form opened, phone's time"), null=True, blank=True)
    clock_off_seconds = models.IntegerField(
        _("phone's clock ahead, seconds"),
        null=True,
        blank=True,
        help_text=_("The phone's time of sending less the server's; negative where the phone is behind."),
    )
    via = models.CharField(_("sent"), max_length=10, choices=Via, default=Via.FORM, db_default="form")
    app_version = models.CharField(_("app version"), max_length=20, blank=True, db_default="")
    stopped_unsafe = models.BooleanField(_("stopped as not safe"), default=False, db_default=False)
    serial_matches = models.BooleanField(_("serial number fits the product"), null=True, blank=True)
    accepted = models.BooleanField(_("accepted"), default=False)
    conflict = models.CharField(_("conflict"), max_length=40, blank=True, choices=Conflict)
    reviewed_at = models.DateTimeField(_("conflict looked at"), null=True, blank=True)
    reviewed_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    review_note = models.CharField(_("what dispatch found"), max_length=300, blank=True, db_default="")

    class Meta:
        verbose_name = _("close-out")
        verbose_name_plural = _("close-outs")
        ordering = ["-received_at"]
        permissions = [("review_closeout", _("Can settle conflicts of close-outs"))]
        constraints = [
            models.UniqueConstraint(fields=["visit"], condition=Q(accepted=True), name="one_accepted_close_out"),
            models.CheckConstraint(condition=Q(accepted=True) ^ ~Q(conflict=""), name="accepted_or_conflict"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.outcome}"

    @property
    def clock_is_off(self) -> bool:
        """The phone's clock differed by more than five minutes: its times are not to be relied on (fault 19)."""
        return abs(self.clock_off_seconds or 0) > CLOCK_MAY_DIFFER


def photo_path(instance: Any, filename: str) -> str:
    return f"visits/{instance.close_out_id}/{uuid.uuid4().hex}.jpg"


def annotated_path(instance: Any, filename: str) -> str:
    return f"visits/{instance.close_out_id}/{uuid.uuid4().hex}-marked.jpg"


class VisitPhoto(Scanned):
    """Evidence: the file as encoded anew. `evidence` is what only staff see: where and when the camera
    says it was taken (fault 36)."""

    close_out = models.ForeignKey(CloseOut, on_delete=models.PROTECT, related_name="photos")
    file = models.ImageField(upload_to=photo_path)
    sha256 = models.CharField(max_length=64)
    original_sha256 = models.CharField(max_length=64)
    evidence = models.JSONField(default=dict, blank=True)
    taken_at = models.DateTimeField(auto_now_add=True)
    device_taken_at = models.DateTimeField(_("taken, phone's time"), null=True, blank=True)
    reason = models.ForeignKey(
        "requests_app.OutcomeReason",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("shows the reason"),
    )
    # Circles and arrows that the technician drew, in fractions of width and height; `annotated` is a copy
    # of `file` with them drawn on.
    marks = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))
    annotated = models.ImageField(upload_to=annotated_path, blank=True, db_default="")

    class Meta:
        verbose_name = _("visit photo")
        verbose_name_plural = _("visit photos")
        constraints = [models.UniqueConstraint(fields=["close_out", "original_sha256"], name="one_photo_per_hash")]

    def __str__(self) -> str:
        return f"{self.close_out_id} {self.sha256[:8]}"

    @property
    def belongs_to(self) -> MSARequest:
        return self.close_out.visit.order.round.msa_request


class PhotoUpload(models.Model):
    """A photo on its way in from a phone, chunk by chunk. It becomes a `VisitPhoto` when its report arrives.

    Known by the report's id and the SHA-256 that the phone computed; `received` is where to go on (fault 55).
    Each chunk is a file of its own, since not every storage can append (`fieldwork.phone.uploads`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    close_out_id = models.UUIDField()
    visit = models.ForeignKey(SiteVisit, on_delete=models.PROTECT, related_name="+")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(_("size (bytes)"))
    received = models.PositiveIntegerField(_("received (bytes)"), default=0)
    inspection = models.ForeignKey(
        "requests_app.Inspection", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("photo on its way")
        verbose_name_plural = _("photos on their way")
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["close_out_id", "sha256"], name="one_upload_per_hash"),
            models.CheckConstraint(condition=Q(received__lte=F("size")), name="no_more_received_than_announced"),
        ]

    def __str__(self) -> str:
        return f"{self.close_out_id} {self.sha256[:8]}"

    @property
    def is_complete(self) -> bool:
        return self.received == self.size
