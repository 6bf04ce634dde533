"""The append-only history of a request."""

from __future__ import annotations

import hashlib
import json

from django.db import models
from django.utils.translation import gettext_lazy as _

from msa_portal.db import AppendOnly, AppendOnlyQuerySet
from requests_app import enums


class RequestEvent(AppendOnly):
    """What happened, from which status to which, by whom, when, and who has the ball after it.

    `codes` holds codes and ids, never personal data or free text: those live in rows that can be
    erased. `digest` covers the event and its predecessor's digest, so that a change to history
    shows (`manage.py verify_history`).
    """

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, choices=enums.event_choices)
    from_status = models.CharField(max_length=30, choices=enums.Status)
    to_status = models.CharField(max_length=30, choices=enums.Status)
    holder = models.CharField(max_length=10, choices=enums.Holder)
    actor = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    codes = models.JSONField(default=dict, blank=True)
    previous_digest = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    objects = AppendOnlyQuerySet["RequestEvent"].as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["msa_request", "sequence"]
        indexes = [models.Index(fields=["kind", "at"], name="events_by_kind")]
        constraints = [
            models.UniqueConstraint(fields=["msa_request", "sequence"], name="one_event_per_place"),
            models.UniqueConstraint(fields=["msa_request", "previous_digest"], name="one_successor_per_event"),
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id}/{self.sequence} {self.kind}"

    def computed_digest(self) -> str:
        body = json.dumps(
            [
                self.previous_digest,
                self.msa_request_id,
                self.sequence,
                self.kind,
                self.from_status,
                self.to_status,
                self.holder,
                self.actor_id,
                self.at.isoformat(),
                self.codes,
            ],
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(body.encode()).hexdigest()

    @property
    def changed_status(self) -> bool:
        return self.from_status != self.to_status
