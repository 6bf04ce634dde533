"""Screening: who looks, what they answered, what must change."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from requests_app import enums


class Screening(models.Model):
    """One look at a submitted request, from its submission to a decision."""

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="screenings")
    opened_at = models.DateTimeField(auto_now_add=True)
    taken_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)
    active_at = models.DateTimeField(
        null=True, blank=True, help_text="When the person who took it last did something about it."
    )
    decision = models.CharField(
        max_length=20,
        blank=True,
        choices=[("valid", _("Valid")), ("corrections", _("Corrections required")), ("closed", _("Withdrawn"))],
    )
    decided_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    facts: Any = models.JSONField(
        null=True, blank=True, help_text="What the form said, in words, when corrections were required."
    )

    class Meta:
        verbose_name = _("screening")
        verbose_name_plural = _("screenings")
        ordering = ["opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["msa_request"],
                condition=models.Q(decided_at__isnull=True),
                name="one_open_screening_per_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} screening"


class ScreeningAnswer(models.Model):
    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="answers")
    check_code = models.CharField(_("check"), max_length=2, choices=enums.CheckCode)
    answer = models.CharField(_("answer"), max_length=3, choices=enums.CheckAnswer)
    note = models.CharField(_("note"), max_length=500, blank=True)
    answered_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("screening answer")
        verbose_name_plural = _("screening answers")
        ordering = ["check_code"]
        constraints = [models.UniqueConstraint(fields=["screening", "check_code"], name="one_answer_per_check")]

    def __str__(self) -> str:
        return f"{self.check_code} {self.answer}"


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def unanswered(self) -> CorrectionQuerySet:
        """Open, and still to be answered."""
        return self.filter(answered_at__isnull=True, closed_at__isnull=True)

    def open(self) -> CorrectionQuerySet:
        """Required and not accepted yet: answered ones included, until staff decide again."""
        return self.filter(closed_at__isnull=True)

    def to_judge(self) -> CorrectionQuerySet:
        """Answered, and not accepted or asked again yet."""
        return self.open().filter(answered_at__isnull=False)


class Correction(models.Model):
    """One coded item that must change, with the customer's answer.

    It is about a field of the form, or a document, or neither. `proposal` is a fact's value as the
    form would store it (a device by its id). `draft` is what was typed and not yet given as the
    answer. `follows` is the item that staff kept open with the new note of this one.
    """

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="corrections")
    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="corrections")
    reason = models.ForeignKey("requests_app.CorrectionReason", on_delete=models.PROTECT, related_name="+")
    field = models.CharField(_("field"), max_length=60, blank=True)
    document = models.CharField(_("document"), max_length=20, blank=True, choices=enums.DocumentKind)
    photo_topic = models.CharField(_("what the photo shows"), max_length=20, blank=True, choices=enums.PhotoTopic)
    note = models.TextField(_("note to the customer"), max_length=1000, blank=True)
    value_then = models.CharField(max_length=200, blank=True)
    proposal: Any = models.JSONField(_("proposed value"), null=True, blank=True)
    follows = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="followed_by")
    required_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    required_at = models.DateTimeField(default=timezone.now)
    draft: Any = models.JSONField(default=dict, blank=True)
    way = models.CharField(_("way"), max_length=12, choices=enums.CorrectionAnswer, blank=True)
    answer = models.TextField(_("answer"), max_length=1000, blank=True)
    answer_document = models.ForeignKey(
        "requests_app.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_as = models.CharField(_("closed as"), max_length=12, choices=enums.CorrectionEnd, blank=True)
    closed_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(field="") | models.Q(document=""), name="correction_has_one_subject"
            ),
            models.CheckConstraint(
                condition=models.Q(proposal__isnull=True) | ~models.Q(field=""), name="proposal_is_for_a_field"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} {self.field or self.document}"

    @property
    def is_open(self) -> bool:
        """Required and not accepted yet."""
        return self.closed_at is None

    @property
    def is_unanswered(self) -> bool:
        """Open, and still to be answered."""
        return self.is_open and self.answered_at is None

    @property
    def is_to_judge(self) -> bool:
        """Answered, and not accepted or asked again yet."""
        return self.is_open and self.answered_at is not None
