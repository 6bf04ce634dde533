"""The agreement signed by hand: what was sent, and what staff said of each section."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from requests_app import enums
from requests_app.models.agreement import Signature
from requests_app.models.reference import CodedReason


class PaperReason(CodedReason):
    """Why staff send a paper signature back."""

    history = HistoricalRecords()

    class Meta(CodedReason.Meta):
        verbose_name = _("reason to send paper back")
        verbose_name_plural = _("reasons to send paper back")


class PaperSigningQuerySet(models.QuerySet["PaperSigning"]):
    def waiting(self) -> PaperSigningQuerySet:
        """Staff have to look at it: sent, for an agreement that still waits for that party."""
        signed = models.Exists(
            Signature.objects.filter(agreement=models.OuterRef("agreement"), party=models.OuterRef("party"))
        )
        return self.filter(state=enums.PaperState.SENT, agreement__state=enums.AgreementState.SIGNING).exclude(signed)


class PaperSigning(models.Model):
    """One party's pages for one version of the agreement. A later upload of theirs replaces one that waits."""

    agreement = models.ForeignKey("requests_app.Agreement", on_delete=models.PROTECT, related_name="papers")
    party = models.CharField(_("party"), max_length=10, choices=enums.Party)
    state = models.CharField(_("state"), max_length=10, choices=enums.PaperState, default=enums.PaperState.SENT)
    documents = models.ManyToManyField("requests_app.Document", related_name="papers")
    sent_at = models.DateTimeField(_("sent"), auto_now_add=True)
    sent_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sent_from = models.EmailField(_("e-mail address"))

    objects = PaperSigningQuerySet.as_manager()

    class Meta:
        verbose_name = _("signature on paper")
        verbose_name_plural = _("signatures on paper")
        ordering = ["sent_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "party"],
                condition=models.Q(state="sent"),
                name="one_waiting_paper_per_party",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.party} {self.state}"


class PaperSection(models.Model):
    """One section of what was sent. Staff accept it, or send it back with a coded reason."""

    paper = models.ForeignKey(PaperSigning, on_delete=models.PROTECT, related_name="sections")
    section = models.CharField(_("section"), max_length=20, choices=enums.Section)
    state = models.CharField(_("state"), max_length=10, choices=enums.PaperState, default=enums.PaperState.SENT)
    reason = models.ForeignKey(PaperReason, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("note"), max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("section signed on paper")
        verbose_name_plural = _("sections signed on paper")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "section"], name="one_decision_per_section"),
            models.CheckConstraint(
                condition=models.Q(state="sent", decided_at__isnull=True)
                | models.Q(state="accepted", decided_at__isnull=False)
                | models.Q(state="sent_back", decided_at__isnull=False, reason__isnull=False)
                | models.Q(state="replaced"),
                name="paper_sent_back_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} {self.section} {self.state}"
