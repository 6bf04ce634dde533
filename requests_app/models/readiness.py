"""What was asked and promised before the payment: about the panel's model, and about open findings."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class PanelModelAnswer(models.Model):
    """A typed panel model was close to a listed one: the person was asked, and this is what they said (E8)."""

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="panel_answers")
    typed = models.CharField(_("as typed"), max_length=60)
    suggested = models.CharField(_("asked about"), max_length=60)
    was_meant = models.BooleanField(_("the listed model was meant"))
    answered_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("answer about a panel model")
        verbose_name_plural = _("answers about panel models")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.typed} / {self.suggested}"


class ReadinessStatementQuerySet(models.QuerySet["ReadinessStatement"]):
    def current(self) -> ReadinessStatementQuerySet:
        return self.filter(superseded_at__isnull=True)


class ReadinessStatement(models.Model):
    """Owner or agent states that the named findings will be put right by the visit.

    `findings` is a list of {rule, field, message, todo}, in the words that the person saw; `text`
    is what they said to.
    """

    msa_request = models.ForeignKey(
        "requests_app.MSARequest", on_delete=models.PROTECT, related_name="readiness_statements"
    )
    findings: Any = models.JSONField(_("findings"))
    text = models.TextField(_("statement"))
    stated_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = ReadinessStatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("readiness statement")
        verbose_name_plural = _("readiness statements")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["msa_request"],
                condition=models.Q(superseded_at__isnull=True),
                name="one_current_readiness_statement",
            )
        ]

    def __str__(self) -> str:
        return self.text
