"""Queries behind "My requests": what waits for whom, what is late, and pages by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from requests_app import history, program
from requests_app.enums import OWNER_HOLDS, WITH_UTILITY
from requests_app.models import MSARequest, RequestEvent
from requests_app.models.request import MSARequestQuerySet
from requests_app.status.clocks import STARTS, Clocks

PAGE_SIZE = 25
WAITS = ("us", "others", "late")


@dataclass(frozen=True)
class Page:
    """`older` is the key to ask the next page with; None on the last."""

    requests: list[MSARequest]
    older: int | None


def page_of(requests: MSARequestQuerySet, *, before: int | None, size: int = PAGE_SIZE) -> Page:
    """Newest first, by key: a page costs the same however far back it lies."""
    if before is not None:
        requests = requests.filter(pk__lt=before)
    rows = list(requests.order_by("-pk")[: size + 1])
    for row in rows[:1]:
        row.case.read_ahead()
    return Page(rows[:size], rows[size - 1].pk if len(rows) > size else None)


def search(requests: MSARequestQuerySet, text: str) -> MSARequestQuerySet:
    """Every word stands in the reference, the name or the address."""
    for word in text.split()[:8]:
        requests = requests.filter(
            Q(reference__icontains=word)
            | Q(customer_name__icontains=word)
            | Q(street__icontains=word)
            | Q(city__icontains=word)
            | Q(zip_code__startswith=word)
        )
    return requests


def waiting(requests: MSARequestQuerySet, whom: str, user: User, clocks: Clocks) -> MSARequestQuerySet:
    """`us`: the ball is with this person or their company; `others`; or `late`, see `late`."""
    if whom == "us":
        return requests.filter(history.waits_for(user))
    if whom == "others":
        return requests.open().exclude(history.waits_for(user))
    return requests.filter(pk__in=late(requests, clocks)) if whom == "late" else requests


def late(requests: MSARequestQuerySet, clocks: Clocks) -> list[int]:
    """Requests whose day has passed: a person's (D8), or the utility's for the visit (V2).

    Only those whose clock started long enough ago are read with their events.
    """
    overdue = requests.filter(status__in=OWNER_HOLDS, owner_acts_by__lt=clocks.today).values_list("pk", flat=True)
    started = RequestEvent.objects.filter(msa_request=OuterRef("pk"), kind__in=STARTS, at__lt=_long_ago(clocks))
    candidates = requests.filter(Exists(started), status__in=WITH_UTILITY).with_case()
    return [*overdue, *(candidate.pk for candidate in candidates if _visit_is_late(candidate, clocks))]


def _long_ago(clocks: Clocks) -> datetime:
    """As many days ago as the visit's clock has business days: less cannot be late."""
    return timezone.now() - timedelta(days=clocks.figures.visit_days)


def _visit_is_late(msa_request: MSARequest, clocks: Clocks) -> bool:
    clock = clocks.visit(msa_request)
    return clock is not None and clock.is_late(clocks.today)


def clocks_of(msa_request: MSARequest) -> Clocks:
    """What that request's clocks are read with, beside what its rules have read."""
    return Clocks.read_with(program.of(msa_request), today=local_day(timezone.now()))


def load_clocks() -> Clocks:
    return Clocks.load(today=local_day(timezone.now()))
