"""Tells of a visit's day, its moves, its end and its arrival, in the transaction of that event."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from fieldwork import notices
from fieldwork.models import SiteVisit, VisitPhoto
from requests_app import events
from requests_app.models import MSARequest, RequestEvent
from requests_app.notices import connect as connect_notices
from requests_app.notices import upload_removed
from requests_app.signals import file_infected

# These tell the customer a day; the other events cancel the day they were told.
_PLANNED = events.told_by("visit_scheduled", "visit_moved")
_ENDED = events.told_by("visit_canceled")


def connect() -> None:
    connect_notices("fieldwork")
    file_infected.connect(tell_of_infected, sender=VisitPhoto, dispatch_uid="fieldwork.notices.infected")


def visit_scheduled(msa_request: MSARequest, event: RequestEvent) -> None:
    """A visit that was never moved nor taken off its day has not been told of before."""
    if event.codes["moves"] == 0 or not _only_technician_changed(msa_request, event):
        notices.visit_scheduled(_visit(event.codes["visit"], msa_request))


def visit_moved(msa_request: MSARequest, event: RequestEvent) -> None:
    if not _only_technician_changed(msa_request, event):
        notices.visit_moved(_visit(event.codes["visit"], msa_request))


def visit_canceled(msa_request: MSARequest, event: RequestEvent) -> None:
    """The one visit that the event names, or the planned one that ended with the request."""
    if "visit" in event.codes:
        _tell_of_end(msa_request, event, event.codes["visit"], withdrawn=False)
        return
    for visit in SiteVisit.objects.filter(
        order__round__msa_request=msa_request, state=SiteVisit.State.CANCELED, scheduled_on__isnull=False
    ):
        _tell_of_end(msa_request, event, visit.pk, withdrawn=True)


def visit_on_the_way(msa_request: MSARequest, event: RequestEvent) -> None:
    notices.visit_on_the_way(
        _visit(event.codes["visit"], msa_request), datetime.fromisoformat(event.codes["expected_at"])
    )


def _visit(pk: int, msa_request: MSARequest) -> SiteVisit:
    """Of that request, which goes on as the event's transaction holds it."""
    visit = SiteVisit.objects.select_related("order__round", "order__day_change").get(pk=pk)
    visit.order.round.msa_request = msa_request
    return visit


def _told_last(msa_request: MSARequest, event: RequestEvent, visit: int) -> RequestEvent | None:
    """The day that people believe in before this event; None where they know of none."""
    kinds = _PLANNED | _ENDED
    last = msa_request.events.filter(kind__in=kinds, sequence__lt=event.sequence, codes__visit=visit).last()
    return last if last is not None and last.kind in _PLANNED else None


def _only_technician_changed(msa_request: MSARequest, event: RequestEvent) -> bool:
    """The customer was told of this very day and window already."""
    told = _told_last(msa_request, event, event.codes["visit"])
    return told is not None and all(told.codes[part] == event.codes[part] for part in ("on", "window"))


def _tell_of_end(msa_request: MSARequest, event: RequestEvent, visit: int, *, withdrawn: bool) -> None:
    told = _told_last(msa_request, event, visit)
    if told is not None:
        notices.visit_canceled(
            _visit(visit, msa_request),
            on=date.fromisoformat(told.codes["on"]),
            window=told.codes["window"],
            moves=told.codes["moves"],
            withdrawn=withdrawn,
        )


def tell_of_infected(sender: Any, row: VisitPhoto, msa_request: MSARequest, **_kwargs: Any) -> None:
    technician = row.close_out.by.user
    upload_removed(msa_request, key=f"visit:{row.pk}", file_name=_("a photo of the site visit"), sender=technician)
