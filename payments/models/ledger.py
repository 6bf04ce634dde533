"""The ledger: entries that are added and never changed. Every balance is a sum of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Sum, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from msa_portal.db import AppendOnly, AppendOnlyQuerySet


class Account(models.TextChoices):
    """Where an amount stands. Debits add to the first five and credits to the last four."""

    RECEIVABLE = "receivable", _("Owed by customers")
    PROVIDER = "provider", _("At the payment provider")
    DISPUTED = "disputed", _("Taken by a bank while disputed")
    WAIVED = "waived", _("Fees waived")
    WRITTEN_OFF = "written_off", _("Fees written off")
    FEES = "fees", _("Fees raised")
    UNAPPLIED = "unapplied", _("Received, settles nothing")
    REFUNDED = "refunded", _("Fees given back")
    REFUNDS_DUE = "refunds_due", _("Refunds approved, not sent")


class EntryKind(models.TextChoices):
    FEE_QUOTED = "fee_quoted", _("Fee quoted")
    FEE_RAISED = "fee_raised", _("Fee raised")
    FEE_CANCELED = "fee_canceled", _("Fee canceled")
    FEE_WAIVED = "fee_waived", _("Fee waived")
    FEE_PAID = "fee_paid", _("Fee paid")
    MONEY_HELD = "money_held", _("Money received, held")
    PAID_TWICE = "paid_twice", _("Money received, paid twice")
    REFUND_PROMISED = "refund_promised", _("Refund approved")
    REFUND_RELEASED = "refund_released", _("Refund not carried out")
    REFUND_SENT = "refund_sent", _("Refund sent")
    REFUND_RETURNED = "refund_returned", _("Refund came back")
    DISPUTE_OPENED = "dispute_opened", _("Disputed amount taken")
    DISPUTE_WON = "dispute_won", _("Disputed amount given back")
    DISPUTE_LOST = "dispute_lost", _("Dispute lost")
    WRITTEN_OFF = "written_off", _("Fee written off")


class LedgerEntryQuerySet(AppendOnlyQuerySet["LedgerEntry"]):
    def balance(self, account: Account) -> int:
        """Debits less credits of that account over these entries, in cents."""
        return int(self.aggregate(total=_debits_less_credits(account))["total"])

    def balances(self) -> dict[Account, int]:
        """Every account's debits less credits, in one query. Their sum is zero."""
        row = self.aggregate(**{account.value: _debits_less_credits(account) for account in Account})
        return {account: int(row[account.value]) for account in Account}

    def balances_by(self, *fields: str) -> Iterator[dict[str, Any]]:
        """As `balances`, for each group of those fields, which stand in the row beside the accounts' names."""
        sums = {account.value: _debits_less_credits(account) for account in Account}
        yield from self.order_by().values(*fields).annotate(**sums).iterator()

    def cash(self) -> LedgerEntryQuerySet:
        """Entries that moved money at the provider."""
        return self.filter(Q(debit=Account.PROVIDER) | Q(credit=Account.PROVIDER))


def _debits_less_credits(account: Account) -> Coalesce:
    signed = Case(
        When(debit=account, credit=account, then=0),
        When(debit=account, then=F("amount_cents")),
        When(credit=account, then=-F("amount_cents")),
        default=0,
        output_field=models.BigIntegerField(),
    )
    return Coalesce(Sum(signed), 0)


class LedgerEntry(AppendOnly):
    """An amount that moves from one account to another, with the rule that caused it.

    Each row is both sides of a posting, so the books balance by construction. `key` names the
    cause: a repeat of the cause finds it taken. `moved_at` is the provider's time where money moved there,
    `provider_id` the charge, refund or dispute by which the provider knows it.
    """

    at = models.DateTimeField(_("booked"), auto_now_add=True)
    kind = models.CharField(_("what"), max_length=20, choices=EntryKind)
    rule = models.CharField(_("rule"), max_length=4)
    debit = models.CharField(_("debit"), max_length=15, choices=Account)
    credit = models.CharField(_("credit"), max_length=15, choices=Account)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="usd")
    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="ledger_entries")
    fee = models.ForeignKey("payments.Fee", on_delete=models.PROTECT, related_name="ledger_entries")
    payment = models.ForeignKey(
        "payments.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    refund = models.ForeignKey(
        "payments.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    dispute = models.ForeignKey(
        "payments.Dispute", null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    moved_at = models.DateTimeField(_("moved at the provider"), null=True, blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    key = models.CharField(max_length=80, unique=True)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        ordering = ["-pk"]
        permissions = [("export_ledgerentry", _("Can export the ledger"))]
        indexes = [
            models.Index(fields=["moved_at"], name="ledger_by_provider_time"),
            models.Index(fields=["at"], name="ledger_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="entry_is_positive"),
            models.CheckConstraint(condition=Q(currency="usd"), name="entry_is_in_the_schedules_currency"),
            models.CheckConstraint(
                condition=Q(kind="fee_quoted") | ~Q(debit=F("credit")), name="only_a_quote_moves_nothing"
            ),
            models.CheckConstraint(
                condition=(~Q(debit="provider") & ~Q(credit="provider"))
                | (Q(moved_at__isnull=False) & ~Q(provider_id="")),
                name="money_at_the_provider_has_its_id_and_time",
            ),
            models.CheckConstraint(condition=~Q(rule=""), name="entry_names_its_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.get_kind_display()}"
