"""Another day at the customer's wish: once for each order, without a fee, until two business days before."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork import notices
from fieldwork.day_changes import offers, unsuitable_days
from fieldwork.models import DayChange, SiteVisit, Technician
from fieldwork.visits import day_change_rules, orders
from fieldwork.visits.calendars import day_of
from fieldwork.visits.day_change_rules import Half
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app import history, permissions
from requests_app.enums import EventKind
from requests_app.models import MSARequest

_State = DayChange.State


def choose(msa_request: MSARequest, *, on: date, window: str, by: User) -> SiteVisit:
    """Move the visit to a half day that was offered, at once. The status of the request stays (D13).

    The same click twice moves once. Raises `Stale` (code "taken") where somebody else took the place meanwhile, and
    `Refused` where the day cannot be changed (any more).
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        permissions.check_acts_for(by, fresh)
        visit = _locked_visit(fresh)
        wish = day_change_rules.day_change(visit.order)
        if wish is not None and (wish.state, wish.to_on, wish.to_window) == (_State.MOVED, on, window):
            return visit
        day_change_rules.check_changeable(visit)
        offer = offers.hold(visit, on, window)
        if offer is None:
            raise Stale(
                _("This time was taken in the meantime. Your visit stays as it was. Choose another one."), code="taken"
            )
        _write(visit, by=by, state=_State.MOVED, to_on=on, to_window=window, answered_at=timezone.now())
        orders.schedule(
            visit,
            by=by,
            technician=Technician.objects.get(pk=offer.technician),
            on=on,
            window=window,
            position=offer.position,
            wished=True,
        )
    return visit


def ask(msa_request: MSARequest, halves: Collection[Half], *, by: User) -> DayChange:
    """None of the offers suits: dispatch is asked for another day, with the half days that do not suit.

    The visit keeps its day until it is moved. Asking again while the wish is open changes nothing.
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        permissions.check_acts_for(by, fresh)
        visit = _locked_visit(fresh)
        wish = day_change_rules.day_change(visit.order)
        if wish is not None and wish.state == _State.OPEN:
            return wish
        day_change_rules.check_changeable(visit)
        here = (visit.scheduled_on, visit.window)
        others = [half for half in halves if half != here]
        unsuitable_days.replace(visit, unsuitable_days.check(visit, others), by=by)
        made = _write(visit, by=by, state=_State.OPEN)
        notices.day_change_asked(made)
    return made


def _locked_visit(msa_request: MSARequest) -> SiteVisit:
    visit = day_change_rules.open_visit(msa_request)
    if visit is None:
        raise Refused(_("No visit is planned now."), code="no_day")
    return lock(visit)


def _write(visit: SiteVisit, *, by: User, **fields: object) -> DayChange:
    wish = DayChange.objects.create(
        order=visit.order, visit=visit, was_on=day_of(visit), was_window=visit.window, asked_by=by, **fields
    )
    codes = {"visit": visit.pk, "answer": str(wish.state)}
    history.record_locked(visit.order.round.msa_request, EventKind.DAY_CHANGE_ASKED, by=by, codes=codes)
    return wish
