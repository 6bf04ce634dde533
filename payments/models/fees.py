"""What a visit costs, and what is owed for one. Amounts are whole cents of a currency."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from msa_portal.db import Timestamped
from requests_app.enums import RequestType


class FeeScheduleQuerySet(models.QuerySet["FeeSchedule"]):
    def in_force(self, request_type: str, day: date) -> FeeSchedule | None:
        """The schedule of that type on that day (D9), or None where none is set, or nothing is charged (D16)."""
        newest = self.filter(request_type=request_type)._on(day).last()
        return newest if newest and newest.amount_cents else None

    def by_type(self, day: date) -> dict[str, FeeSchedule]:
        """The schedule in force of each type that has one."""
        newest = {schedule.request_type: schedule for schedule in self._on(day)}
        return {request_type: schedule for request_type, schedule in newest.items() if schedule.amount_cents}

    def _on(self, day: date) -> FeeScheduleQuerySet:
        """Those that hold on that day, the newest last, which is the one in force."""
        still = Q(effective_until__isnull=True) | Q(effective_until__gte=day)
        return self.filter(still, effective_from__lte=day).order_by("effective_from")


class FeeSchedule(models.Model):
    """What a site visit costs, by request type, from a day on (F1), until another one's day comes.

    Two people publish it (D23). Once its day has come, or a fee was raised under it, the database refuses to change
    or delete it (`schedule_guard`).
    """

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
        WRITTEN_OFF = "written_off", _("Written off")

    round = models.ForeignKey("requests_app.VisitRound", on_delete=models.PROTECT, related_name="fees")
    schedule = models.ForeignKey(FeeSchedule, on_delete=models.PROTECT, related_name="+")
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="usd")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    quoted_on = models.DateField(_("quoted"))
    quote_holds_until = models.DateField(_("quote holds until"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    # Of a fee that was waived, or written off after a lost dispute.
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
            models.CheckConstraint(condition=Q(currency="usd"), name="fee_is_in_the_schedules_currency"),
            models.CheckConstraint(
                condition=~Q(state__in=["settled", "waived", "written_off"]) | Q(settled_at__isnull=False),
                name="settled_fee_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["waived", "written_off"])
                | (Q(waived_by__isnull=False) & ~Q(waiver_reason="")),
                name="waiver_names_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round} {self.get_state_display()}"
