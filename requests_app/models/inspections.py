"""Files that wait for an inspector, and the posts that wait with them (ADR 32). Nothing here is kept for long."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests_app import enums


def waiting_path(instance: Any, _filename: str) -> str:
    return f"inspections/{instance.pk.hex}"


def result_path(instance: Any, _filename: str) -> str:
    return f"inspections/{instance.pk.hex}.out"


class HeldForm(models.Model):
    """A post whose files are being inspected: what was sent, until its sender's browser sends it on.

    Its id is a secret: who has no account shows by it that the post is theirs.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    person = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=500)  # where it goes
    page = models.CharField(max_length=500)  # where its form stands
    fields = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("form that waits for its files")
        verbose_name_plural = _("forms that wait for their files")

    def __str__(self) -> str:
        return self.id.hex[:8]


class Inspection(models.Model):
    """One file that an inspector opens. `answer` is what the inspector wrote; `result` the new JPEG of a photo.

    `turn` is how many files its sender had in line before: everybody's first comes before anybody's second.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    form = models.ForeignKey(HeldForm, null=True, blank=True, on_delete=models.CASCADE, related_name="inspections")
    field = models.CharField(max_length=80, blank=True)
    what = models.CharField(max_length=10, choices=enums.Inspect)
    person = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    address = models.GenericIPAddressField(null=True, blank=True)
    is_stranger = models.BooleanField()
    turn = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=enums.InspectionState, default=enums.InspectionState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=255, blank=True)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=waiting_path, blank=True)
    answer = models.JSONField(default=dict, blank=True)
    result = models.FileField(upload_to=result_path, blank=True)
    scan = models.CharField(max_length=12, choices=enums.ScanState, default=enums.ScanState.NOT_SCANNED)
    started_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        ordering = ["is_stranger", "turn", "created_at", "pk"]
        indexes = [models.Index(fields=["state", "is_stranger", "turn", "created_at"], name="inspection_line")]

    def __str__(self) -> str:
        return self.id.hex[:8]
