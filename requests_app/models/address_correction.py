"""A corrected email address of a customer without an account, and whether its owner has confirmed it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class AddressCorrection(models.Model):
    """Somebody on the phone gave staff another address. It counts once the link that was emailed to it is confirmed.

    The link's token is a signature over `key`, made when the email is sent.
    """

    msa_request = models.ForeignKey(
        "requests_app.MSARequest", on_delete=models.PROTECT, related_name="address_corrections"
    )
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    from_email = models.EmailField(_("address before"), blank=True)
    to_email = models.EmailField(_("address to confirm"))
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("corrected email address")
        verbose_name_plural = _("corrected email addresses")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["msa_request"],
                condition=models.Q(confirmed_at__isnull=True, ended_at__isnull=True),
                name="one_open_address_correction_per_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} {self.to_email}"
