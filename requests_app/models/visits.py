"""What the lifecycle must know of a visit: its fee's standing, its outcome, its reasons."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from msa_portal.db import Timestamped
from requests_app import enums


class VisitRound(Timestamped):
    """The n-th attempt at the site: one fee, one service order, one outcome.

    Payments writes the fee's standing and field work the outcome, both through the services here.
    """

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField(_("visit number"))
    fee_due = models.BooleanField(_("a fee is due"), default=True)
    fee_reason = models.CharField(
        max_length=20, default="F1", help_text="The rule that makes the fee due, or not due (F1, D3, D16)."
    )
    settlement = models.CharField(_("fee settled by"), max_length=10, choices=enums.Settlement, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    disputed = models.BooleanField(_("payment disputed"), default=False)
    on_site_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=enums.VisitOutcome, blank=True)
    reasons = models.ManyToManyField("requests_app.OutcomeReason", blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("visit round")
        verbose_name_plural = _("visit rounds")
        ordering = ["msa_request", "number"]
        constraints = [
            models.UniqueConstraint(fields=["msa_request", "number"], name="one_round_per_number"),
            models.UniqueConstraint(
                fields=["msa_request"], condition=models.Q(closed_at__isnull=True), name="one_open_round_per_request"
            ),
            models.CheckConstraint(
                condition=models.Q(settlement="", settled_at__isnull=True)
                | (~models.Q(settlement="") & models.Q(settled_at__isnull=False)),
                name="settled_round_has_its_time",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", closed_at__isnull=True)
                | (~models.Q(outcome="") & models.Q(closed_at__isnull=False)),
                name="closed_round_has_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} visit {self.number}"

    @property
    def is_settled(self) -> bool:
        """Paid, waived, or not due, and not disputed (program.md, S)."""
        return bool(self.settlement) and not self.disputed


class Cure(models.Model):
    """One reason of a failed visit is put right: what shows it, and who says so.

    A reason that needs no proof has none. `proof` is the kind that was given, not what was asked for.
    """

    round = models.ForeignKey(VisitRound, on_delete=models.PROTECT, related_name="cures")
    reason = models.ForeignKey("requests_app.OutcomeReason", on_delete=models.PROTECT, related_name="+")
    proof = models.CharField(_("proof"), max_length=20, choices=enums.CureProof)
    statement = models.TextField(_("statement"), max_length=1000, blank=True)
    documents = models.ManyToManyField("requests_app.Document", blank=True, related_name="+")
    device = models.ForeignKey(
        "requests_app.Product", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    stated_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("cure")
        verbose_name_plural = _("cures")
        ordering = ["round", "pk"]
        constraints = [models.UniqueConstraint(fields=["round", "reason"], name="one_cure_per_reason_of_a_visit")]

    def __str__(self) -> str:
        return f"{self.round_id} {self.reason_id}"


class FollowUp(models.Model):
    """A reschedule or modification that was saved and waits for what it needs (S, D5, F3)."""

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="follow_ups")
    kind = models.CharField(max_length=12, choices=enums.FollowUpKind)
    round = models.OneToOneField(VisitRound, on_delete=models.PROTECT, related_name="follow_up")
    old_device = models.ForeignKey(
        "requests_app.Product", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        constraints = [
            models.UniqueConstraint(
                fields=["msa_request"],
                condition=models.Q(completed_at__isnull=True, canceled_at__isnull=True),
                name="one_open_follow_up_per_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} {self.kind}"


class Withdrawal(models.Model):
    msa_request = models.OneToOneField("requests_app.MSARequest", on_delete=models.PROTECT, related_name="withdrawal")
    reason = models.CharField(_("reason"), max_length=20, choices=enums.WithdrawalReason)
    note = models.TextField(_("note"), max_length=1000, blank=True)
    by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")

    def __str__(self) -> str:
        return f"{self.msa_request_id} {self.reason}"
