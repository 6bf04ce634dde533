"""Visits that a rule, learned after their order was issued, speaks against: dispatch looks before a van rolls."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from fieldwork.models import SiteVisit
from requests_app.enums import EventKind
from requests_app.models import MSARequest, RequestEvent


def held(visits: QuerySet[SiteVisit]) -> QuerySet[SiteVisit]:
    """Those still open. An order that staff issued after the rule is theirs to answer for, and not among them."""
    rule_came = RequestEvent.objects.filter(
        msa_request=OuterRef("order__round__msa_request"),
        kind=EventKind.PANEL_RULE_ADDED,
        codes__blocks=True,
        at__gte=OuterRef("order__issued_at"),
    )
    return visits.filter(state__in=SiteVisit.OPEN_STATES).filter(Exists(rule_came))


def not_ruled_out(requests: QuerySet[MSARequest]) -> QuerySet[MSARequest]:
    """Without those that a rule speaks against since they wait: no timer sends a van there."""
    rule_came = RequestEvent.objects.filter(
        msa_request=OuterRef("pk"),
        kind=EventKind.PANEL_RULE_ADDED,
        codes__blocks=True,
        at__gte=OuterRef("waiting_since"),
    )
    return requests.exclude(Exists(rule_came))


def open_visits_of(requests: Iterable[MSARequest]) -> list[SiteVisit]:
    """One query: the planned ones first, by day."""
    visits = SiteVisit.objects.open().filter(order__round__msa_request__in=list(requests))
    return list(visits.select_related("order__round__msa_request", "technician__user").order_by("scheduled_on", "pk"))
