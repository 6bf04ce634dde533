"""Service orders and the days of their visits (V1, V2, D13): the one door through which a day is published."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork.models import Placement, ServiceOrder, SiteVisit, Technician
from fieldwork.schedule import positions, technician_days
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.db import is_held, lock, take_over
from msa_portal.errors import Refused, Stale
from requests_app import history, program
from requests_app.enums import EventKind, VisitOutcome
from requests_app.lifecycle import policies
from requests_app.models import MSARequest, OutcomeReason, VisitRound
from requests_app.program import Program
from requests_app.status.clocks import Clocks

_SLOT = ("technician", "scheduled_on", "window")
_TOLD = ("published_at", "on_the_way_at", "expected_at")
_WRITTEN = ("state", "moves", *_SLOT, *_TOLD)


class Why(models.TextChoices):
    """Why a visit that the customer knew of was taken off the calendar."""

    REPLANNED = "replanned", gettext_lazy("no technician has time for it on that day")
    CREW = "crew", gettext_lazy("the technician or the vehicle is not available")
    WEATHER = "weather", gettext_lazy("the weather does not allow it")
    CUSTOMER = "customer", gettext_lazy("the day does not suit you")
    DISPUTE = "dispute", gettext_lazy("the payment of the fee is disputed")


def open_order(msa_request: MSARequest, *, by: User | None) -> ServiceOrder:
    """Make the order of the round that is open, with its visit still to be scheduled.

    Runs in the transaction of the event that issued it. The order is due within the 30 business
    days of V2, as this round's clock stands now (D6, D17).
    """
    visit = policies.open_round(msa_request)
    clocks = Clocks.read_with(program.of(msa_request), today=calendar.local_day(timezone.now()))
    order = ServiceOrder.objects.create(round=visit, issued_by=by, due_on=due_on(msa_request, clocks))
    order.number = f"SO-{order.issued_at.year}-{order.pk:06d}"
    positions.fill_in(order)
    order.save(update_fields=["number", *positions.PLACE, "updated_at"])
    SiteVisit.objects.create(order=order)
    return order


def due_on(msa_request: MSARequest, clocks: Clocks) -> date:
    """Where the clock of V2 stands: what the customer held does not count (D6)."""
    clock = clocks.visit(msa_request)
    return (clock and clock.due_on) or clocks.calendar.add(clocks.today, clocks.figures.visit_days)


def schedule(
    visit: SiteVisit,
    *,
    by: User,
    technician: Technician,
    on: date,
    window: str,
    position: int | None = None,
    arrives_at: datetime | None = None,
    minutes: int | None = None,
    drive_seconds: int | None = None,
    drive_meters: int | None = None,
    wished: bool = False,
) -> SiteVisit:
    """Publish the visit's day, or move it to another day, window or technician.

    Moving keeps the status of the request (D13). The board follows; without times the visit takes those that the board
    gives it, as the last stop of its window. `wished`: the customer took a day that they were offered, and the caller
    saw to it that they may. Raises `Refused` with the field where the day cannot be, `Stale` where the visit is not open
    any more.
    """
    with transaction.atomic():
        msa_request, fresh = lock_with_request(visit)
        if not wished and not by.has_perm("fieldwork.schedule_sitevisit"):
            raise Refused(_("Only a dispatcher schedules visits."), code="not_allowed")
        if not fresh.is_movable:
            raise Stale(
                _("This visit is “%(state)s” now, so it cannot be moved.") % {"state": fresh.get_state_display()},
                code="stale",
            )
        settings = program.of(msa_request)
        check_slot(fresh, technician=technician, on=on, window=window, working_days=settings.calendar)
        moved = fresh.state == SiteVisit.State.SCHEDULED
        stays = moved and (fresh.technician_id, fresh.scheduled_on, fresh.window) == (technician.pk, on, window)
        if not stays:
            _write_slot(fresh, technician, on, window)
        placed = _step(fresh, (technician.pk, on), position, settings, by=by)
        times = {"position": position, "arrives_at": arrives_at, "minutes": minutes}
        times |= {"drive_seconds": drive_seconds, "drive_meters": drive_meters}
        _write_times(fresh, placed, times, also=() if stays else _WRITTEN)
        if not stays:
            kind = EventKind.VISIT_MOVED if moved else EventKind.VISIT_SCHEDULED
            history.record_locked(msa_request, kind, by=by, codes=_codes(fresh))
        if arrives_at is None:
            transaction.on_commit(lambda: follow_board([placed.lane_id]))
    take_over(visit, fresh)
    return visit


def lock_with_request(visit: SiteVisit) -> tuple[MSARequest, SiteVisit]:
    """The visit's request and then the visit, each under its lock; order and round are read after that.

    Those that this transaction holds already are gone on with.
    """
    if is_held(visit):
        around = visit.order.round
        if not is_held(around.msa_request):
            around.msa_request = lock(around.msa_request)
        return around.msa_request, visit
    msa_request = lock(MSARequest(pk=_request_id_of(visit)))
    # Order and round are written under the request's lock alone, and so is who the visit is given to.
    fresh = lock(visit, "order__round", "technician")
    fresh.order.round.msa_request = msa_request
    return msa_request, fresh


def _request_id_of(visit: SiteVisit) -> int:
    """It never changes: asked for once for each object."""
    fields = type(visit).order.field, ServiceOrder.round.field
    if fields[0].is_cached(visit) and fields[1].is_cached(visit.order):
        return visit.order.round.msa_request_id
    known: int | None = vars(visit).get("_msa_request_id")
    if known is None:
        rows = SiteVisit.objects.filter(pk=visit.pk)
        known = vars(visit)["_msa_request_id"] = rows.values_list("order__round__msa_request_id", flat=True).get()
    return known


def check_slot(
    visit: SiteVisit,
    *,
    technician: Technician,
    on: date,
    window: str,
    working_days: calendar.BusinessCalendar | None = None,
) -> None:
    """A visit can stand there: a business day from today on, an active technician, a fee that is not in dispute
    (fault 12). Raises `Refused` with the field. `working_days` is the calendar where the caller has it."""
    today = calendar.local_day(timezone.now())
    if on < today:
        raise Refused(_("That day is past. Choose today or a later day."), code="day", fields={"scheduled_on": ""})
    if not (working_days or calendar.load()).is_business_day(on):
        raise Refused(_("That day is not a business day. Choose another."), code="day", fields={"scheduled_on": ""})
    if window not in SiteVisit.Window.values:
        raise Refused(_("Choose morning or afternoon."), code="window", fields={"window": ""})
    if not technician.is_active:
        raise Refused(_("This technician is not active."), code="technician", fields={"technician": ""})
    policies.check_settled(visit.order.round)


def _write_slot(visit: SiteVisit, technician: Technician, on: date, window: str) -> None:
    """A technician on the way to the old day isn't on the way to the new one. Saved with the times (`_write_times`)."""
    visit.moves += visit.state == SiteVisit.State.SCHEDULED
    visit.technician, visit.scheduled_on, visit.window = technician, on, window
    visit.state = SiteVisit.State.SCHEDULED
    visit.published_at, visit.on_the_way_at, visit.expected_at = timezone.now(), None, None


