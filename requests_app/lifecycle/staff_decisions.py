"""Staff decisions as rows that wait (D24): written, canceled, released. The one door of every decision in screening.

A decision is tried out when it's made, in a savepoint that is rolled back, so that what would be refused later is refused
now. It acts when it's released: after `settings.STAFF_DECISION_WAIT` seconds, or at once if a person says so. If the
request has changed by then, the decision ends as not sent, with the reason, and the person who made it is told.

Every function takes the request's lock first, so that of two people, or of a person and the timer, one comes second and
finds what the first one did.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.db import lock, locked, take_over
from msa_portal.errors import Refused, Stale
from requests_app.enums import DecisionKind, DecisionState, DeskNoteKind
from requests_app.files import storage
from requests_app.lifecycle import decision_acts
from requests_app.lifecycle import seen as seen_states
from requests_app.lifecycle.seen import Seen
from requests_app.models import DeskNote, MSARequest, Screening, StaffDecision

logger = logging.getLogger(__name__)

_SCREEN = "requests_app.screen_msarequest"
PERMISSION: dict[str, str] = dict.fromkeys(DecisionKind.values, _SCREEN) | {
    DecisionKind.ORDER: "fieldwork.issue_serviceorder",
    DecisionKind.WITHDRAW: "requests_app.withdraw_msarequest",
}
_A_RUN = 200
LONGEST_REASON = 500


class _TriedOut(Exception):
    """Ends the savepoint in which a decision was tried."""


def decide(
    msa_request: MSARequest,
    kind: DecisionKind,
    content: Mapping[str, Any],
    *,
    by: User,
    seen: Seen | None,
    at_once: bool = False,
) -> StaffDecision:
    """Write the decision; with no wait set, or `at_once`, also release it, in the same transaction.

    Raises `Refused` for what isn't possible, and `Stale` if what `seen` holds has changed, if a colleague holds the
    request, or if a decision waits already. Answers to corrections that the same person has judged, and which still wait,
    go out with the decision.
    """
    with locked(msa_request) as fresh:
        check_may_decide(kind, by)
        check_unclaimed(fresh, by=by)
        waiting = _taken_up(fresh, kind, by=by)
        seen_states.check(fresh, seen, seen_states.ABOUT[kind], to=by)
        now = timezone.now()
        wait = timedelta(seconds=0 if at_once else settings.STAFF_DECISION_WAIT)
        decision = StaffDecision(
            msa_request=fresh,
            kind=kind,
            content=_with_judged(content, waiting),
            seen=seen_states.stored(seen) if seen else {},
            decided_by=by,
            decided_at=now,
            release_at=now + wait,
        )
        if waiting is not None:
            _end(waiting, DecisionState.REPLACED, by=by)
        if wait:
            _try_out(fresh, decision)
            decision.save()
            record_activity(fresh, by=by)
        else:
            decision_acts.act(fresh, decision)
            _end(decision, DecisionState.SENT, by=by)
        fresh.case.now_has(waiting_decision=decision if wait else None)
    take_over(msa_request, fresh)
    return decision


def cancel(decision: StaffDecision, *, by: User, why: str = "") -> None:
    """Nothing was sent and nothing will be. Who canceled and when is kept; the person who decided is told."""
    with locked(decision.msa_request) as fresh:
        waiting = _still_waiting(decision, by=by)
        _end(waiting, DecisionState.CANCELED, by=by, why=why.strip()[:LONGEST_REASON])
        if waiting.decided_by_id != by.pk:
            _tell(waiting, DeskNoteKind.CANCELED, by=by, text=waiting.ended_why)
        fresh.case.now_has(waiting_decision=None)
    decision.refresh_from_db()


def send_now(decision: StaffDecision, *, by: User) -> StaffDecision:
    """Release it before its time."""
    with locked(decision.msa_request) as fresh:
        waiting = _still_waiting(decision, by=by)
        _release(fresh, waiting, by=by)
    decision.refresh_from_db()
    return decision


def release(decision_pk: int) -> None:
    """Release it if it's due and still waits. It may run twice, and at the same time."""
    with transaction.atomic():
        row = StaffDecision.objects.select_related("msa_request").get(pk=decision_pk)
        fresh = lock(row.msa_request)
        waiting = StaffDecision.objects.select_related("decided_by").get(pk=decision_pk)
        if waiting.is_waiting and waiting.release_at <= timezone.now():
            _release(fresh, waiting, by=None)


def run_due() -> None:
    """Every decision whose time has come. One that fails doesn't hold up the others, and is tried again."""
    due = StaffDecision.objects.filter(state=DecisionState.WAITING, release_at__lte=timezone.now())
    for pk in list(due.order_by("release_at", "pk").values_list("pk", flat=True)[:_A_RUN]):
        try:
            release(pk)
        except Exception:  # one decision's fault, whatever it is, is not the others'
            logger.exception("staff decision %s could not be released", pk)


