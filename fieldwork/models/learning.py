"""What failed visits teach: a rule that is proposed with its evidence, for staff to decide."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fieldwork.models.orders import SiteVisit


class RuleProposal(models.Model):
    """Visits failed again and again on this panel model (with this device, or whatever the device) for one reason.

    `visits` are the evidence. Accepted, it becomes a `requests_app.PanelRestriction`, or a listed panel (E8).
    """

    class State(models.TextChoices):
        OPEN = "open", _("Waits for a decision")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    panel_model = models.CharField(_("panel model"), max_length=60)
    panel_normalized = models.CharField(max_length=60, editable=False)
    device = models.ForeignKey(
        "requests_app.Product",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("MSA"),
    )
    reason = models.ForeignKey(
        "requests_app.OutcomeReason", on_delete=models.PROTECT, related_name="+", verbose_name=_("reason")
    )
    visits = models.ManyToManyField(SiteVisit, related_name="+", verbose_name=_("evidence"))
    successes = models.PositiveIntegerField(
        _("visits that succeeded on it"), default=0, help_text=_("On the same panel and device: evidence against it.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    proposed_at = models.DateTimeField(_("proposed"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("proposed rule")
        verbose_name_plural = _("proposed rules")
        ordering = ["-proposed_at"]
        permissions = [("decide_ruleproposal", _("Can decide on proposed rules"))]
        constraints = [
            models.UniqueConstraint(
                fields=["panel_normalized", "device", "reason"], name="one_proposal_per_panel_device_reason"
            ),
            models.UniqueConstraint(
                fields=["panel_normalized", "reason"],
                condition=Q(device__isnull=True),
                name="one_proposal_per_panel_and_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="decided_proposal_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.panel_model} {self.device or ''} {self.reason}".replace("  ", " ")