def _step(
    visit: SiteVisit, target: technician_days.Key, position: int | None, settings: Program, *, by: User
) -> Placement:
    """The board shows the visit where it is published now."""
    placed = Placement.objects.filter(visit=visit).select_related("lane").first()
    here = placed and ((placed.lane.technician_id, placed.lane.on), placed.window) == (target, visit.window)
    if placed is None or not here:
        held = technician_days.lock_lanes(
            {target} | ({(placed.lane.technician_id, placed.lane.on)} if placed else set())
        )
        is_new = placed is None
        there = technician_days.put(visit, held[target], visit.window, position, by=by, is_new=is_new)
        technician_days.touch(held.values(), by=by)
        _times, stops = technician_days.retime_stops(held.values(), settings, there if is_new else None)
        return stops[visit.pk]
    return placed


def _write_times(visit: SiteVisit, placed: Placement, times: dict[str, Any], *, also: Iterable[str]) -> None:
    for name in technician_days.TIMES:
        value = times.get(name)
        setattr(visit, name, getattr(placed, name) if value is None else value)
    visit.save(update_fields=[*also, *technician_days.TIMES, "updated_at"])


def _codes(visit: SiteVisit) -> dict[str, object]:
    return {
        "visit": visit.pk,
        "on": visit.scheduled_on.isoformat() if visit.scheduled_on else "",
        "window": visit.window,
        "moves": visit.moves,
        "technician": visit.technician_id,
    }


def follow_board(lane_ids: Iterable[int]) -> None:
    """Stops that are published where they stand take order and times from the board: what changed beside them changes
    theirs. Their customers know day and window, which stay, so nobody is told."""
    ids = list(lane_ids)
    with transaction.atomic():
        rows = SiteVisit.objects.filter(placement__lane__in=ids, state=SiteVisit.State.SCHEDULED)
        visits = list(rows.select_for_update(of=("self",)).order_by("pk"))
        placements = Placement.objects.filter(visit__in=visits).select_related("lane")
        by_visit = {placement.visit_id: placement for placement in placements}
        changed = [visit for visit in visits if (placed := by_visit.get(visit.pk)) and _takes_times(visit, placed)]
        SiteVisit.objects.bulk_update(changed, technician_days.TIMES, batch_size=500)


def _takes_times(visit: SiteVisit, placed: Placement) -> bool:
    """Whether the board's times are others than the visit's; it has the board's then."""
    published = (visit.technician_id, visit.scheduled_on, visit.window)
    if published != (placed.lane.technician_id, placed.lane.on, placed.window):
        return False
    if all(getattr(visit, name) == getattr(placed, name) for name in technician_days.TIMES):
        return False
    for name in technician_days.TIMES:
        setattr(visit, name, getattr(placed, name))
    return True


