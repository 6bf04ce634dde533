"""Service orders and the visits that they lead to."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fieldwork.models.people import District, Technician, latitude, longitude
from msa_portal.db import Timestamped
from requests_app.enums import RequestType


class ServiceOrder(Timestamped):
    """The order to visit one site (V1), due within the clock of V2."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        CANCELED = "canceled", _("Canceled")

    class Position(models.TextChoices):
        RECORD = "record", _("the utility's record")
        ZIP_CODE = "zip_code", _("the middle of the ZIP code")
        DISPATCHER = "dispatcher", _("a dispatcher")

    # Null until the row has the id that the number is made of.
    number = models.CharField(_("number"), max_length=20, unique=True, null=True, editable=False)  # noqa: DJ001
    round = models.OneToOneField("requests_app.VisitRound", on_delete=models.PROTECT, related_name="service_order")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    issued_at = models.DateTimeField(_("issued"), auto_now_add=True)
    issued_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("due"))
    # Where the van goes. Copied from the utility's record when the order is issued, else the middle of
    # the ZIP code; a dispatcher may put it right.
    latitude = latitude(null=True, blank=True)
    longitude = longitude(null=True, blank=True)
    position_source = models.CharField(_("position from"), max_length=10, choices=Position, blank=True, db_default="")
    district = models.ForeignKey(
        District, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders", verbose_name=_("district")
    )

    class Meta:
        verbose_name = _("service order")
        verbose_name_plural = _("service orders")
        ordering = ["due_on", "pk"]
        permissions = [("issue_serviceorder", _("Can issue service orders"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False),
                name="position_has_both_coordinates",
            )
        ]

    def __str__(self) -> str:
        return self.number or str(_("New service order"))


class SiteVisitQuerySet(models.QuerySet["SiteVisit"]):
    def assigned_to(self, user: Any) -> SiteVisitQuerySet:
        """What a technician may see: their own visits. Nobody else has any here."""
        if not getattr(user, "is_technician", False):
            return self.none()
        return self.filter(technician__user=user, technician__is_active=True)

    def open(self) -> SiteVisitQuerySet:
        return self.filter(state__in=SiteVisit.OPEN_STATES)

    def on_day(self, day: date) -> SiteVisitQuerySet:
        """That day's visits in their order, the morning's before the afternoon's ("morning" sorts after it by name)."""
        stops = self.filter(scheduled_on=day).exclude(state=SiteVisit.State.CANCELED)
        return stops.order_by("-window", F("position").asc(nulls_last=True), "pk")

    def next_day_after(self, day: date) -> date | None:
        """The first day after it with an open visit."""
        later = self.open().filter(scheduled_on__gt=day).order_by("scheduled_on")
        return later.values_list("scheduled_on", flat=True).first()


class SiteVisit(Timestamped):
    """One planned presence at the site: who, on which day, in which window."""

    class State(models.TextChoices):
        UNSCHEDULED = "unscheduled", _("To be scheduled")
        SCHEDULED = "scheduled", _("Scheduled")
        ON_SITE = "on_site", _("Technician on site")
        CLOSED = "closed", _("Closed")
        CANCELED = "canceled", _("Canceled")

    class Window(models.TextChoices):
        MORNING = "morning", _("between 8 a.m. and noon")
        AFTERNOON = "afternoon", _("between noon and 5 p.m.")

    OPEN_STATES = (State.UNSCHEDULED, State.SCHEDULED, State.ON_SITE)

    order = models.ForeignKey(ServiceOrder, on_delete=models.PROTECT, related_name="visits")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.UNSCHEDULED)
    technician = models.ForeignKey(
        Technician,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="visits",
        verbose_name=_("technician"),
    )
    scheduled_on = models.DateField(_("day"), null=True, blank=True)
    window = models.CharField(_("window"), max_length=10, choices=Window, blank=True)
    moves = models.PositiveSmallIntegerField(_("times moved"), default=0)
    # As published: the customer knows day and window, the technician order and times as well.
    position = models.PositiveSmallIntegerField(_("stop of the day"), null=True, blank=True)
    arrives_at = models.DateTimeField(_("planned arrival"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("planned minutes at the site"), null=True, blank=True)
    drive_seconds = models.PositiveIntegerField(_("planned driving to it, seconds"), null=True, blank=True)
    drive_meters = models.PositiveIntegerField(_("planned driving to it, meters"), null=True, blank=True)
    is_fixed = models.BooleanField(
        _("fixed"),
        default=False,
        db_default=False,
        help_text=_("A commitment: planning never moves it."),
    )
    published_at = models.DateTimeField(_("customer told"), null=True, blank=True)
    on_the_way_at = models.DateTimeField(_("on the way"), null=True, blank=True)
    expected_at = models.DateTimeField(_("expected arrival, as told last"), null=True, blank=True)
    on_site_at = models.DateTimeField(_("on site"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = SiteVisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("site visit")
        verbose_name_plural = _("site visits")
        ordering = ["scheduled_on", "pk"]
        permissions = [("schedule_sitevisit", _("Can schedule site visits"))]
        indexes = [models.Index(fields=["technician", "scheduled_on"], name="visits_of_a_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=["unscheduled", "scheduled", "on_site"]),
                name="one_open_visit_per_order",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["scheduled", "on_site", "closed"])
                | (Q(technician__isnull=False, scheduled_on__isnull=False) & ~Q(window="")),
                name="scheduled_visit_has_technician_day_window",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} · {self.get_state_display()}"

    @property
    def is_movable(self) -> bool:
        return self.state in {SiteVisit.State.UNSCHEDULED, SiteVisit.State.SCHEDULED}


class VisitDuration(models.Model):
    """How long such a visit takes at the site, in minutes: learned from closed visits, unless staff set it.

    `device` null: for any device of that type. The most particular row counts.
    """

    request_type = models.CharField(_("request type"), max_length=20, choices=RequestType)
    device = models.ForeignKey(
        "requests_app.Product",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("MSA"),
    )
    set_minutes = models.PositiveSmallIntegerField(
        _("minutes, set by staff"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(480)],
        help_text=_("Empty: what closed visits took."),
    )
    learned_minutes = models.PositiveSmallIntegerField(_("minutes, learned"), null=True, blank=True, editable=False)
    samples = models.PositiveIntegerField(_("from closed visits"), default=0, editable=False)
    learned_at = models.DateTimeField(_("learned"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("visit duration")
        verbose_name_plural = _("visit durations")
        ordering = ["request_type", "device"]
        constraints = [
            models.UniqueConstraint(fields=["request_type", "device"], name="one_duration_per_type_and_device"),
            models.UniqueConstraint(
                fields=["request_type"], condition=Q(device__isnull=True), name="one_duration_per_type_for_any_device"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_request_type_display()} {self.device or ''}".strip()

    @property
    def minutes(self) -> int | None:
        return self.set_minutes or self.learned_minutes
