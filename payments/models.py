"""Fees, payments and refunds. Amounts are whole cents of a currency."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from msa_portal.db import Timestamped
from requests_app.enums import RequestType


class FeeScheduleQuerySet(models.QuerySet["FeeSchedule"]):
    def in_force(self, request_type: str, day: date) -> FeeSchedule | None:
        """The schedule of that type on that day (D9), or None where none is set (D16)."""
        return (
            self.filter(request_type=request_type, effective_from__lte=day)
            .filter(Q(effective_until__isnull=True) | Q(effective_until__gte=day))
            .order_by("-effective_from")
            .first()
        )


class FeeSchedule(models.Model):
    """What a site visit costs, by request type, from a day on (F1)."""

    request_type = models.CharField(_("request type"), max_length=20, choices=RequestType)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="usd")
    effective_from = models.DateField(_("in force from"))
    effective_until = models.DateField(_("in force until"), null=True, blank=True)
    history = HistoricalRecords()

    objects = FeeScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("fee schedule")
        verbose_name_plural = _("fee schedules")
        ordering = ["request_type", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["request_type", "effective_from"], name="one_schedule_per_type_and_day"),
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gte=F("effective_from")),
                name="schedule_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=Q(currency="usd"), name="schedule_is_in_us_dollars"),
        ]

    def __str__(self) -> str:
        return f"{self.get_request_type_display()} {self.effective_from}"


class Fee(Timestamped):
    """What is owed for one visit, quoted on a day and held for two weeks (D9)."""

    class State(models.TextChoices):
        OPEN = "open", _("Due")
        SETTLED = "settled", _("Paid")
        WAIVED = "waived", _("Waived")
        CANCELED = "canceled", _("Canceled")

    round = models.ForeignKey("requests_app.VisitRound", on_delete=models.PROTECT, related_name="fees")
    schedule = models.ForeignKey(FeeSchedule, on_delete=models.PROTECT, related_name="+")
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="usd")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    quoted_on = models.DateField(_("quoted"))
    quote_holds_until = models.DateField(_("quote holds until"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    waived_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    waiver_reason = models.CharField(_("reason of the waiver"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("fee")
        verbose_name_plural = _("fees")
        ordering = ["-pk"]
        permissions = [("waive_fee", _("Can waive a fee"))]
        constraints = [
            models.UniqueConstraint(fields=["round"], condition=~Q(state="canceled"), name="one_fee_per_visit"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="fee_is_positive"),
            models.CheckConstraint(
                condition=~Q(state__in=["settled", "waived"]) | Q(settled_at__isnull=False),
                name="settled_fee_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="waived") | (Q(waived_by__isnull=False) & ~Q(waiver_reason="")),
                name="waiver_names_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round} {self.get_state_display()}"


class Payment(Timestamped):
    """One attempt to pay, made before the provider is asked. It may cover several fees."""

    class State(models.TextChoices):
        CREATED = "created", _("Started")
        OPEN = "open", _("Waiting for the customer")
        PENDING = "pending", _("On its way from the bank")
        PAID = "paid", _("Paid")
        HELD = "held", _("Held for review")
        DUPLICATE = "duplicate", _("Paid twice")
        EXPIRED = "expired", _("Not completed")
        FAILED = "failed", _("Failed")

    # Money may still come of it; money has come.
    LIVE = frozenset({State.CREATED, State.OPEN, State.PENDING})
    RECEIVED = frozenset({State.PAID, State.HELD, State.DUPLICATE})

    class Dispute(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Decided for the utility")
        LOST = "lost", _("Decided for the payer")

    fees = models.ManyToManyField(Fee, through="Allocation", related_name="payments")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="usd")
    refunded_cents = models.PositiveIntegerField(_("refunded or promised (cents)"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CREATED)
    payer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    session_id = models.CharField(_("checkout session"), max_length=255, null=True, blank=True, unique=True)
    session_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField(null=True, blank=True)
    intent_id = models.CharField(_("payment intent"), max_length=255, null=True, blank=True, unique=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    disputed = models.BooleanField(_("disputed"), default=False, help_text="A dispute is open, or was lost.")
    dispute = models.CharField(_("dispute"), max_length=10, choices=Dispute, blank=True)
    held_reason = models.CharField(_("why held"), max_length=60, blank=True)
    receipt = models.OneToOneField(
        "requests_app.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="payment_is_positive"),
            models.CheckConstraint(
                condition=Q(refunded_cents__lte=F("amount_cents")), name="never_refunded_beyond_paid"
            ),
            models.CheckConstraint(
                condition=Q(refunded_cents=0) | Q(state__in=["paid", "held", "duplicate"]),
                name="only_received_money_is_refunded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.get_state_display()}"


class Allocation(models.Model):
    """The part of a payment that is for one fee."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="allocations")
    amount_cents = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints = [models.UniqueConstraint(fields=["payment", "fee"], name="one_allocation_per_payment_and_fee")]

    def __str__(self) -> str:
        return f"{self.payment_id} → {self.fee_id}"


class Refund(Timestamped):
    """Money that goes back: proposed, approved by a supervisor, sent, followed to its end."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for approval")
        APPROVED = "approved", _("Approved, being sent")
        SENT = "sent", _("Sent to the bank")
        SUCCEEDED = "succeeded", _("Refunded")
        FAILED = "failed", _("Failed")
        DECLINED = "declined", _("Declined")

    # Counted in the payment's running figure.
    PROMISED = frozenset({State.APPROVED, State.SENT, State.SUCCEEDED})

    class Reason(models.TextChoices):
        WITHDRAWN_BEFORE_VISIT = "withdrawn_before_visit", _("Withdrawn before any visit")  # D4
        UTILITY_RESPONSIBLE = "utility_responsible", _("The visit failed on the utility's side")  # D4
        NO_SECOND_VISIT = "no_second_visit", _("The second visit did not take place")  # D4
        DUPLICATE = "duplicate", _("Paid twice")
        CANNOT_SUBMIT = "cannot_submit", _("Paid too late to be submitted")  # D15
        GOODWILL = "goodwill", _("Goodwill")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    fee = models.ForeignKey(Fee, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    reason = models.CharField(_("reason"), max_length=30, choices=Reason)
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    provider_id = models.CharField(_("provider's refund"), max_length=255, null=True, blank=True, unique=True)
    proposed_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-pk"]
        permissions = [("approve_refund", _("Can approve a refund")), ("propose_refund", _("Can propose a refund"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="refund_is_positive"),
            models.UniqueConstraint(
                fields=["payment", "fee"],
                condition=~Q(state__in=["declined", "failed"]),
                name="one_live_refund_per_payment_and_fee",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.get_state_display()}"


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

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
