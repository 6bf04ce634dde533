"""What the provider tells, and what the comparison with its books found."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from msa_portal.db import Timestamped


class ProviderEvent(models.Model):
    """A webhook event, by the provider's id: a trigger only. No payload is kept beyond the object's id."""

    event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=255)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(processed_at__isnull=True), name="events_not_looked_into")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class ReconciledDay(Timestamped):
    """One day of the utility's time zone, compared with the provider's list of what moved."""

    class State(models.TextChoices):
        CLEAN = "clean", _("Agrees")
        OPEN = "open", _("Differs")
        EXPLAINED = "explained", _("Differs, explained by staff")
        UNFINISHED = "unfinished", _("Not final yet")  # under way, or a bank debit of that day is

    # Not compared again by itself, unless something is booked to it later.
    FINAL = frozenset({State.CLEAN, State.EXPLAINED})

    day = models.DateField(_("day"), unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State)
    movements = models.PositiveIntegerField(_("movements at the provider"), default=0)
    passed_over = models.PositiveIntegerField(_("movements that are not ours"), default=0)
    repaired = models.PositiveIntegerField(_("repaired"), default=0)
    provider_cents = models.BigIntegerField(_("provider's books (cents)"), default=0)
    ledger_cents = models.BigIntegerField(_("our books (cents)"), default=0)
    checked_at = models.DateTimeField(_("compared"))

    class Meta:
        verbose_name = _("reconciled day")
        verbose_name_plural = _("reconciled days")
        ordering = ["-day"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="clean") | Q(provider_cents=models.F("ledger_cents")), name="clean_day_agrees"
            )
        ]

    def __str__(self) -> str:
        return str(self.day)


class ReconciliationItem(Timestamped):
    """A difference that could not be repaired: staff look into it and say what became of it."""

    class Kind(models.TextChoices):
        UNKNOWN_MONEY = "unknown_money", _("Money at the provider that we do not know")
        MISSING = "missing", _("In our books, not at the provider")
        DIFFERS = "differs", _("Another amount at the provider")
        NOT_OUR_MONEY = "not_our_money", _("Of another currency or mode")
        GIVEN_BACK = "given_back", _("Refunded at the provider, visit still to come")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        RESOLVED = "resolved", _("Resolved")

    day = models.ForeignKey(ReconciledDay, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(_("what"), max_length=20, choices=Kind)
    category = models.CharField(_("kind of movement"), max_length=40)
    provider_id = models.CharField(_("provider's id"), max_length=255)
    currency = models.CharField(_("currency"), max_length=3, default="usd")
    payment = models.ForeignKey(
        "payments.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="reconciliation_items"
    )
    ours_cents = models.BigIntegerField(_("our books (cents)"))
    theirs_cents = models.BigIntegerField(_("provider's books (cents)"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    note = models.CharField(_("what became of it"), max_length=300, blank=True)
    resolved_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    # When supervisors were written to about it; empty again where it came back.
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["state", "-pk"]
        permissions = [("resolve_difference", _("Can resolve a difference with the provider"))]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "kind", "category", "provider_id", "currency"], name="one_item_per_difference"
            ),
            models.CheckConstraint(
                condition=Q(state="open", resolved_at__isnull=True)
                | (Q(state="resolved", resolved_at__isnull=False) & ~Q(note="")),
                name="resolved_difference_says_what_became_of_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.provider_id}"


class ReconciliationLease(models.Model):
    """Who compares now: one row. A holder that died loses it when its time is over."""

    LASTS = timedelta(minutes=10)

    holder = models.UUIDField()
    until = models.DateTimeField()
    only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="one_reconciliation_lease")]

    def __str__(self) -> str:
        return f"{self.holder} {timezone.localtime(self.until):%H:%M:%S}"
