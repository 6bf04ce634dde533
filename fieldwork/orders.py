"""Service orders and the planning of their visits (V1, V2, D13)."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import ServiceOrder, SiteVisit, Technician
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app import policies, settlement
from requests_app.clocks import Clocks
from requests_app.enums import EventKind, VisitOutcome
from requests_app.models import MSARequest, VisitRound


def open_order(request: MSARequest, *, by: User | None) -> ServiceOrder:
    """Make the order of the round that is open, with its visit still to be scheduled.

    Runs in the transaction of the event that issued it. The order is due within the 30 business
    days of V2, as this round's clock stands now (D6, D17).
    """
    visit = policies.open_round(request)
    order = ServiceOrder.objects.create(round=visit, issued_by=by, due_on=_due_on(request))
    order.number = f"SO-{order.issued_at.year}-{order.pk:06d}"
    order.save(update_fields=["number"])
    SiteVisit.objects.create(order=order)
    return order


def _due_on(request: MSARequest) -> date:
    """Where the clock of V2 stands: what the customer held does not count (D6)."""
    today = calendar.local_day(timezone.now())
    clocks = Clocks.load(today=today)
    clock = clocks.visit(request)
    return (clock and clock.due_on) or clocks.calendar.add(today, clocks.figures.visit_days)


def schedule(visit: SiteVisit, *, by: User, technician: Technician, on: date, window: str) -> SiteVisit:
    """Plan the visit, or move it to another day, window or technician.

    Moving keeps the status of the request (D13). Raises `Refused` with the field where the day
    cannot be, `Stale` where the visit is not open any more.
    """
    with transaction.atomic():
        request = lock(visit.order.round.request)
        fresh = lock(visit)
        if not by.has_perm("fieldwork.schedule_sitevisit"):
            raise Refused(_("Only a dispatcher schedules visits."), code="not_allowed")
        if fresh.state not in {SiteVisit.State.UNSCHEDULED, SiteVisit.State.SCHEDULED}:
            raise Stale(
                _("This visit is “%(state)s” now, so it cannot be moved.") % {"state": fresh.get_state_display()},
                code="stale",
            )
        _check_day(on)
        if not technician.is_active:
            raise Refused(_("This technician is not active."), code="technician", fields={"technician": ""})
        moved = fresh.state == SiteVisit.State.SCHEDULED
        if moved and (fresh.technician_id, fresh.scheduled_on, fresh.window) == (technician.pk, on, window):
            return fresh
        fresh.technician, fresh.scheduled_on, fresh.window = technician, on, window
        fresh.state = SiteVisit.State.SCHEDULED
        fresh.moves += moved
        fresh.save()
        kind = EventKind.VISIT_MOVED if moved else EventKind.VISIT_SCHEDULED
        settlement.note(
            request,
            kind,
            by=by,
            codes={
                "visit": fresh.pk,
                "on": on.isoformat(),
                "window": window,
                "moves": fresh.moves,
                "technician": technician.pk,
            },
        )
    visit.refresh_from_db()
    return visit


def _check_day(on: date) -> None:
    today = calendar.local_day(timezone.now())
    if on < today:
        raise Refused(_("That day is past. Choose today or a later day."), code="day", fields={"scheduled_on": ""})
    if not calendar.load().is_business_day(on):
        raise Refused(_("That day is not a business day. Choose another."), code="day", fields={"scheduled_on": ""})


def was_given_to(visit: SiteVisit, user: User) -> bool:
    """Whether the visit is that technician's, or was before it was moved to another."""
    technician = Technician.objects.filter(user=user, is_active=True).first()
    if technician is None:
        return False
    if visit.technician_id == technician.pk:
        return True
    plans = (EventKind.VISIT_SCHEDULED, EventKind.VISIT_MOVED)
    events = visit.order.round.request.events.filter(kind__in=plans, codes__visit=visit.pk)
    return events.filter(codes__technician=technician.pk).exists()


def cancel_order(visit_round: VisitRound) -> None:
    """The request was withdrawn: its order and open visit are canceled."""
    for order in ServiceOrder.objects.filter(round=visit_round, state=ServiceOrder.State.OPEN):
        order.state = ServiceOrder.State.CANCELED
        order.save(update_fields=["state", "updated_at"])
        order.visits.open().update(state=SiteVisit.State.CANCELED, closed_at=timezone.now())


def close_order(visit: SiteVisit, outcome: VisitOutcome) -> None:
    """The visit ended at the site: order and visit are closed. Runs in the close-out's transaction."""
    visit.state = SiteVisit.State.CLOSED
    visit.closed_at = timezone.now()
    visit.save(update_fields=["state", "closed_at", "updated_at"])
    ServiceOrder.objects.filter(pk=visit.order_id).update(state=ServiceOrder.State.CLOSED)
