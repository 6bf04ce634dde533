"""Files that belong to a request. Each is served by a view to those who may see the request."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests_app import enums


def generated_path(instance: Any, filename: str) -> str:
    """A name of our own on disk, whatever the sender's was called."""
    suffix = {"application/pdf": "pdf", "image/jpeg": "jpg"}[instance.content_type]
    return f"{instance.request_id}/{uuid.uuid4().hex}.{suffix}"


class Document(models.Model):
    request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(_("kind"), max_length=20, choices=enums.DocumentKind)
    name = models.CharField(_("name"), max_length=120)
    file = models.FileField(upload_to=generated_path)
    content_type = models.CharField(max_length=40)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveIntegerField(_("size (bytes)"))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
