"""Attempts to pay, and the part of each that is for one fee."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from msa_portal.db import Timestamped
from payments.models.fees import Fee

if TYPE_CHECKING:
    from msa_portal.accounts.models import User


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, user: User) -> PaymentQuerySet:
        """People who paid for themselves, and the members of the company that it was paid for. The office has the admin."""
        if not user.is_active:
            return self.none()
        return self.filter(Q(payer=user, company__isnull=True) | Q(company__in=user.company_ids))

    def listed_for(self, user: User) -> PaymentQuerySet:
        """Of several companies, only the one that the person works for now."""
        return self.visible_to(user).filter(Q(company__isnull=True) | Q(company=user.current_company_id))

    def joint(self) -> PaymentQuerySet:
        """For the fees of several requests."""
        others = Allocation.objects.filter(payment=OuterRef("pk")).order_by("pk")[1:]
        return self.filter(Exists(others))


class HeldReason(models.TextChoices):
    """Why money that arrived could not be used (D15, fault 5)."""

    CURRENCY = "currency", _("It came in another currency. Staff send it back by hand.")
    LIVEMODE = "livemode", _("It was a test payment, so no money moved.")
    AMOUNT = "amount", _("It was not the amount that we asked for.")
    REFERENCE = "reference", _("It did not name this request.")
    CANNOT_SUBMIT = "cannot_submit", _("It came when it could not be used for this visit any more.")


# Money in another currency or mode: a refund of our own amount would not fit it.
FOREIGN = frozenset({HeldReason.CURRENCY, HeldReason.LIVEMODE})


class Payment(Timestamped):
    """One attempt to pay, made before the provider is asked. It covers one fee or up to fifty.

    `state` says what became of the money; what it settled is said by each allocation.
    """

    class State(models.TextChoices):
        CREATED = "created", _("Started")
        OPEN = "open", _("Waiting for the customer")
        PENDING = "pending", _("On its way from the bank")
        PAID = "paid", _("Paid")
        HELD = "held", _("Held for review")
        DUPLICATE = "duplicate", _("Paid twice")
        EXPIRED = "expired", _("Not completed")
        FAILED = "failed", _("Failed")

    # Money may still come of it; the payer has not paid yet; money has come.
    LIVE = frozenset({State.CREATED, State.OPEN, State.PENDING})
    UNPAID = frozenset({State.CREATED, State.OPEN})
    RECEIVED = frozenset({State.PAID, State.HELD, State.DUPLICATE})

    class Dispute(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Decided for the utility")
        LOST = "lost", _("Decided for the payer")

    fees = models.ManyToManyField(Fee, through="Allocation", related_name="payments")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="usd")
    received_cents = models.PositiveIntegerField(_("received (cents)"), default=0)
    refunded_cents = models.PositiveIntegerField(_("refunded or promised (cents)"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CREATED)
    # Who pays: a person with an account, or somebody who was invited to pay by a link.
    payer = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    payer_name = models.CharField(_("payer's name"), max_length=120)
    payer_email = models.EmailField(_("payer's e-mail address"))
    company = models.ForeignKey(
        "accounts.Company",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payments",
        help_text=_("The agent of record's company, where one of its people pays for customers."),
    )
    invitation = models.ForeignKey(
        "payments.PayInvitation", null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    session_id = models.CharField(_("checkout session"), max_length=255, null=True, blank=True, unique=True)
    session_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField(null=True, blank=True)
    intent_id = models.CharField(_("payment intent"), max_length=255, null=True, blank=True, unique=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    disputed = models.BooleanField(_("disputed"), default=False, help_text="A dispute is open, or was lost.")
    dispute = models.CharField(_("dispute"), max_length=10, choices=Dispute, blank=True)
    held_reason = models.CharField(_("why held"), max_length=60, choices=HeldReason, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["company", "paid_at"], name="payments_of_company")]
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="payment_is_positive"),
            models.CheckConstraint(condition=Q(currency="usd"), name="payment_is_in_the_schedules_currency"),
            models.CheckConstraint(
                condition=Q(refunded_cents__lte=F("received_cents")), name="never_refunded_beyond_paid"
            ),
            models.CheckConstraint(
                condition=Q(received_cents=0) | Q(state__in=["paid", "held", "duplicate"]),
                name="only_a_paid_payment_has_money",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.get_state_display()}"


class Allocation(models.Model):
    """The part of a payment that is for one fee, what it did, and what of it went back."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not paid")
        SETTLED = "settled", _("Paid")
        HELD = "held", _("Held for review")
        DUPLICATE = "duplicate", _("Paid twice")

    # Money lies here that settles nothing.
    UNAPPLIED = frozenset({State.HELD, State.DUPLICATE})
    RECEIVED = frozenset({State.SETTLED, *UNAPPLIED})

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="allocations")
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    received_cents = models.PositiveIntegerField(_("received (cents)"), default=0)
    refunded_cents = models.PositiveIntegerField(_("refunded or promised (cents)"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    held_reason = models.CharField(_("why held"), max_length=60, choices=HeldReason, blank=True)
    receipt = models.OneToOneField(
        "requests_app.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "fee"], name="one_allocation_per_payment_and_fee"),
            models.UniqueConstraint(fields=["fee"], condition=Q(state="settled"), name="one_payment_settles_a_fee"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="allocation_is_positive"),
            models.CheckConstraint(
                condition=Q(refunded_cents__lte=F("received_cents")), name="no_fee_refunded_beyond_paid"
            ),
            models.CheckConstraint(
                condition=Q(received_cents=0) | ~Q(state="waiting"), name="only_a_paid_part_has_money"
            ),
            models.CheckConstraint(
                condition=~Q(state="settled") | Q(received_cents=F("amount_cents")), name="a_fee_is_settled_in_full"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} → {self.fee_id}"

    @property
    def remaining_cents(self) -> int:
        """What of this part is still here and not promised."""
        return self.received_cents - self.refunded_cents


class PayInvitation(Timestamped):
    """An agent asks the customer to pay one visit's fee by a mailed link, without an account."""

    round = models.ForeignKey("requests_app.VisitRound", on_delete=models.PROTECT, related_name="pay_invitations")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=120)
    invited_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(_("expires"))
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invitation to pay")
        verbose_name_plural = _("invitations to pay")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round"], condition=Q(voided_at__isnull=True), name="one_open_invitation_to_pay_per_visit"
            )
        ]

    def __str__(self) -> str:
        return f"{self.round_id} {self.email}"

    @property
    def is_open(self) -> bool:
        return self.voided_at is None and self.expires_at > timezone.now()
