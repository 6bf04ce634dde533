"""A month's statement of a company or of a person who pays."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


def statement_path(instance: Any, _filename: str) -> str:
    """A name of our own on disk."""
    return f"statements/{instance.month:%Y-%m}/{uuid.uuid4().hex}.pdf"


class Statement(models.Model):
    """The PDF of one month, of one company or one person. `month` is its first day, in the utility's zone."""

    company = models.ForeignKey(
        "accounts.Company", null=True, blank=True, on_delete=models.PROTECT, related_name="statements"
    )
    user = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="statements"
    )
    month = models.DateField(_("month"))
    file = models.FileField(upload_to=statement_path)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveIntegerField(_("size (bytes)"))
    made_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(
                condition=Q(company__isnull=False, user__isnull=True) | Q(company__isnull=True, user__isnull=False),
                name="statement_has_one_addressee",
            ),
            models.UniqueConstraint(fields=["company", "month"], name="one_statement_per_company_and_month"),
            models.UniqueConstraint(fields=["user", "month"], name="one_statement_per_person_and_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="statement_is_of_a_whole_month"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
