"""The visits made in a period, with all that the figures need: four queries, however many there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db import models
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork.learning import device_history
from fieldwork.models import CloseOut, SiteVisit
from msa_portal.business_days.calendar import UTILITY_ZONE
from requests_app.enums import VisitOutcome
from requests_app.models import Product

# On site and closed at once: the report came later, out of the phone's outbox, and nobody knows when they came.
_AT_ONCE = timedelta(minutes=1)
_ENDS = {SiteVisit.Window.MORNING: time(12), SiteVisit.Window.AFTERNOON: time(17)}


class By(models.TextChoices):
    """What the figures are told apart by."""

    TECHNICIAN = "technician", gettext_lazy("Technician")
    DISTRICT = "district", gettext_lazy("District")
    DEVICE = "device", gettext_lazy("Device")
    COMPANY = "company", gettext_lazy("Company")


class Group(NamedTuple):
    """Two of one name stay two."""

    pk: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """A visit that was made. Times late are minutes; None where nobody knows when they came, or nothing was planned."""

    visit: int
    on: date
    technician: int
    groups: dict[str, Group]
    is_first: bool
    succeeded: bool
    reasons: tuple[str, ...]
    drive_seconds: int | None
    drive_meters: int | None
    minutes_late: float | None
    in_window: bool | None


_FIELDS = {
    "visit_id": F("visit_id"),
    "result": F("outcome"),
    "closed_at": F("visit__closed_at"),
    "on_site_at": F("visit__on_site_at"),
    "arrives_at": F("visit__arrives_at"),
    "window": F("visit__window"),
    "technician": F("visit__technician_id"),
    "technician_name": F("visit__technician__user__name"),
    "district": F("visit__order__district_id"),
    "district_name": F("visit__order__district__name"),
    "msa_request": F("visit__order__round__msa_request_id"),
    "number": F("visit__order__round__number"),
    "device": F("visit__order__round__msa_request__device_id"),
    "request_type": F("visit__order__round__msa_request__request_type"),
    "company": F("visit__order__round__msa_request__agent_company_id"),
    "company_name": F("visit__order__round__msa_request__agent_company__name"),
    "seconds": F("visit__drive_seconds"),
    "meters": F("visit__drive_meters"),
}


def load(from_on: date, until_on: date) -> list[Made]:
    """The visits closed on these days of the utility, both included, oldest first."""
    begins = datetime.combine(from_on, time(), UTILITY_ZONE)
    ends = datetime.combine(until_on + timedelta(days=1), time(), UTILITY_ZONE)
    reports = CloseOut.objects.filter(accepted=True, visit__closed_at__gte=begins, visit__closed_at__lt=ends)
    reasons: dict[int, list[str]] = defaultdict(list)
    links = CloseOut.reasons.through.objects.filter(closeout__in=reports).order_by("outcomereason__position")
    for visit, title in links.values_list("closeout__visit_id", "outcomereason__title"):
        reasons[visit].append(title)
    then = device_history.load()
    names = {product.pk: str(product) for product in Product.objects.only("manufacturer", "model")}
    values = {f"{name}_": field for name, field in _FIELDS.items()}
    rows = reports.order_by("visit__closed_at", "pk").annotate(**values).values(*values)
    return [_made({key[:-1]: value for key, value in row.items()}, reasons, then, names) for row in rows]


def _made(
    row: dict[str, Any], reasons: dict[int, list[str]], then: device_history.Devices, names: dict[int, str]
) -> Made:
    device = then.of(row["msa_request"], row["number"], row["device"])
    came = row["on_site_at"]
    if came is not None and row["closed_at"] - came < _AT_ONCE:
        came = None
    return Made(
        visit=row["visit_id"],
        on=row["closed_at"].astimezone(UTILITY_ZONE).date(),
        technician=row["technician"],
        groups={
            By.TECHNICIAN: Group(row["technician"], row["technician_name"]),
            By.DISTRICT: Group(row["district"], row["district_name"] or _("No district")),
            By.DEVICE: Group(device, names.get(device, _("No device")) if device else _("No device")),
            By.COMPANY: Group(row["company"], row["company_name"] or _("No agent")),
        },
        is_first=row["number"] == 1,
        succeeded=row["result"] == VisitOutcome.COMPLETE,
        reasons=tuple(reasons.get(row["visit_id"], ())),
        drive_seconds=row["seconds"],
        drive_meters=row["meters"],
        minutes_late=_minutes_late(came, row["arrives_at"]),
        in_window=_in_window(came, row["window"]),
    )


def _minutes_late(came: datetime | None, planned: datetime | None) -> float | None:
    """Nobody is late who comes early."""
    return None if came is None or planned is None else max((came - planned).total_seconds() / 60, 0)


def _in_window(came: datetime | None, window: str) -> bool | None:
    """Not after the half day that the customer was told: one who comes early keeps nobody waiting."""
    if came is None or window not in _ENDS:
        return None
    return came.astimezone(UTILITY_ZONE).time() <= _ENDS[SiteVisit.Window(window)]