def _release(fresh: MSARequest, waiting: StaffDecision, *, by: User | None) -> None:
    """The caller holds the request's lock. What the decision is about has to be as it was."""
    waiting.msa_request = fresh
    seen = seen_states.restored(waiting.seen)
    try:
        with transaction.atomic():
            check_may_decide(DecisionKind(waiting.kind), waiting.decided_by)
            seen_states.check(fresh, seen, seen_states.ABOUT[waiting.kind], to=waiting.decided_by)
            decision_acts.act(lock(fresh), waiting)
    except Refused as refusal:
        why = " ".join(refusal.fields.get("changed", [])) or str(refusal)
        _end(waiting, DecisionState.NOT_SENT, by=by, why=why)
        _tell(waiting, DeskNoteKind.NOT_SENT, by=by, text=why)
    else:
        _end(waiting, DecisionState.SENT, by=by)


def _still_waiting(decision: StaffDecision, *, by: User) -> StaffDecision:
    """The row under the request's lock. Raises `Stale`, with who ended it and when, if it waits no longer."""
    if not (by.is_active and (by.has_perm(_SCREEN) or by.has_perm(PERMISSION[decision.kind]))):
        raise Refused(_("Only program staff decide about requests."), code="not_allowed")
    fresh = StaffDecision.objects.select_related("decided_by", "ended_by").get(pk=decision.pk)
    if not fresh.is_waiting:
        raise Stale(
            _("This decision is “%(state)s” already (%(when)s), by %(who)s. Nothing has changed.")
            % {
                "state": fresh.get_state_display(),
                "when": formats.moment(fresh.ended_at) if fresh.ended_at else "",
                "who": fresh.ended_by or _("the portal"),
            },
            code="already_ended",
        )
    fresh.msa_request = decision.msa_request
    return fresh


def _try_out(fresh: MSARequest, decision: StaffDecision) -> None:
    """Act and take it back: emails, jobs and events go with the savepoint. Raises what the release would refuse."""
    with suppress(_TriedOut), storage.atomic():
        decision_acts.act(lock(fresh), decision)
        raise _TriedOut


def _end(decision: StaffDecision, state: DecisionState, *, by: User | None, why: str = "") -> None:
    decision.state, decision.ended_at, decision.ended_by = state, timezone.now(), by
    decision.ended_why = why[:1000]
    if decision._state.adding:
        decision.save()
    else:
        decision.save(update_fields=["state", "ended_at", "ended_by", "ended_why"])


def _tell(decision: StaffDecision, kind: DeskNoteKind, *, by: User | None, text: str) -> None:
    DeskNote.objects.create(
        recipient_id=decision.decided_by_id,
        msa_request_id=decision.msa_request_id,
        kind=kind,
        decision=decision,
        by=by,
        text=text[:1000],
    )


# --- Who may, and what stands in the way ---------------------------------------------------


def check_may_decide(kind: DecisionKind, user: User) -> None:
    if not (user.is_active and user.has_perm(PERMISSION[kind])):
        raise Refused(_("Only program staff decide about requests."), code="not_allowed")


def check_unclaimed(msa_request: MSARequest, *, by: User) -> None:
    """Nobody else is screening it (fault 63)."""
    screening = msa_request.case.open_screening
    if screening is not None and screening.taken_by_id not in {None, by.pk}:
        raise Stale(
            _("%(who)s is screening this request (since %(when)s). Take it over first, with a reason.")
            % {"who": screening.taken_by, "when": formats.moment(screening.taken_at) if screening.taken_at else ""},
            code="taken",
        )


def _taken_up(msa_request: MSARequest, kind: DecisionKind, *, by: User) -> StaffDecision | None:
    """The person's own judged answers that wait. Any other decision that waits stands in the way (fault 15)."""
    waiting = msa_request.case.waiting_decision
    if waiting is None:
        return None
    goes_with = {DecisionKind.JUDGE, DecisionKind.SEND_BACK, DecisionKind.VALID}
    if waiting.kind == DecisionKind.JUDGE and waiting.decided_by_id == by.pk and kind in goes_with:
        return waiting
    raise already_decided(waiting, to=by)


def already_decided(waiting: StaffDecision, *, to: User) -> Stale:
    """Who decided what, when, and until when it can be canceled."""
    values = {
        "who": _("You") if waiting.decided_by_id == to.pk else waiting.decided_by,
        "what": waiting.get_kind_display(),
        "when": formats.moment(waiting.decided_at),
        "until": formats.time_of_day(waiting.release_at),
    }
    words = _(
        "%(who)s decided “%(what)s” (%(when)s; it's sent at %(until)s unless canceled). To decide something else, cancel"
        " it first."
    )
    return Stale(words % values, code="decision_waiting")


def record_activity(msa_request: MSARequest, *, by: User) -> None:
    """The person who holds the request did something about it. The caller holds the lock."""
    Screening.objects.filter(msa_request=msa_request, decided_at__isnull=True, taken_by=by).update(
        active_at=timezone.now()
    )


def _with_judged(content: Mapping[str, Any], waiting: StaffDecision | None) -> dict[str, Any]:
    judged = {**(waiting.content.get("judged", {}) if waiting else {}), **content.get("judged", {})}
    return {**content, "judged": judged} if judged else dict(content)


def accepted_in(waiting: StaffDecision | None) -> frozenset[int]:
    """The items that a decision which waits accepts."""
    judged: dict[str, Any] = waiting.content.get("judged", {}) if waiting else {}
    return frozenset(int(pk) for pk, verdict in judged.items() if verdict["end"] == "accepted")
