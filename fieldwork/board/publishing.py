"""What publishing tells, in words: before it is done, and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fieldwork.models import SiteVisit
from fieldwork.planning import board, words
from fieldwork.planning.publication import Difference, Kind
from fieldwork.schedule.facts import Slot
from msa_portal import formats

_FAILURES_SHOWN = 5


@dataclass(frozen=True)
class Change:
    """A line of the list: what was, what will be, and what the customer is told."""

    visit: SiteVisit
    kind: Kind
    kind_text: str
    was: str
    now: str
    told: str


def changes(from_on: date, until_on: date) -> list[Change]:
    """By day, then by visit. The number of queries is fixed."""
    differences = board.differences(from_on, until_on)
    slots = [slot for difference in differences for slot in (difference.was, difference.now) if slot]
    people = words.names_of_technicians({slot.technician for slot in slots})
    differences.sort(key=lambda difference: (difference.on, difference.visit.pk))
    return [_change(difference, people) for difference in differences]


def untold_count(from_on: date, until_on: date) -> int:
    """How many lines `changes` has, read lightly: the board asks after each move. One query."""
    between = (from_on, until_on)
    on_board = Q(placement__lane__on__range=between)
    told = Q(state=SiteVisit.State.SCHEDULED, scheduled_on__range=between)
    rows = SiteVisit.objects.filter(
        on_board | told, state__in=[SiteVisit.State.UNSCHEDULED, SiteVisit.State.SCHEDULED]
    )
    placed = ("placement__lane__technician", "placement__lane__on", "placement__window")
    slots = rows.values_list("state", "technician", "scheduled_on", "window", *placed)
    nowhere = (None, None, None)
    return sum(
        (tuple(slot[1:4]) if slot[0] == SiteVisit.State.SCHEDULED else nowhere) != tuple(slot[4:]) for slot in slots
    )


def _change(difference: Difference, people: dict[int, str]) -> Change:
    names = {
        Kind.NEW: _("New"),
        Kind.MOVED: _("Moved"),
        Kind.TECHNICIAN: _("Other technician"),
        Kind.REMOVED: _("Taken off"),
    }
    return Change(
        difference.visit,
        difference.kind,
        names[difference.kind],
        _slot(difference.was, people),
        _slot(difference.now, people),
        _told(difference),
    )


def _slot(slot: Slot | None, people: dict[int, str]) -> str:
    if slot is None:
        return _("Not planned")
    return f"{_when(slot)} · {people.get(slot.technician, '?')}"


def _when(slot: Slot) -> str:
    return f"{formats.day(slot.on)}, {SiteVisit.Window(slot.window).label}"


def _told(difference: Difference) -> str:
    """The customer, and the agent where there is one."""
    if difference.kind == Kind.TECHNICIAN:
        return _("Nothing: day and window stay")
    if difference.now is None:
        return _("The day is called off, a new one follows")
    if difference.kind == Kind.NEW:
        return _("The visit is on %(when)s") % {"when": _when(difference.now)}
    return _("The visit moved to %(when)s") % {"when": _when(difference.now)}


def tell_outcome(request: HttpRequest, done: board.Published) -> None:
    """The message after publishing, and what did not work, with why."""
    if done.done:
        said = ngettext("%(count)s visit published", "%(count)s visits published", done.done) % {"count": done.done}
        counts = [
            (done.new, _("%(count)s new")),
            (done.moved, _("%(count)s moved")),
            (done.technician, _("%(count)s with another technician")),
            (done.removed, _("%(count)s taken off")),
        ]
        parts = ", ".join(words_ % {"count": count} for count, words_ in counts if count)
        messages.success(
            request, _("%(said)s: %(parts)s. The customers are told now.") % {"said": said, "parts": parts}
        )
    elif not done.failed:
        messages.info(request, _("There was nothing to publish: the customers know all of it."))
    for visit, why in done.failed[:_FAILURES_SHOWN]:
        messages.error(request, _("%(visit)s was not published. %(why)s") % {"visit": visit.order, "why": why})
    if len(done.failed) > _FAILURES_SHOWN:
        more = len(done.failed) - _FAILURES_SHOWN
        words_ = ngettext("%(count)s more was not published.", "%(count)s more were not published.", more)
        messages.error(request, words_ % {"count": more})
