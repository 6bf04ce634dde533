"""What a customer allowed a company to do in their name."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from requests_app import enums

if TYPE_CHECKING:
    from msa_portal.accounts.models import User


class AgentAuthorityQuerySet(models.QuerySet["AgentAuthority"]):
    def in_force(self) -> AgentAuthorityQuerySet:
        """Not ended; the last day of one of them may be over, until the timer ends it."""
        return self.filter(ended_at__isnull=True)

    def given_by(self, user: User) -> AgentAuthorityQuerySet:
        """Those that this person gave: from their account, or by a link to an address that is proven to be theirs."""
        return self.filter(Q(customer=user) | Q(customer__isnull=True, customer_email__in=proven_addresses(user)))


def proven_addresses(user: User) -> list[str]:
    """The addresses whose mail this person has shown to read, in lower case."""
    proven = EmailAddress.objects.filter(user=user, verified=True)
    return list(proven.annotate(lower=Lower("email")).values_list("lower", flat=True))


class AgentAuthority(models.Model):
    """A company acts for one customer at one service account, from the customer's signature until a day (A2, D22).

    The same customer's next signature for that account and company makes it last longer, nobody else's does. Requests
    name the authority that covers them, and ask it whether the company still acts; a request that the customer
    has not signed yet has none.
    """

    customer_email = models.EmailField(_("customer's email address"), help_text=_("As the signature proved it."))
    customer = models.ForeignKey(
        "accounts.User",
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="authorities_given",
        help_text=_("Empty until the customer has an account."),
    )
    account_number = models.CharField(_("service account number"), max_length=20)
    company = models.ForeignKey("accounts.Company", on_delete=models.PROTECT, related_name="authorities")
    given_at = models.DateTimeField(_("given"))
    expires_on = models.DateField(_("holds until, that day included"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_because = models.CharField(_("ended because"), max_length=10, choices=enums.AuthorityEnd, blank=True)
    ended_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = AgentAuthorityQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent's authority")
        verbose_name_plural = _("agents' authorities")
        constraints = [
            models.UniqueConstraint(
                fields=["customer_email", "account_number", "company"],
                condition=Q(ended_at__isnull=True),
                name="one_authority_in_force_per_customer_account_company",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_because="")
                | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="ended_authority_says_why",
            ),
            models.CheckConstraint(
                condition=Q(customer_email=Lower("customer_email")), name="authority_names_its_customer_in_lower_case"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_number} {self.company_id}"

    def holds_on(self, day: date) -> bool:
        return self.ended_at is None and day <= self.expires_on
