"""Queries behind "My requests": what waits for whom, what is late, and pages by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from requests_app.enums import OWNER_HOLDS, WITH_UTILITY, AgreementState, Party, Section, Status
from requests_app.models import Agreement, MSARequest, ReadinessStatement, RequestEvent, SignedSection
from requests_app.models.request import MSARequestQuerySet, agent_acts
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
    return Page(rows[:size], rows[size - 1].pk if len(rows) > size else None)


def with_what_a_row_shows(requests: MSARequestQuerySet) -> MSARequestQuerySet:
    """All that `next_step` and `outlook` read, in a number of queries that does not grow."""
    events = RequestEvent.objects.defer("digest", "previous_digest").order_by("sequence")
    return requests.select_related("owner", "agent", "agent_company", "device").prefetch_related(
        Prefetch("agreements", Agreement.objects.current().prefetch_related("signatures")),
        Prefetch("events", events),
        Prefetch("readiness_statements", ReadinessStatement.objects.current()),
        "follow_ups",
    )


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
        return requests.filter(_with_us(user))
    if whom == "others":
        return requests.open().exclude(_with_us(user))
    return requests.filter(pk__in=late(requests, clocks)) if whom == "late" else requests


def _with_us(user: User) -> Q:
    """As `holders.holder_of` has it, in one query (D6)."""
    out = Agreement.objects.filter(msa_request=OuterRef("pk"), state=AgreementState.SIGNING).exclude(
        _signed(Party.CUSTOMER, Section.CUSTOMER_TERMS) & _signed(Party.CUSTOMER, Section.AUTHORIZATION)
    )
    agent_has = _signed(Party.AGENT, Section.AUTHORIZATION) & _signed(Party.AGENT, Section.SUBMITTAL)
    customer_signs = Exists(out.filter(agent_has)) | (~Q(status=Status.UNSUBMITTED) & Exists(out))
    has_agent = agent_acts()
    by_agent = has_agent & Q(agent_company__in=user.company_ids) & ~customer_signs
    by_customer = Q(owner=user) & (~has_agent | customer_signs)
    return Q(status__in=OWNER_HOLDS) & (by_agent | by_customer)


def _signed(party: Party, section: Section) -> Q:
    rows = SignedSection.objects.filter(agreement=OuterRef("pk"), party=party, section=section)
    return Q(Exists(rows))


def late(requests: MSARequestQuerySet, clocks: Clocks) -> list[int]:
    """Requests whose day has passed: a person's (D8), or the utility's for the visit (V2).

    Only those whose clock started long enough ago are read with their events.
    """
    overdue = requests.filter(status__in=OWNER_HOLDS, owner_acts_by__lt=clocks.today).values_list("pk", flat=True)
    started = RequestEvent.objects.filter(msa_request=OuterRef("pk"), kind__in=STARTS, at__lt=_long_ago(clocks))
    candidates = requests.filter(Exists(started), status__in=WITH_UTILITY).prefetch_related("events")
    return [*overdue, *(each.pk for each in candidates if _visit_is_late(each, clocks))]


def _long_ago(clocks: Clocks) -> datetime:
    """As many days ago as the visit's clock has business days: less cannot be late."""
    return timezone.now() - timedelta(days=clocks.figures.visit_days)


def _visit_is_late(msa_request: MSARequest, clocks: Clocks) -> bool:
    clock = clocks.visit(msa_request)
    return clock is not None and clock.is_late(clocks.today)


def load_clocks() -> Clocks:
    return Clocks.load(today=local_day(timezone.now()))
