"""Which seal a signed agreement carries."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Seal(models.Model):
    """The certification signature (PAdES) in an executed agreement's file; never changed.

    The document's own SHA-256 is that of the sealed file.
    """

    document = models.OneToOneField("requests_app.Document", on_delete=models.PROTECT, related_name="seal")
    name = models.CharField(_("name in the certificate"), max_length=200)
    certificate_sha256 = models.CharField(_("SHA-256 of the certificate"), max_length=64, db_index=True)
    is_self_signed = models.BooleanField(_("self-signed"))
    sealed_at = models.DateTimeField(_("sealed"), auto_now_add=True)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(certificate_sha256__regex=r"^[0-9a-f]{64}$"), name="seal_names_its_certificate"
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.name}"