def unschedule(visit: SiteVisit, *, by: User, why: str) -> SiteVisit:
    """Take the visit off the calendar: it waits to be planned again, and the customer is told.

    `why` is one of `Why`. A later schedule is told as a new day. Raises `Stale` where the visit is not scheduled.
    """
    with transaction.atomic():
        msa_request = lock(visit.order.round.msa_request)
        fresh = lock(visit)
        if not by.has_perm("fieldwork.schedule_sitevisit"):
            raise Refused(_("Only a dispatcher schedules visits."), code="not_allowed")
        if fresh.state != SiteVisit.State.SCHEDULED:
            raise Stale(
                _("This visit is “%(state)s” now, so there is no day to cancel.")
                % {"state": fresh.get_state_display()},
                code="stale",
            )
        _take_off(msa_request, fresh, EventKind.VISIT_CANCELED, {"why": Why(why).value}, by=by)
    visit.refresh_from_db()
    return visit


def put_back(
    visit: SiteVisit, *, by: User, reason: OutcomeReason, on: date | None = None, act: UUID | None = None
) -> SiteVisit:
    """Nobody can go to the site: its technician gives the visit back to dispatch, and the customer is told (D13).

    `reason` is one of those without somebody at the site. Sent twice, the second is `Stale`, like for a visit that was
    begun, moved to another technician, or isn't on the day `on` any longer. `act` names the tap on a phone in the
    record.
    """
    with transaction.atomic():
        msa_request = lock(visit.order.round.msa_request)
        fresh = lock(visit)
        if reason.at_site:
            raise Refused(
                _("With this reason somebody was at the site. Close the visit out instead."), code="was_at_site"
            )
        if fresh.state != SiteVisit.State.SCHEDULED or fresh.technician is None or fresh.technician.user_id != by.pk:
            raise Stale(
                _("This visit is “%(state)s” now. Look at your day again.") % {"state": fresh.get_state_display()},
                code="stale",
            )
        if on is not None and fresh.scheduled_on != on:
            raise Stale(
                _("This visit is on %(day)s now, so it wasn't given back. Look at your day again.")
                % {"day": formats.day(fresh.scheduled_on) if fresh.scheduled_on else "–"},
                code="moved",
            )
        why: dict[str, object] = {"reason": reason.code}
        if act is not None:
            why["act"] = str(act)
        _take_off(msa_request, fresh, EventKind.VISIT_PUT_BACK, why, by=by)
    visit.refresh_from_db()
    return visit


def _take_off(msa_request: MSARequest, visit: SiteVisit, kind: EventKind, why: dict[str, object], *, by: User) -> None:
    codes: dict[str, object] = {"visit": visit.pk, "moves": visit.moves, "technician": visit.technician_id}
    _clear_slot(visit)
    technician_days.take_off([visit], by=by)
    history.record_locked(msa_request, kind, by=by, codes=codes | why)


def _clear_slot(visit: SiteVisit) -> None:
    """`moves` grows, so that the next day is news, whatever it is."""
    visit.state, visit.is_fixed = SiteVisit.State.UNSCHEDULED, False
    visit.technician, visit.scheduled_on, visit.window = None, None, ""
    visit.moves += 1
    for name in (*_TOLD, *technician_days.TIMES):
        setattr(visit, name, None)
    visit.save(update_fields=["state", "is_fixed", "moves", *_SLOT, *_TOLD, *technician_days.TIMES, "updated_at"])


def was_given_to(visit: SiteVisit, user: User) -> bool:
    """Whether the visit is that technician's, or was before it was moved to another."""
    technician = Technician.objects.filter(user=user, is_active=True).first()
    if technician is None:
        return False
    if visit.technician_id == technician.pk:
        return True
    plans = (EventKind.VISIT_SCHEDULED, EventKind.VISIT_MOVED)
    events = visit.order.round.msa_request.events.filter(kind__in=plans, codes__visit=visit.pk)
    return events.filter(codes__technician=technician.pk).exists()


def cancel_order(visit_round: VisitRound) -> None:
    """The request was withdrawn: its order and open visit are canceled, and leave the board."""
    for order in ServiceOrder.objects.filter(round=visit_round, state=ServiceOrder.State.OPEN):
        order.state = ServiceOrder.State.CANCELED
        order.save(update_fields=["state", "updated_at"])
        open_visits = [lock(visit) for visit in order.visits.open().order_by("pk")]
        for visit in open_visits:
            visit.state, visit.closed_at = SiteVisit.State.CANCELED, timezone.now()
            visit.save(update_fields=["state", "closed_at", "updated_at"])
        technician_days.take_off(open_visits, by=None)


def close_order(visit: SiteVisit, outcome: VisitOutcome) -> None:
    """The visit ended at the site: order and visit are closed. Runs in the close-out's transaction."""
    visit.state = SiteVisit.State.CLOSED
    visit.closed_at = timezone.now()
    visit.save(update_fields=["state", "closed_at", "updated_at"])
    visit.order.state = ServiceOrder.State.CLOSED
    visit.order.save(update_fields=["state", "updated_at"])
