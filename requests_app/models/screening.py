"""Screening: who looks, what they answered, what must change."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests_app import enums


class Screening(models.Model):
    """One look at a submitted request, from its submission to a decision."""

    request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="screenings")
    opened_at = models.DateTimeField(auto_now_add=True)
    taken_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(
        max_length=20,
        blank=True,
        choices=[("valid", _("Valid")), ("corrections", _("Corrections required")), ("closed", _("Withdrawn"))],
    )
    decided_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("screening")
        verbose_name_plural = _("screenings")
        ordering = ["opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=models.Q(decided_at__isnull=True), name="one_open_screening_per_request"
            )
        ]

    def __str__(self) -> str:
        return f"{self.request_id} screening"


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
        return self.filter(answered_at__isnull=True)

    def open(self) -> CorrectionQuerySet:
        """Required and not accepted yet: answered ones included, until staff decide again."""
        return self.filter(closed_at__isnull=True)


class Correction(models.Model):
    """One coded item that must change, with the customer's answer."""

    request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="corrections")
    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="corrections")
    reason = models.ForeignKey("requests_app.CorrectionReason", on_delete=models.PROTECT, related_name="+")
    field = models.CharField(_("field"), max_length=60, blank=True)
    note = models.TextField(_("note to the customer"), max_length=1000, blank=True)
    value_then = models.CharField(max_length=200, blank=True)
    required_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    required_at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField(_("answer"), max_length=1000, blank=True)
    answered_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.request_id} {self.field}"
