"""Tells of a visit that was scheduled or moved, in the transaction of that event."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from fieldwork import notices
from fieldwork.models import SiteVisit, VisitPhoto
from requests_app.enums import EventKind
from requests_app.models import MSARequest, RequestEvent
from requests_app.notices import upload_removed
from requests_app.signals import event_recorded, file_infected

NOTICES = {
    EventKind.VISIT_SCHEDULED: notices.visit_scheduled,
    EventKind.VISIT_MOVED: notices.visit_moved,
}


def connect() -> None:
    event_recorded.connect(tell, dispatch_uid="fieldwork.notices")
    file_infected.connect(tell_of_infected, sender=VisitPhoto, dispatch_uid="fieldwork.notices.infected")


def tell(request: MSARequest, event: RequestEvent, **_kwargs: Any) -> None:
    notice = NOTICES.get(EventKind(event.kind))
    if notice is not None and not _only_technician_changed(request, event):
        notice(SiteVisit.objects.select_related("order__round__request").get(pk=event.codes["visit"]))


def _only_technician_changed(request: MSARequest, event: RequestEvent) -> bool:
    """The customer was told of this very day and window already."""
    told = request.events.filter(kind__in=NOTICES, sequence__lt=event.sequence).last()
    return told is not None and all(told.codes[part] == event.codes[part] for part in ("visit", "on", "window"))


def tell_of_infected(sender: Any, row: VisitPhoto, request: MSARequest, **_kwargs: Any) -> None:
    technician = row.close_out.by.user
    upload_removed(request, key=f"visit:{row.pk}", file_name=_("a photo of the site visit"), sender=technician)
