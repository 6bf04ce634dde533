"""What was said and decided about the last day to act (D8)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests_app import enums


class DeadlineReminder(models.Model):
    """A mail that went out for one last day: each kind once for that day, the nudge once in all."""

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="reminders")
    kind = models.CharField(_("kind"), max_length=10, choices=enums.ReminderKind)
    deadline_on = models.DateField(_("last day to act"))
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["msa_request", "kind", "deadline_on"], name="one_reminder_per_last_day"),
            models.UniqueConstraint(
                fields=["msa_request"], condition=models.Q(kind=enums.ReminderKind.NUDGE), name="one_nudge_per_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.deadline_on}"


class DeadlineExtension(models.Model):
    """More time that staff gave, and why; `extended_by` None: the portal, since nobody had been reminded."""

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="extensions")
    from_on = models.DateField(_("last day before"))
    to_on = models.DateField(_("last day now"))
    reason = models.TextField(_("reason"), max_length=500)
    extended_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    extended_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("deadline extension")
        verbose_name_plural = _("deadline extensions")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(to_on__gt=models.F("from_on")), name="extension_gives_more_time")
        ]

    def __str__(self) -> str:
        return f"{self.from_on} → {self.to_on}"
