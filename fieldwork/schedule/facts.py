"""What planning reads, in a fixed number of queries whatever the number of visits and technicians."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from fieldwork import learning
from fieldwork.models import Absence, DayChange, Placement, ServiceOrder, SiteVisit, Skill
from fieldwork.schedule import durations, shifts
from fieldwork.schedule.shifts import Rota
from msa_portal.business_days.calendar import local_day
from requests_app import program

SiteVisitRows = QuerySet[SiteVisit]
Lane = tuple[int, date]


@dataclass(frozen=True)
class Slot:
    """Where a visit stands: who, when, and which half of the day."""

    technician: int
    on: date
    window: str


@dataclass(frozen=True)
class SkillNeeds:
    by_type: dict[str, frozenset[str]]
    by_device: dict[int, frozenset[str]]

    @classmethod
    def load(cls) -> SkillNeeds:
        types: dict[str, set[str]] = {}
        devices: dict[int, set[str]] = {}
        for skill in Skill.objects.prefetch_related("devices"):
            for kind in skill.request_types:
                types.setdefault(kind, set()).add(skill.code)
            for device in skill.devices.all():
                devices.setdefault(device.pk, set()).add(skill.code)
        return cls(
            {kind: frozenset(codes) for kind, codes in types.items()},
            {device: frozenset(codes) for device, codes in devices.items()},
        )

    def of(self, visit: SiteVisit) -> frozenset[str]:
        msa_request = visit.order.round.msa_request
        device = self.by_device.get(msa_request.device_id, frozenset()) if msa_request.device_id else frozenset()
        return self.by_type.get(msa_request.request_type, frozenset()) | device


@dataclass(frozen=True)
class Facts:
    today: date
    rota: Rota
    visits: tuple[SiteVisit, ...]
    minutes: dict[int, int]
    needs: SkillNeeds
    # A rule that was learned since their order was issued speaks against them: dispatch looks first.
    held: frozenset[int] = frozenset()


def load(
    from_on: date,
    until_on: date,
    visits: Iterable[SiteVisit] | None = None,
    *,
    lanes: Collection[Lane] = (),
    settings: program.Program | None = None,
) -> Facts:
    """`visits` None: all that may be planned into these days. Those given are read anew with all that belongs to them.

    `lanes`: technicians' days that count whoever works on them.
    """
    today = local_day(timezone.now())
    rows = SiteVisit.objects.all() if visits is not None else candidates(from_on, until_on, today=today)
    if visits is not None:
        rows = rows.filter(pk__in=[visit.pk for visit in visits])
    fresh = tuple(with_relations(rows).order_by("pk"))
    busy = {slot.technician for visit in fresh for slot in (board_slot(visit), published_slot(visit)) if slot}
    busy |= {technician for technician, _on in lanes}
    settings = settings or program.load()
    rota = shifts.load(
        from_on, until_on, also=busy, days_too=[on for _technician, on in lanes], calendar=settings.calendar
    )
    minutes = durations.minutes_for(fresh, usual=settings.figures.visit_minutes)
    return Facts(today, rota, fresh, minutes, SkillNeeds.load(), frozenset() if lanes else _held(fresh))


def _held(visits: Iterable[SiteVisit]) -> frozenset[int]:
    """What stands in lanes stays there whatever was learned: only what is to be planned is asked about."""
    rows = SiteVisit.objects.filter(pk__in=[visit.pk for visit in visits])
    return frozenset(learning.held(rows).values_list("pk", flat=True))


def with_relations(rows: SiteVisitRows) -> SiteVisitRows:
    related = ("order__round__msa_request__device", "order__day_change", "order__district", "placement__lane")
    return rows.select_related(*related).prefetch_related("order__unsuitable_days")


def candidates(from_on: date, until_on: date, *, today: date) -> SiteVisitRows:
    """Open visits that stand nowhere, in these days, or on a day that is past; the board goes before what is published."""
    rows = SiteVisit.objects.open().filter(order__state=ServiceOrder.State.OPEN)
    rows = rows.annotate(stands_on=Coalesce("placement__lane__on", "scheduled_on"))
    late = Q(stands_on__lt=today) & ~Q(state=SiteVisit.State.ON_SITE)
    return rows.filter(Q(stands_on__isnull=True) | Q(stands_on__range=(from_on, until_on)) | late)


def stands_with(technician: int, from_on: date) -> Q:
    """Visits that can move and stand with that technician from that day on; the board goes before what is published."""
    on_board = Q(placement__lane__technician=technician, placement__lane__on__gte=from_on)
    published = Q(placement__isnull=True, technician=technician, scheduled_on__gte=from_on)
    return Q(state__in=[SiteVisit.State.UNSCHEDULED, SiteVisit.State.SCHEDULED]) & (on_board | published)


def placement_of(visit: SiteVisit) -> Placement | None:
    return getattr(visit, "placement", None)


def board_slot(visit: SiteVisit) -> Slot | None:
    """Where it stands on the board; None where it is at the side."""
    placed = placement_of(visit)
    return Slot(placed.lane.technician_id, placed.lane.on, placed.window) if placed else None


def published_slot(visit: SiteVisit) -> Slot | None:
    """Where customer and technician believe it to be."""
    if visit.technician_id is None or visit.scheduled_on is None or visit.state == SiteVisit.State.UNSCHEDULED:
        return None
    return Slot(visit.technician_id, visit.scheduled_on, visit.window)


def open_day_change(order: ServiceOrder) -> DayChange | None:
    wish = getattr(order, "day_change", None)
    return wish if wish is not None and wish.state == DayChange.State.OPEN else None


def suits(order: ServiceOrder, on: date, window: str) -> bool:
    """Whether that half day suits the customer: not named as unsuitable, nor the day from which they asked away."""
    wish = open_day_change(order)
    if wish is not None and wish.was_on == on:
        return False
    whole_day = Absence.Part.ALL_DAY
    return not any(day.on == on and day.part in {whole_day, window} for day in order.unsuitable_days.all())
