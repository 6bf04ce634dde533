"""A technician's day, as the page and as the phone's sync: the queries do not grow with visits or technicians."""

from __future__ import annotations

from datetime import date
from functools import partial

from django.core.handlers.wsgi import WSGIHandler
from django.urls import reverse
from django.utils import timezone

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.business_days import calendar
from tests import factories
from tests.benchmarks import pages
from tests.benchmarks.measure import Case

VISITS = 20  # on one technician's day, while as many others have theirs


def cases() -> list[Case]:
    handler, on = WSGIHandler(), calendar.load().add(calendar.local_day(timezone.now()), 1)
    lone, busy = technician("B-1"), technician("B-2")
    plan(lone, on)
    for number in range(VISITS):
        plan(busy, on)
        plan(technician(f"B-{number + 3}"), on)
    rows = [
        ("day_1", "Technician's day page, 1 visit", "fieldwork:day", lone),
        ("day_many", f"Technician's day page, {VISITS} visits", "fieldwork:day", busy),
        ("sync_1", "Phone's sync, 1 visit", "fieldwork:api_day", lone),
        ("sync_many", f"Phone's sync, {VISITS} visits", "fieldwork:api_day", busy),
    ]
    return [Case(name, title, opened(handler, route, who, on), against=pages.BARE) for name, title, route, who in rows]


def opened(handler: WSGIHandler, route: str, who: Technician, on: date) -> partial[bytes]:
    return partial(pages.call, handler, reverse(route), pages.cookie_of(who.user), QUERY_STRING=f"on={on}")


def technician(number: str) -> Technician:
    return Technician.objects.create(user=factories.technician(), employee_number=number)


def plan(who: Technician, on: date) -> None:
    visit = SiteVisit.objects.get(order__round__msa_request=factories.ordered())
    orders.schedule(visit, by=factories.dispatcher(), technician=who, on=on, window="morning")
