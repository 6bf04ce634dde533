"""What customers say about the day of their visit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fieldwork.models.orders import ServiceOrder, SiteVisit
from fieldwork.models.people import Absence


class UnsuitableDay(models.Model):
    """A day, or half of one, that does not suit: the planner leaves it out for this order."""

    order = models.ForeignKey(ServiceOrder, on_delete=models.CASCADE, related_name="unsuitable_days")
    on = models.DateField(_("day"))
    part = models.CharField(_("part of the day"), max_length=10, choices=Absence.Part, default=Absence.Part.ALL_DAY)
    named_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("day that does not suit")
        verbose_name_plural = _("days that do not suit")
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["order", "on"], name="one_row_per_unsuitable_day")]

    def __str__(self) -> str:
        return f"{self.order} {self.on}"


class DayChange(models.Model):
    """The customer asked for another day: once for an order, without a fee, until two business days before."""

    class State(models.TextChoices):
        OPEN = "open", _("Waits for dispatch")
        MOVED = "moved", _("Moved")
        KEPT = "kept", _("The day was kept")

    order = models.OneToOneField(ServiceOrder, on_delete=models.PROTECT, related_name="day_change")
    visit = models.ForeignKey(SiteVisit, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    was_on = models.DateField(_("from the day"))
    was_window = models.CharField(_("from the window"), max_length=10, choices=SiteVisit.Window)
    to_on = models.DateField(_("to the day"), null=True, blank=True)
    to_window = models.CharField(_("to the window"), max_length=10, choices=SiteVisit.Window, blank=True)
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    answered_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("wish for another day")
        verbose_name_plural = _("wishes for another day")
        ordering = ["asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True)
                | (~Q(state="open") & Q(answered_at__isnull=False)),
                name="answered_wish_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="moved") | (Q(to_on__isnull=False) & ~Q(to_window="")),
                name="moved_wish_has_its_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.get_state_display()}"


class CalendarFeed(models.Model):
    """A person's feed of their visits. The address is signed from `generation`: a new one ends the old address."""

    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, related_name="calendar_feed")
    generation = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return f"{self.user} {self.generation}"
