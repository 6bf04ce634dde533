"""Who goes to the sites: technicians, what they can do, where they start, when they work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

if TYPE_CHECKING:
    from datetime import date

# The Windows of a day are SiteVisit's; a technician may be absent for one of them.
DAILY_MINUTES = 420


def latitude(**options: Any) -> models.DecimalField[Any, Any]:
    """Degrees north, to about a tenth of a meter."""
    limits = [MinValueValidator(-90), MaxValueValidator(90)]
    return models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, validators=limits, **options)


def longitude(**options: Any) -> models.DecimalField[Any, Any]:
    """Degrees east: negative in California."""
    limits = [MinValueValidator(-180), MaxValueValidator(180)]
    return models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, validators=limits, **options)


class Skill(models.Model):
    """What not every technician may do. A visit needs it for its request type, or for its device."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=80)
    request_types = models.JSONField(_("needed for the request types"), default=list, blank=True)
    devices = models.ManyToManyField(
        "requests_app.Product", blank=True, related_name="+", verbose_name=_("needed for the devices")
    )

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class District(models.Model):
    """A part of the territory, by its ZIP codes. A ZIP code is in one district at most."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("district")
        verbose_name_plural = _("districts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DistrictZip(models.Model):
    district = models.ForeignKey(District, on_delete=models.CASCADE, related_name="zips")
    zip_code = models.CharField(_("ZIP code"), max_length=5, unique=True)

    class Meta:
        verbose_name = _("ZIP code of a district")
        verbose_name_plural = _("ZIP codes of districts")
        ordering = ["zip_code"]
        constraints = [
            models.CheckConstraint(condition=Q(zip_code__regex=r"^\d{5}$"), name="district_zip_has_five_digits")
        ]

    def __str__(self) -> str:
        return self.zip_code


class Yard(models.Model):
    """Where vans stand overnight."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    latitude = latitude()
    longitude = longitude()

    class Meta:
        verbose_name = _("yard")
        verbose_name_plural = _("yards")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Technician(models.Model):
    """`home_…` only where the technician starts from home; a yard comes before it.

    No districts named: goes anywhere. `daily_minutes` caps driving and work together.
    """

    user = models.OneToOneField("accounts.User", on_delete=models.PROTECT, related_name="technician")
    employee_number = models.CharField(_("employee number"), max_length=20, unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    yard = models.ForeignKey(
        Yard,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="technicians",
        verbose_name=_("starts from the yard"),
    )
    home_latitude = latitude(null=True, blank=True)
    home_longitude = longitude(null=True, blank=True)
    districts = models.ManyToManyField(District, blank=True, related_name="technicians", verbose_name=_("districts"))
    skills = models.ManyToManyField(Skill, blank=True, related_name="technicians", verbose_name=_("skills"))
    daily_minutes = models.PositiveSmallIntegerField(
        _("minutes of driving and work a day"),
        default=DAILY_MINUTES,
        db_default=DAILY_MINUTES,
        validators=[MinValueValidator(30), MaxValueValidator(720)],
    )

    class Meta:
        verbose_name = _("meter technician")
        verbose_name_plural = _("meter technicians")
        ordering = ["user__name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(home_latitude__isnull=True, home_longitude__isnull=True)
                | Q(home_latitude__isnull=False, home_longitude__isnull=False),
                name="home_has_both_coordinates",
            )
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def start(self) -> tuple[float, float] | None:
        """Latitude and longitude of where the day begins and ends; None where nobody entered it."""
        if self.yard is not None:
            return float(self.yard.latitude), float(self.yard.longitude)
        if self.home_latitude is None or self.home_longitude is None:
            return None
        return float(self.home_latitude), float(self.home_longitude)


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")


class WorkingHours(models.Model):
    """On that weekday the technician works from `starts` to `ends`, the utility's time. Where a technician has no
    row at all, the usual day counts (`fieldwork.schedule.shifts`)."""

    technician = models.ForeignKey(Technician, on_delete=models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["technician", "weekday"]
        constraints = [
            models.UniqueConstraint(fields=["technician", "weekday"], name="one_shift_per_weekday"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="shift_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M}"


class Absence(models.Model):
    """Days, or half days, on which a technician does not work. Why is nobody's business here."""

    class Part(models.TextChoices):
        ALL_DAY = "all_day", _("All day")
        MORNING = "morning", _("Until noon")
        AFTERNOON = "afternoon", _("From noon")

    technician = models.ForeignKey(Technician, on_delete=models.CASCADE, related_name="absences")
    from_on = models.DateField(_("from"))
    until_on = models.DateField(_("until, this day included"))
    part = models.CharField(_("part of the day"), max_length=10, choices=Part, default=Part.ALL_DAY)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["from_on"]
        constraints = [
            models.CheckConstraint(condition=Q(until_on__gte=F("from_on")), name="absence_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return f"{self.technician} {self.from_on}–{self.until_on}"

    def covers(self, day: date) -> bool:
        return self.from_on <= day <= self.until_on
