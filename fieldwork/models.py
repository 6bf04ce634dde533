"""Service orders, site visits, and how technicians close them out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from msa_portal.db import Timestamped
from requests_app.enums import VisitOutcome
from requests_app.models import MSARequest
from requests_app.models.documents import Scanned


class Technician(models.Model):
    user = models.OneToOneField("accounts.User", on_delete=models.PROTECT, related_name="technician")
    employee_number = models.CharField(_("employee number"), max_length=20, unique=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("meter technician")
        verbose_name_plural = _("meter technicians")
        ordering = ["user__name"]

    def __str__(self) -> str:
        return str(self.user)


class ServiceOrder(Timestamped):
    """The order to visit one site (V1), due within the clock of V2."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        CANCELED = "canceled", _("Canceled")

    # Null until the row has the id that the number is made of.
    number = models.CharField(_("number"), max_length=20, unique=True, null=True, editable=False)  # noqa: DJ001
    round = models.OneToOneField("requests_app.VisitRound", on_delete=models.PROTECT, related_name="service_order")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    issued_at = models.DateTimeField(_("issued"), auto_now_add=True)
    issued_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("due"))

    class Meta:
        verbose_name = _("service order")
        verbose_name_plural = _("service orders")
        ordering = ["due_on", "pk"]
        permissions = [("issue_serviceorder", _("Can issue service orders"))]

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
        """That day's visits, the morning's before the afternoon's ("morning" sorts after it by name)."""
        return self.filter(scheduled_on=day).exclude(state=SiteVisit.State.CANCELED).order_by("-window", "pk")


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


class CloseOut(models.Model):
    """What a technician reported of a visit. `id` is minted when the form opens; `body_hash` tells
    a repeat from a different report under the same id. One per visit is accepted; others are kept
    as conflicts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    visit = models.ForeignKey(SiteVisit, on_delete=models.PROTECT, related_name="close_outs")
    body_hash = models.CharField(max_length=64)
    outcome = models.CharField(_("outcome"), max_length=20, choices=VisitOutcome)
    reasons = models.ManyToManyField("requests_app.OutcomeReason", blank=True, related_name="+")
    checklist = models.JSONField(default=dict)
    serial_number = models.CharField(_("MSA serial number"), max_length=60, blank=True)
    notes = models.TextField(_("notes"), max_length=2000, blank=True)
    by = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="close_outs")
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    device_time = models.DateTimeField(_("phone's time"), null=True, blank=True)
    accepted = models.BooleanField(_("accepted"), default=False)
    conflict = models.CharField(_("conflict"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("close-out")
        verbose_name_plural = _("close-outs")
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(fields=["visit"], condition=Q(accepted=True), name="one_accepted_close_out"),
            models.CheckConstraint(condition=Q(accepted=True) ^ ~Q(conflict=""), name="accepted_or_conflict"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.outcome}"


def photo_path(instance: Any, filename: str) -> str:
    return f"visits/{instance.close_out_id}/{uuid.uuid4().hex}.jpg"


class VisitPhoto(Scanned):
    """Evidence: the file as encoded anew. `evidence` is what only staff see: where and when the camera
    says it was taken (fault 36)."""

    close_out = models.ForeignKey(CloseOut, on_delete=models.PROTECT, related_name="photos")
    file = models.ImageField(upload_to=photo_path)
    sha256 = models.CharField(max_length=64)
    original_sha256 = models.CharField(max_length=64)
    evidence = models.JSONField(default=dict, blank=True)
    taken_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("visit photo")
        verbose_name_plural = _("visit photos")
        constraints = [models.UniqueConstraint(fields=["close_out", "original_sha256"], name="one_photo_per_hash")]

    def __str__(self) -> str:
        return f"{self.close_out_id} {self.sha256[:8]}"

    @property
    def belongs_to(self) -> MSARequest:
        return self.close_out.visit.order.round.request
