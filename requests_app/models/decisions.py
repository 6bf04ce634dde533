"""What staff decided and when it acts, and what a member of staff is told on their desk."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from requests_app import enums
from requests_app.enums import DecisionState


class StaffDecision(models.Model):
    """One decision of staff: it waits until `release_at`, and acts only then. Until then only staff see it.

    `content` is what was decided, in the shape that its kind's performer reads: reasons, notes, answers, dates.
    `seen` is what the person saw when they decided (`lifecycle.seen`). Nothing but the end is ever written to a row, once;
    the database refuses the rest (`decision_guard`).
    """

    msa_request = models.ForeignKey(
        "requests_app.MSARequest", on_delete=models.PROTECT, related_name="staff_decisions"
    )
    kind = models.CharField(_("decision"), max_length=10, choices=enums.DecisionKind)
    content: Any = models.JSONField(default=dict, blank=True)
    seen: Any = models.JSONField(default=dict, blank=True)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)
    release_at = models.DateTimeField()
    state = models.CharField(_("state"), max_length=10, choices=DecisionState, default=DecisionState.WAITING)
    ended_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.TextField(_("why it ended"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("staff decision")
        verbose_name_plural = _("staff decisions")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["release_at"], condition=models.Q(state=DecisionState.WAITING), name="decisions_to_release"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["msa_request"],
                condition=models.Q(state=DecisionState.WAITING),
                name="one_waiting_decision_per_request",
            ),
            models.CheckConstraint(
                condition=models.Q(state=DecisionState.WAITING, ended_at__isnull=True)
                | (~models.Q(state=DecisionState.WAITING) & models.Q(ended_at__isnull=False)),
                name="decision_ends_when_it_leaves_waiting",
            ),
            models.CheckConstraint(
                condition=models.Q(release_at__gte=models.F("decided_at")), name="decision_acts_after_it_was_made"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} {self.get_kind_display()}"

    @property
    def is_waiting(self) -> bool:
        return self.state == DecisionState.WAITING


class DeskNote(models.Model):
    """Told to one member of staff on their desk: what became of a decision or of a claim of theirs."""

    recipient = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="desk_notes")
    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="desk_notes")
    kind = models.CharField(max_length=10, choices=enums.DeskNoteKind)
    decision = models.ForeignKey(StaffDecision, null=True, blank=True, on_delete=models.PROTECT, related_name="notes")
    by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=1000, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("note on the desk")
        verbose_name_plural = _("notes on the desk")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["recipient"], condition=models.Q(read_at__isnull=True), name="unread_desk_notes")
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} {self.get_kind_display()}"
