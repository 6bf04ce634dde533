from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class ClosureDay(models.Model):
    """A weekday that is not a business day (D7): a state holiday or the utility's own closure."""

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", _("State holiday")
        UTILITY = "utility", _("Utility closure")

    on = models.DateField(_("day"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.HOLIDAY)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("closure day")
        verbose_name_plural = _("closure days")
        ordering = ["on"]

    def __str__(self) -> str:
        return f"{self.on} {self.name}"
