"""The dispatcher's board: what is placed where before customers are told, and the runs that plan it."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fieldwork.models.orders import SiteVisit
from fieldwork.models.people import Technician


class Lane(models.Model):
    """One technician's day on the board. `version` grows with each change of what stands in it, so that two
    dispatchers do not overwrite each other: who changes a lane says which version they saw."""

    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="lanes")
    on = models.DateField(_("day"))
    version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("lane of the board")
        verbose_name_plural = _("lanes of the board")
        ordering = ["on", "technician"]
        constraints = [models.UniqueConstraint(fields=["technician", "on"], name="one_lane_per_technician_and_day")]

    def __str__(self) -> str:
        return f"{self.technician} {self.on}"


class PlanRun(models.Model):
    """One run of the planner: what was asked, how far it is, what came out.

    Whoever works on it holds it by `heartbeat_at`; one that fell silent is begun again by the sweeper, with the
    same seed (fault 26). `result` is the plan in ids, times and seconds; `findings` what the checker said.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waits for a worker")
        RUNNING = "running", _("Being planned")
        DONE = "done", _("Ready")
        CANCELED = "canceled", _("Canceled")
        FAILED = "failed", _("Failed")

    OPEN_STATES = (State.QUEUED, State.RUNNING)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    from_on = models.DateField(_("first day"))
    until_on = models.DateField(_("last day"))
    seconds = models.PositiveSmallIntegerField(
        _("seconds to think"), default=20, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    seed = models.PositiveIntegerField(_("seed"), default=0)
    requested_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress = models.JSONField(default=dict, blank=True)
    problem_hash = models.CharField(max_length=64, blank=True)
    result = models.JSONField(default=dict, blank=True)
    findings = models.JSONField(default=list, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    taken_at = models.DateTimeField(_("put on the board"), null=True, blank=True)
    taken_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("planning run")
        verbose_name_plural = _("planning runs")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(until_on__gte=F("from_on")), name="horizon_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, state__in=["queued", "running"])
                | Q(finished_at__isnull=False, state__in=["done", "canceled", "failed"]),
                name="finished_run_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_on}–{self.until_on} #{self.pk}"


class Placement(models.Model):
    """Where an open visit stands on the board. Customers are told when the board is published: until then it may
    differ from the visit's own day, window and technician, or stand where the visit has none."""

    visit = models.OneToOneField(SiteVisit, on_delete=models.CASCADE, related_name="placement")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="placements")
    window = models.CharField(_("window"), max_length=10, choices=SiteVisit.Window)
    position = models.PositiveSmallIntegerField(_("stop of the day"))
    arrives_at = models.DateTimeField(_("planned arrival"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("planned minutes at the site"))
    drive_seconds = models.PositiveIntegerField(_("driving to it, seconds"), default=0)
    drive_meters = models.PositiveIntegerField(_("driving to it, meters"), default=0)
    run = models.ForeignKey(PlanRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="placements")
    placed_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("placement on the board")
        verbose_name_plural = _("placements on the board")
        ordering = ["lane", "position"]

    def __str__(self) -> str:
        return f"{self.visit} {self.lane} {self.position}"
