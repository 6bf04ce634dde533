"""What stands before every change of the board: who may, whether the visit can still move, whether the picture is fresh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from fieldwork.models import Lane, SiteVisit
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.errors import Refused, Stale


@dataclass(frozen=True)
class Seen:
    """A lane as the dispatcher saw it; version 0 where nothing was ever placed in it."""

    technician: int
    on: date
    version: int


def check_may(by: User) -> None:
    if not by.has_perm("fieldwork.schedule_sitevisit"):
        raise Refused(_("Only a dispatcher plans visits."), code="not_allowed")


def check_movable(visit: SiteVisit) -> None:
    if not visit.is_movable:
        raise Stale(
            _("This visit is “%(state)s” now, so it cannot be moved.") % {"state": visit.get_state_display()},
            code="stale",
        )


def check_seen(held: Iterable[Lane], seen: Iterable[Seen]) -> None:
    """Each lane is as it was seen; one that was not seen at all counts as empty."""
    versions = {(lane.technician, lane.on): lane.version for lane in seen}
    for lane in held:
        if lane.version != versions.get((lane.technician_id, lane.on), 0):
            raise Stale(changed_meanwhile(lane), code="stale")


def changed_meanwhile(lane: Lane) -> str:
    """Who changed that lane, and when (fault 15)."""
    values = {"technician": lane.technician, "day": formats.day(lane.on)}
    if lane.changed_at is None:
        return _("%(technician)s's %(day)s changed meanwhile. Look at the board again.") % values
    values |= {"who": lane.changed_by or _("The portal"), "time": formats.time_of_day(lane.changed_at)}
    return _("%(who)s changed %(technician)s's %(day)s at %(time)s. Look at the board again.") % values
