"""Naming days that do not suit: the planner leaves them out for this order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from fieldwork.models import Absence, SiteVisit, UnsuitableDay
from fieldwork.visits import day_change_rules
from fieldwork.visits.day_change_rules import Half
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import history, permissions
from requests_app.enums import EventKind
from requests_app.models import MSARequest


def name(msa_request: MSARequest, halves: Collection[Half], *, by: User) -> int:
    """These half days take the place of those that were named before. Returns how many are named now.

    Raises `Refused` where too many are named, or the day on which the visit is planned.
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        permissions.check_acts_for(by, fresh)
        visit = day_change_rules.check_nameable(day_change_rules.open_visit(fresh))
        wanted = check(visit, halves)
        replace(visit, wanted, by=by)
    return len(wanted)


def replace(visit: SiteVisit, wanted: Collection[Half], *, by: User) -> None:
    """Under the request's lock. Days outside what can be named now, past ones, stay as they were named."""
    order = visit.order
    days = day_change_rules.nameable(order).days
    if {half for half in day_change_rules.named_halves(order) if half[0] in days} == set(wanted):
        return
    UnsuitableDay.objects.filter(order=order, on__in=days).delete()
    UnsuitableDay.objects.bulk_create(
        UnsuitableDay(order=order, on=on, part=part, named_by=by) for on, part in _parts(wanted).items()
    )
    history.record_locked(
        order.round.msa_request, EventKind.UNSUITABLE_DAYS_NAMED, by=by, codes={"count": len(wanted)}
    )


def check(visit: SiteVisit, halves: Collection[Half]) -> set[Half]:
    can = day_change_rules.nameable(visit.order)
    wanted = {(on, window) for on, window in halves if on in can.days and window in SiteVisit.Window.values}
    if len(wanted) > can.most:
        raise Refused(
            _("Mark at most %(most)s half days, so that enough days remain for the visit.") % {"most": can.most},
            code="too_many",
            fields={"halves": ""},
        )
    if (visit.scheduled_on, visit.window) in wanted:
        raise Refused(
            _("Your visit is planned for one of these half days. Ask for another day instead."),
            code="day_of_the_visit",
            fields={"halves": ""},
        )
    return wanted


def _parts(halves: Collection[Half]) -> dict[date, str]:
    """One row a day: a half of it, or all of it."""
    parts: dict[date, str] = {}
    for on, window in halves:
        parts[on] = Absence.Part.ALL_DAY if on in parts else window
    return parts
