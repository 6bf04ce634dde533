"""What a customer allowed a company to do in their name."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests_app import enums


class AgentAuthority(models.Model):
    """A company acts for one service account, from a customer's signature until a day (A2, D10).

    A later signature under the same authorization makes it last longer. Requests name the authority
    that covers them; a request whose customer has not signed yet has none.
    """

    account_number = models.CharField(_("service account number"), max_length=20)
    company = models.ForeignKey("accounts.Company", on_delete=models.PROTECT, related_name="authorities")
    given_at = models.DateTimeField(_("given"))
    expires_on = models.DateField(_("holds until, that day included"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_because = models.CharField(_("ended because"), max_length=10, choices=enums.AuthorityEnd, blank=True)
    ended_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("agent's authority")
        verbose_name_plural = _("agents' authorities")
        constraints = [
            models.UniqueConstraint(
                fields=["account_number", "company"],
                condition=models.Q(ended_at__isnull=True),
                name="one_authority_in_force_per_account_and_company",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_because="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_because="")),
                name="ended_authority_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_number} {self.company_id}"

    def holds_on(self, day: date) -> bool:
        return self.ended_at is None and day <= self.expires_on
