"""Who screens a request: taken, kept, returned, taken over. No claim is lost without a word (fault 63)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.db import locked
from msa_portal.errors import Refused, Stale
from requests_app import enums, history
from requests_app.enums import DeskNoteKind, EventKind
from requests_app.lifecycle import policies
from requests_app.models import DeskNote, MSARequest, Screening

LONGEST_REASON = 500


def take(msa_request: MSARequest, *, by: User) -> Screening:
    """Take the request onto one's desk. Taken by somebody else it is refused with who and when."""
    check_may_screen(by)
    with locked(msa_request) as fresh:
        screening = open_screening(fresh, by=by)
        if screening.taken_by_id == by.pk:
            return screening
        if screening.taken_by is not None:
            raise held_by(screening)
        screening.taken_by, screening.taken_at, screening.active_at = by, timezone.now(), timezone.now()
        screening.save(update_fields=["taken_by", "taken_at", "active_at"])
        history.record(fresh, EventKind.SCREENING_TAKEN, by=by, codes={"screening": screening.pk})
    return screening


def take_next(*, by: User) -> MSARequest | None:
    """The request that waits longest and that nobody has taken, now on this desk; None where none waits."""
    check_may_screen(by)
    with transaction.atomic():
        waiting = Screening.objects.filter(decided_at__isnull=True, taken_by__isnull=True).order_by("opened_at")
        waiting = waiting.filter(msa_request__status__in=enums.SCREENABLE).select_related("msa_request")
        for screening in waiting[:20]:
            try:
                take(screening.msa_request, by=by)
            except Stale:
                continue
            return screening.msa_request
    return None


def hand_back(msa_request: MSARequest, *, by: User) -> None:
    """Return a request that one has taken to the queue. Nobody returns what somebody else holds: they take it over."""
    check_may_screen(by)
    with locked(msa_request) as fresh:
        screening = open_screening(fresh, by=by)
        if screening.taken_by_id not in {None, by.pk}:
            raise held_by(screening)
        screening.taken_by = screening.taken_at = screening.active_at = None
        screening.save(update_fields=["taken_by", "taken_at", "active_at"])


def keep(msa_request: MSARequest, *, by: User) -> None:
    """ "I'm still working on it": the claim of the person who holds it is fresh again."""
    check_may_screen(by)
    with locked(msa_request) as fresh:
        screening = open_screening(fresh, by=by)
        if screening.taken_by_id != by.pk:
            raise held_by(screening)
        screening.active_at = timezone.now()
        screening.save(update_fields=["active_at"])


def take_over(msa_request: MSARequest, *, by: User, reason: str, holder: int) -> Screening:
    """Take from a colleague what they hold, and tell them by whom and why. An idle claim needs no reason.

    `holder` is the person whom the page named: if somebody else holds it by now, it's refused with their name.
    """
    check_may_screen(by)
    reason = reason.strip()
    if len(reason) > LONGEST_REASON or "\0" in reason:
        raise Refused(
            _("Write a reason of at most %(most)s characters.") % {"most": LONGEST_REASON},
            code="reason",
            fields={"reason": reason},
        )
    with locked(msa_request) as fresh:
        screening = open_screening(fresh, by=by)
        if screening.taken_by_id == by.pk:
            return screening
        if screening.taken_by_id != holder:
            raise held_by(screening)
        if not reason and not is_idle(screening):
            raise Refused(_("Say why you take it over."), code="no_reason", fields={"reason": ""})
        note = DeskNote.objects.create(
            recipient_id=holder, msa_request=fresh, kind=DeskNoteKind.TAKEN_OVER, by=by, text=reason
        )
        screening.taken_by, screening.taken_at, screening.active_at = by, timezone.now(), timezone.now()
        screening.save(update_fields=["taken_by", "taken_at", "active_at"])
        codes = {"screening": screening.pk, "from": holder, "note": note.pk}
        history.record(fresh, EventKind.SCREENING_TAKEN_OVER, by=by, codes=codes)
    return screening


def record_activity(screening: Screening) -> None:
    """The person who holds it did something about it. Kept to the minute. The caller holds the request's lock."""
    now = timezone.now()
    if screening.active_at is None or screening.active_at < now - timedelta(minutes=1):
        screening.active_at = now
        screening.save(update_fields=["active_at"])


def held_by(screening: Screening) -> Stale:
    if screening.taken_by is None:
        return Stale(_("Nobody holds this request now. Take it from the queue."), code="free")
    words = _("%(who)s is screening this request already (since %(when)s).")
    since = formats.moment(screening.taken_at) if screening.taken_at else ""
    return Stale(words % {"who": screening.taken_by, "when": since}, code="taken")


def is_idle(screening: Screening) -> bool:
    """The person who holds it has done nothing about it for a while."""
    since = screening.active_at or screening.taken_at
    return since is not None and since <= timezone.now() - timedelta(seconds=settings.SCREENING_CLAIM_IDLE)


def idle_of(user: User) -> list[Screening]:
    """What this person holds and has left for a while: they are asked whether they still work on it."""
    rows = Screening.objects.filter(taken_by=user, decided_at__isnull=True, msa_request__status__in=enums.SCREENABLE)
    return [row for row in rows.select_related("msa_request").order_by("taken_at") if is_idle(row)]


def unread_notes(user: User) -> QuerySet[DeskNote]:
    """What became of this person's decisions and claims, until they say that they have read it."""
    rows = DeskNote.objects.filter(recipient=user, read_at__isnull=True)
    return rows.select_related("msa_request", "decision", "by").order_by("-pk")


def desk_notes(user: User) -> dict[str, Any]:
    """For the top of the desk: `notes` and `idle`; empty for people who decide nothing here."""
    if not user.has_perm("requests_app.screen_msarequest") and not user.has_perm("fieldwork.issue_serviceorder"):
        return {}
    return {"notes": list(unread_notes(user)[:20]), "idle": idle_of(user)}


def mark_read(note: DeskNote, *, by: User) -> None:
    """Only its recipient can."""
    DeskNote.objects.filter(pk=note.pk, recipient=by, read_at__isnull=True).update(read_at=timezone.now())


def open_screening(msa_request: MSARequest, *, by: User) -> Screening:
    if msa_request.status not in enums.SCREENABLE:
        raise history.stale(msa_request, to=by)
    return policies.open_screening(msa_request)


def check_may_screen(user: User) -> None:
    if not user.has_perm("requests_app.screen_msarequest"):
        raise Refused(_("Only program staff screen requests."), code="not_allowed")
