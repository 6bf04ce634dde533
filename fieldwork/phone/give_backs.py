"""A visit that nobody can go to comes back from a phone, perhaps hours later, perhaps more than once (D13)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from fieldwork.models import SiteVisit
from fieldwork.visits import orders
from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app.enums import EventKind
from requests_app.models import OutcomeReason


def give_back(visit: SiteVisit, *, by: User, reason: OutcomeReason, on: date, act: UUID) -> SiteVisit:
    """As `orders.put_back`. The same tap again changes nothing, whatever became of the visit since; a visit that is on
    another day than the technician saw is `Stale`."""
    try:
        return orders.put_back(visit, by=by, reason=reason, on=on, act=act)
    except Refused:
        events = visit.order.round.msa_request.events.filter(kind=EventKind.VISIT_PUT_BACK)
        if not events.filter(codes__visit=visit.pk, codes__act=str(act)).exists():
            raise
    visit.refresh_from_db()
    return visit
