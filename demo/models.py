"""What arrived in the demo's mailbox."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class ArrivedMail(models.Model):
    """A message as its recipient would have got it, private links and codes included."""

    to_email = models.EmailField(_("to"), db_index=True)
    from_email = models.CharField(_("from"), max_length=254)
    subject = models.CharField(_("subject"), max_length=250)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    attachments = models.JSONField(
        _("attachments"), default=list, blank=True, db_default=models.Value([], models.JSONField())
    )
    message_id = models.CharField(max_length=120, blank=True)
    arrived_at = models.DateTimeField(_("arrived"), auto_now_add=True)

    class Meta:
        verbose_name = _("arrived mail")
        verbose_name_plural = _("arrived mail")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return reverse("demo:mail", args=[self.pk])
