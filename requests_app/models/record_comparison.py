"""What the comparison of a request with the utility's record found, and when (C5)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class ComparisonState(models.TextChoices):
    COMPARED = "compared", _("Compared")
    WAITS = "waits", _("Could not be compared yet")


class RecordComparison(models.Model):
    """One a request, for staff alone: the record's values stand in it.

    `fields` is a list of {field, ours, theirs, verdict, reasons}; verdicts and reasons are codes.
    `has_account` False: the record has no such account number. A comparison that waits keeps none.
    """

    msa_request = models.OneToOneField(
        "requests_app.MSARequest", on_delete=models.CASCADE, related_name="record_comparison"
    )
    state = models.CharField(_("state"), max_length=10, choices=ComparisonState)
    has_account = models.BooleanField(default=False)
    fields: Any = models.JSONField(_("fields"), default=list)
    failure = models.CharField(
        max_length=40, blank=True, help_text="Why the last attempt gave no answer: a code, for operators."
    )
    tried_at = models.DateTimeField(_("last tried"))
    checked_at = models.DateTimeField(_("compared"), null=True, blank=True)
    checked_by = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # null: the timer

    class Meta:
        verbose_name = _("comparison with the record")
        verbose_name_plural = _("comparisons with the record")
        constraints = [
            models.CheckConstraint(
                name="record_comparison_compared_has_a_time",
                condition=models.Q(state=ComparisonState.WAITS, checked_at__isnull=True)
                | models.Q(state=ComparisonState.COMPARED, checked_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} {self.state}"
