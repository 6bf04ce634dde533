"""Visits as calendar files (RFC 5545): the attachment of a notice, the file behind a link, and a person's feed.

An order keeps one UID through all its days. `SEQUENCE` grows with each move and each cancellation, so that a
calendar that gets the messages in another order still ends with the newest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import CLASS, STATUS, TRANSP, Alarm, Calendar, Event

from fieldwork.models import SiteVisit
from fieldwork.visits import preparation
from msa_portal.business_days.calendar import UTILITY_ZONE
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import Attachment

_HOURS = {SiteVisit.Window.MORNING: (8, 12), SiteVisit.Window.AFTERNOON: (12, 17)}
_PUBLISH, _CANCEL = "PUBLISH", "CANCEL"


def times(on: date, window: str) -> tuple[datetime, datetime]:
    """Beginning and end of the window on that day, aware."""
    starts, ends = _HOURS[SiteVisit.Window(window)]
    return datetime.combine(on, time(starts), UTILITY_ZONE), datetime.combine(on, time(ends), UTILITY_ZONE)


def day_of(visit: SiteVisit) -> date:
    """The visit's day. Raises `ValueError` for a visit that has none."""
    if visit.scheduled_on is None:
        raise ValueError("a visit without a day")
    return visit.scheduled_on


def times_of(visit: SiteVisit) -> tuple[datetime, datetime]:
    return times(day_of(visit), visit.window)


def attachment(visit: SiteVisit) -> Attachment:
    """The visit as it is planned now, for the message that tells of it."""
    return Attachment("visit.ics", f"text/calendar; method={_PUBLISH}", file(visit))


def cancellation(visit: SiteVisit, *, on: date, window: str, moves: int) -> Attachment:
    """Takes the day that was told last out of the calendar; `moves` as it was then."""
    event = _event(visit, on, window, sequence=2 * moves + 1)
    event.stamp, event.status = timezone.now(), STATUS.CANCELLED
    return Attachment("visit-canceled.ics", f"text/calendar; method={_CANCEL}", _text([event], _CANCEL))


def file(visit: SiteVisit) -> str:
    return _text([_planned(visit)], _PUBLISH)


def feed(visits: Iterable[SiteVisit]) -> str:
    """A calendar to subscribe to: it has no method. The same visits give the same bytes."""
    return _text([_planned(visit) for visit in visits], "")


def _planned(visit: SiteVisit) -> Event:
    prepared = preparation.preparation_for(visit.order.round.msa_request)
    event = _event(visit, day_of(visit), visit.window, sequence=2 * visit.moves)
    event.stamp = visit.published_at or visit.updated_at
    event.status = STATUS.CONFIRMED
    event.description = "\n".join(_in_words(prepared))
    if visit.state == SiteVisit.State.SCHEDULED:
        event.add_component(Alarm.new_display(str(event.summary), timedelta(days=-1)))
    return event


def _event(visit: SiteVisit, on: date, window: str, *, sequence: int) -> Event:
    """Times are given in UTC, which no calendar program misreads."""
    msa_request = visit.order.round.msa_request
    starts, ends = times(on, window)
    return Event.new(
        uid=f"{visit.order.number}@{settings.PUBLIC_HOST}",
        sequence=sequence,
        start=starts.astimezone(UTC),
        end=ends.astimezone(UTC),
        summary=_("Meter technician's visit, %(reference)s") % {"reference": msa_request.reference},
        location=msa_request.full_address if msa_request.street else None,
        url=absolute(f"/requests/{msa_request.reference}/"),
        transparency=TRANSP.TRANSPARENT,  # nobody has to be at home
        classification=CLASS.PRIVATE,
    )


def _in_words(prepared: preparation.Preparation) -> Iterable[str]:
    yield _("The technician begins within this time. Nobody has to be at home.")
    yield ""
    yield _("What must be ready:")
    yield from (f"- {sentence}" for sentence in prepared.ready)
    if prepared.promised:
        yield ""
        yield _("What you said you would put right by then:")
        yield from (f"- {sentence}" for sentence in prepared.promised)


def _text(events: list[Event], method: str) -> str:
    calendar = Calendar.new(
        prodid="-//MSA Program//Site visits//EN",
        name=_("MSA site visits"),
        uid=f"site-visits@{settings.PUBLIC_HOST}",
        method=method or None,
        subcomponents=events,
    )
    calendar["X-PUBLISHED-TTL"] = "PT4H"
    return calendar.to_ical().decode()
