"""Money that goes back, and money that a payer's bank takes back."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from msa_portal.db import Timestamped
from payments.models.fees import Fee
from payments.models.payments import Payment


class Refund(Timestamped):
    """Money that goes back: proposed, approved by a supervisor, sent, followed to its end.

    What was refunded at the provider over several fees has a row for each, with one `provider_id`.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for approval")
        APPROVED = "approved", _("Approved, being sent")
        SENT = "sent", _("Sent to the bank")
        SUCCEEDED = "succeeded", _("Refunded")
        FAILED = "failed", _("Failed")
        DECLINED = "declined", _("Declined")

    # Counted in the running figures of payment and allocation; gone at the provider.
    PROMISED = frozenset({State.APPROVED, State.SENT, State.SUCCEEDED})
    GONE = frozenset({State.SENT, State.SUCCEEDED})

    class Reason(models.TextChoices):
        WITHDRAWN_BEFORE_VISIT = "withdrawn_before_visit", _("Withdrawn before any visit")  # D4
        UTILITY_RESPONSIBLE = "utility_responsible", _("The visit failed on the utility's side")  # D4
        NO_SECOND_VISIT = "no_second_visit", _("The second visit did not take place")  # D4
        DUPLICATE = "duplicate", _("Paid twice")
        CANNOT_SUBMIT = "cannot_submit", _("Paid too late to be submitted")  # D15
        REQUESTED = "requested", _("Asked for by the customer")
        GOODWILL = "goodwill", _("Goodwill")
        AT_PROVIDER = "at_provider", _("Made at the payment provider")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="refunds")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    reason = models.CharField(_("reason"), max_length=30, choices=Reason)
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    # Null until the provider has it: several rows without one do not count as equal.
    provider_id = models.CharField(_("provider's refund"), max_length=255, null=True, blank=True)  # noqa: DJ001
    proposed_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    document = models.OneToOneField(
        "requests_app.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-pk"]
        permissions = [("approve_refund", _("Can approve a refund")), ("propose_refund", _("Can propose a refund"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="refund_is_positive"),
            models.UniqueConstraint(
                fields=["payment", "fee"],
                condition=Q(state="proposed"),
                name="one_undecided_refund_per_payment_and_fee",
            ),
            models.UniqueConstraint(fields=["provider_id", "fee"], name="one_row_per_provider_refund_and_fee"),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "succeeded"])
                | (Q(provider_id__isnull=False) & Q(sent_at__isnull=False)),
                name="sent_refund_is_known_to_the_provider",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | (Q(decided_by__isnull=False) & Q(decided_at__isnull=False)),
                name="declined_refund_names_who_and_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.get_state_display()}"


class Dispute(Timestamped):
    """A payer's bank disputes a payment, as the provider tells it. Open or lost, it blocks refund and order."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider_id = models.CharField(_("provider's dispute"), max_length=255, unique=True)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    state = models.CharField(_("state"), max_length=10, choices=Payment.Dispute)
    withdrawn_at = models.DateTimeField(_("taken from the balance"), null=True, blank=True)
    reinstated_at = models.DateTimeField(_("given back to the balance"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="dispute_is_positive"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="closed_dispute_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.get_state_display()}"
