"""What technicians' phones say of themselves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fieldwork.models.people import Technician


class PhoneContact(models.Model):
    """What a phone said that it still holds unsent, the last time that it was heard from. `phone` is a number that the app
    makes up; `since` is when the oldest of it was done, in the portal's time as the phone counts it."""

    technician = models.ForeignKey(Technician, on_delete=models.CASCADE, related_name="phone_contacts")
    phone = models.UUIDField()
    reports = models.PositiveSmallIntegerField(_("reports not sent"), default=0)
    photos = models.PositiveSmallIntegerField(_("photos not sent"), default=0)
    taps = models.PositiveSmallIntegerField(_("taps not sent"), default=0)
    drafts = models.PositiveSmallIntegerField(_("reports not finished"), default=0)
    since = models.DateTimeField(_("since"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last heard from"), db_index=True)

    class Meta:
        verbose_name = _("phone of a technician")
        verbose_name_plural = _("phones of technicians")
        ordering = ["-seen_at"]
        constraints = [models.UniqueConstraint(fields=["technician", "phone"], name="one_contact_per_phone")]

    def __str__(self) -> str:
        return f"{self.technician_id} {self.phone}"

    @property
    def holds_work(self) -> bool:
        return any((self.reports, self.photos, self.taps, self.drafts))
