"""A person's feed of visits, behind an address that nobody guesses and that they can end."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from fieldwork.models import CalendarFeed, SiteVisit
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.notices.links import absolute
from requests_app.models import MSARequest

# A dot parts id and signature, as in the signers' links.
_SIGNER = signing.Signer(salt="fieldwork.customer.feeds", sep=".")
_KEPT = timedelta(days=90)  # how long a past visit stays in the calendar


def renew(*, by: User) -> CalendarFeed:
    """The person's own feed gets an address, or a new one: the one before opens nothing any more."""
    with transaction.atomic():
        feed, created = CalendarFeed.objects.get_or_create(user=by)
        if not created:
            feed = lock(feed)
            feed.generation += 1
            feed.save(update_fields=["generation"])
    return feed


def address(feed: CalendarFeed) -> str:
    return absolute(f"/calendar/{token_for(feed)}.ics")


def token_for(feed: CalendarFeed) -> str:
    return _SIGNER.sign(f"{feed.pk}-{feed.generation}")


def find(token: str) -> CalendarFeed | None:
    """None for a token that we did not make. One that we made and that ended is no guess, but opens nothing either:
    `Http404`, as for somebody whose account was closed."""
    try:
        pk, generation = _SIGNER.unsign(token).split("-")
    except (signing.BadSignature, ValueError):
        return None
    feed = CalendarFeed.objects.filter(pk=pk, generation=generation).select_related("user").first()
    if feed is None or not feed.user.is_active:
        raise Http404
    return feed


def visits_of(user: User) -> list[SiteVisit]:
    """Visits with a day, of the requests that are theirs or that their company acts for. The number of queries is fixed.

    Whoever works for the utility sees all requests; their calendar has only their own.
    """
    since = local_day(timezone.now()) - _KEPT
    rows = SiteVisit.objects.filter(scheduled_on__gte=since).exclude(state=SiteVisit.State.CANCELED)
    rows = rows.filter(order__round__msa_request__in=MSARequest.objects.acted_for_by(user).order_by().values("pk"))
    visits = list(rows.select_related("order__round").order_by("scheduled_on", "pk"))
    visited = MSARequest.objects.filter(pk__in={visit.order.round.msa_request_id for visit in visits})
    requests = {msa_request.pk: msa_request for msa_request in visited.with_case()}
    for visit in visits:
        visit.order.round.msa_request = requests[visit.order.round.msa_request_id]
    return visits
