"""How a wish for another day that dispatch was asked for ends: the visit is moved, or keeps its day."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork import notices
from fieldwork.models import DayChange, SiteVisit
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app import history
from requests_app.enums import EventKind
from requests_app.models import MSARequest, RequestEvent

_State = DayChange.State


def keep(wish: DayChange, *, by: User) -> DayChange:
    """Dispatch found no other day: the visit stays where it is, and the customer is told."""
    with transaction.atomic():
        msa_request = lock(wish.order.round.msa_request)
        fresh = lock(wish)
        if not by.has_perm("fieldwork.schedule_sitevisit"):
            raise Refused(_("Only a dispatcher answers this wish."), code="not_allowed")
        if fresh.state != _State.OPEN:
            raise Stale(
                _("This wish was answered meanwhile: “%(state)s”.") % {"state": fresh.get_state_display()},
                code="stale",
            )
        visit = lock(fresh.visit)
        if visit.state != SiteVisit.State.SCHEDULED:
            raise Refused(_("The visit has no day now. Plan it on a day that suits."), code="no_day")
        _answer(fresh, _State.KEPT, by=by)
        codes = {"visit": visit.pk, "answer": str(fresh.state)}
        history.record_locked(msa_request, EventKind.DAY_CHANGE_ANSWERED, by=by, codes=codes)
        notices.day_change_kept(visit)
    return fresh


def settle_by_move(msa_request: MSARequest, event: RequestEvent, *, by: User | None) -> None:
    """The visit was published on another half day: that answers a wish that was open. Under the request's lock.

    Another day is wished for from a day that was published: with its first one there is none.
    """
    if event.codes["moves"] == 0:
        return
    wish = DayChange.objects.filter(visit=event.codes["visit"], state=_State.OPEN).first()
    on, window = date.fromisoformat(event.codes["on"]), event.codes["window"]
    if wish is None or (wish.was_on, wish.was_window) == (on, window):
        return
    wish.to_on, wish.to_window = on, window
    _answer(wish, _State.MOVED, by=by)
    codes = {"visit": wish.visit_id, "answer": str(wish.state)}
    history.record_locked(msa_request, EventKind.DAY_CHANGE_ANSWERED, by=by, codes=codes)


def end_all(msa_request: MSARequest) -> None:
    """The visit took place, or there will be none: nobody looks for another day any more."""
    for wish in DayChange.objects.filter(order__round__msa_request=msa_request, state=_State.OPEN):
        _answer(wish, _State.KEPT, by=None)


def _answer(wish: DayChange, state: str, *, by: User | None) -> None:
    wish.state, wish.answered_by, wish.answered_at = state, by, timezone.now()
    wish.save(update_fields=["state", "to_on", "to_window", "answered_by", "answered_at"])
