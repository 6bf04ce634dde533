"""Files that belong to a request. Each is served by a view to those who may see the request."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests_app import enums

if TYPE_CHECKING:
    from requests_app.models.request import MSARequest


SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
UNREADABLE = (enums.ScanState.WAITING, enums.ScanState.INFECTED)


def generated_path(instance: Any, filename: str) -> str:
    """A name of our own on disk, whatever the sender's was called."""
    return f"{instance.msa_request_id}/{uuid.uuid4().hex}.{SUFFIXES[instance.content_type]}"


class Scanned(models.Model):
    """A file from outside. `scanned_at` is when the scanner was asked last, whatever it said."""

    scan = models.CharField(_("virus scan"), max_length=12, choices=enums.ScanState, default="not_scanned")
    scanned_at = models.DateTimeField(null=True, blank=True)
    file: Any

    class Meta:
        abstract = True

    @property
    def is_readable(self) -> bool:
        """Neither in quarantine nor infected: may be opened."""
        return self.scan not in UNREADABLE

    @property
    def belongs_to(self) -> MSARequest:
        """The request whose lock comes before this row's."""
        raise NotImplementedError


class DocumentQuerySet(models.QuerySet["Document"]):
    def current(self) -> DocumentQuerySet:
        """Not taken back or replaced by a newer one of its kind."""
        return self.filter(replaced_at__isnull=True)

    def readable(self) -> DocumentQuerySet:
        """Neither in quarantine nor infected: may be opened."""
        return self.exclude(scan__in=UNREADABLE)


class Document(Scanned):
    """`evidence` is what only staff see of a photo: where and when its camera says it was taken (fault 36)."""

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(_("kind"), max_length=20, choices=enums.DocumentKind)
    name = models.CharField(_("name"), max_length=120)
    file = models.FileField(upload_to=generated_path)
    content_type = models.CharField(max_length=40)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveIntegerField(_("size (bytes)"))
    topic = models.CharField(_("what it shows"), max_length=20, blank=True, choices=enums.PhotoTopic)
    evidence = models.JSONField(default=dict, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def belongs_to(self) -> MSARequest:
        return self.msa_request
