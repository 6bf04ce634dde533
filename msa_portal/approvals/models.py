"""What takes two people: one proposes it, another one approves it (D23)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from msa_portal.db import Timestamped


class Proposal(Timestamped):
    """Something that one person wants and a second one decides on. It stays as the record of both.

    `kind` says what it is (`services.Kind`), `target` what it's about, `payload` what to do. `subject` is both in
    words, as they were then. From the shell nobody is signed in: `operator` says who it was.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for a second person")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")

    kind = models.CharField(_("what"), max_length=80)
    target = models.CharField(max_length=80)
    subject = models.CharField(_("subject"), max_length=250)
    payload = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    effective_on = models.DateField(_("takes effect"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(
        "accounts.User", verbose_name=_("proposed by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    operator = models.CharField(_("from the command line, by"), max_length=120, blank=True)
    decided_by = models.ForeignKey(
        "accounts.User",
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    applied_at = models.DateTimeField(_("took effect"), null=True, blank=True)

    @property
    def is_open(self) -> bool:
        """Waits for its second person, or for its day."""
        return self.state != self.State.DECLINED and self.applied_at is None

    class Meta:
        verbose_name = _("approval by a second person")
        verbose_name_plural = _("approvals by a second person")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target"],
                condition=Q(state__in=["proposed", "approved"], applied_at__isnull=True),
                name="one_open_proposal_per_kind_and_target",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(decided_by=F("proposed_by")) | Q(proposed_by__isnull=True),
                name="approved_by_another_than_the_proposer",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=False) | ~Q(operator=""), name="proposal_names_who_made_it"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(decided_at__isnull=False) & (Q(decided_by__isnull=False) | ~Q(operator="")),
                name="approval_names_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True) | Q(state="approved"), name="only_what_is_approved_takes_effect"
            ),
        ]

    def __str__(self) -> str:
        return self.subject
