"""A technician's report of a visit: one service, safe to repeat (faults 17, 18)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import CloseOut, SiteVisit, Technician, VisitPhoto, annotated_path, photo_path
from fieldwork.schedule import technician_days
from fieldwork.visits import arrivals, orders
from fieldwork.visits.closeout_report import Photo, Report, serial_matches
from fieldwork.visits.orders import close_order
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock, take_over
from msa_portal.errors import Refused, Stale
from requests_app import history
from requests_app.enums import DeskNoteKind, EventKind, ScanState, VisitOutcome
from requests_app.files import storage
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import transitions
from requests_app.models import DeskNote, MSARequest, OutcomeReason

__all__ = [
    "Photo",
    "Report",
    "close_out",
    "go_on_site",
    "kept_before",
    "let_stand",
    "may_undo_until",
    "on_my_way",
    "review",
    "undo_on_site",
]

_NOON = 12
UNDO_WITHIN = timedelta(minutes=10)


def on_my_way(visit: SiteVisit, *, by: User, expected_at: datetime | None = None) -> SiteVisit:
    """The technician sets out: customer and agent are told when to expect them. Repeating is harmless.

    `expected_at` None: as `arrivals.leaving` works it out from the stops before and the way.
    """
    with transaction.atomic():
        msa_request, fresh = orders.lock_with_request(visit)
        _technician_of(fresh, by)
        if fresh.on_the_way_at is not None or fresh.state == SiteVisit.State.ON_SITE:
            return fresh
        if fresh.state != SiteVisit.State.SCHEDULED:
            raise Refused(_gone(fresh), code="visit_not_open")
        _check_today(fresh)
        now = timezone.now()
        fresh.on_the_way_at = now
        fresh.expected_at = expected_at or arrivals.leaving(fresh, now)
        fresh.save(update_fields=["on_the_way_at", "expected_at", "updated_at"])
        codes = {"visit": fresh.pk, "expected_at": fresh.expected_at.isoformat()}
        history.record_locked(msa_request, EventKind.VISIT_ON_THE_WAY, by=by, codes=codes)
    take_over(visit, fresh)
    return visit


def go_on_site(visit: SiteVisit, *, by: User, at: datetime | None = None) -> SiteVisit:
    """The technician is there: from now on the request cannot be withdrawn. Repeating is harmless.

    `at`, in the server's time, where the phone tells of it later than it was.
    """
    with transaction.atomic():
        msa_request, fresh = orders.lock_with_request(visit)
        _technician_of(fresh, by)
        if fresh.state == SiteVisit.State.ON_SITE:
            return fresh
        if fresh.state != SiteVisit.State.SCHEDULED:
            raise Refused(_gone(fresh), code="visit_not_open")
        now = at or timezone.now()
        _start(msa_request, fresh, now, by=by)
    take_over(visit, fresh)
    return visit


def _start(msa_request: MSARequest, visit: SiteVisit, at: datetime, *, by: User) -> None:
    visit.state, visit.on_site_at = SiteVisit.State.ON_SITE, at
    visit.save(update_fields=["state", "on_site_at", "updated_at"])
    visit_round = visit.order.round
    visit_round.on_site_at = at
    visit_round.save(update_fields=["on_site_at", "updated_at"])
    history.record_locked(msa_request, EventKind.VISIT_STARTED, by=by, codes={"visit": visit.pk})


def close_out(visit: SiteVisit, report: Report, *, by: User) -> CloseOut:
    """Take the report in: the first one of a visit closes it, the same one again gives the first
    answer, another one is kept as a conflict for dispatch (fault 17).

    Raises `Refused` with code `different_report` for another body under the same id (fault 18),
    and for a report that lacks what its outcome needs.
    """
    _check_report(report)
    with storage.atomic():
        msa_request, fresh = orders.lock_with_request(visit)
        earlier = kept_before(report.id, fresh, report.body_hash())
        if earlier is not None:
            return earlier
        technician = _technician(fresh, by)
        msa_request.case.read_ahead()
        conflict = _conflict(fresh, technician)
        kept = _keep(fresh, report, technician, conflict)
        if conflict:
            history.record_locked(
                msa_request, EventKind.CONFLICT_KEPT, by=by, codes={"visit": fresh.pk, "conflict": conflict}
            )
            return kept
        _close(msa_request, fresh, report.outcome, report.reasons, by=by)
    take_over(visit, fresh)
    return kept


def _close(
    msa_request: MSARequest, visit: SiteVisit, outcome: VisitOutcome, reasons: Sequence[OutcomeReason], *, by: User
) -> None:
    if visit.state != SiteVisit.State.ON_SITE:
        _start(msa_request, visit, timezone.now(), by=by)
    close_order(visit, outcome)
    if outcome == VisitOutcome.COMPLETE:
        transitions.complete(msa_request, by=by)
    else:
        transitions.fail(msa_request, by=by, reasons=reasons)


def kept_before(report_id: UUID, visit: SiteVisit, body_hash: str) -> CloseOut | None:
    """The report that came under this id already. Raises `Refused` for another body or visit (fault 18)."""
    earlier = CloseOut.objects.filter(pk=report_id).first()
    if earlier is not None and (earlier.visit_id != visit.pk or earlier.body_hash != body_hash):
        raise Refused(
            _("A different report was already sent from this form. Open the visit to see it."),
            code="different_report",
        )
    return earlier


def review(kept: CloseOut, *, by: User, note: str) -> CloseOut:
    """Dispatch looked at a report that could not close its visit, and the other one stands (faults 17, 20)."""
    with transaction.atomic():
        msa_request = lock(kept.visit.order.round.msa_request)
        fresh = lock(kept)
        if not by.has_perm("fieldwork.review_closeout"):
            raise Refused(_("Only a dispatcher settles conflicts of close-outs."), code="not_allowed")
        if not fresh.conflict:
            raise Refused(_("This report closed its visit: there is no conflict to settle."), code="no_conflict")
        if fresh.reviewed_at is not None:
            raise Stale(
                _("%(who)s looked at this report on %(day)s already.")
                % {"who": fresh.reviewed_by, "day": formats.day(local_day(fresh.reviewed_at))},
                code="reviewed",
            )
        fresh.reviewed_at, fresh.reviewed_by, fresh.review_note = timezone.now(), by, _note(note)
        fresh.save(update_fields=["reviewed_at", "reviewed_by", "review_note"])
        codes = {"visit": fresh.visit_id, "conflict": fresh.conflict}
        history.record_locked(msa_request, EventKind.CONFLICT_REVIEWED, by=by, codes=codes)
    return fresh


def let_stand(chosen: CloseOut, *, instead_of: UUID | None, by: User, note: str) -> CloseOut:
    """Dispatch chooses the report that stands (D25): outcome, status, fee, photos and notices follow it; both are kept.

    `instead_of` is the accepted report that the dispatcher saw, None where no report had closed the visit. Raises
    `Stale` where that has changed, or the request has gone on too far: a later visit was ordered, or it was withdrawn.
    """
    with transaction.atomic():
        msa_request, visit = orders.lock_with_request(chosen.visit)
        chosen = lock(chosen)
        if not by.has_perm("fieldwork.review_closeout"):
            raise Refused(_("Only a dispatcher settles conflicts of close-outs."), code="not_allowed")
        note = _note(note)
        standing = CloseOut.objects.select_for_update().filter(visit=visit, accepted=True).first()
        if chosen.accepted or (standing.pk if standing else None) != instead_of:
            raise Stale(_("Another report of this visit stands now. Look at both again, then choose."), code="stale")
        codes = {"visit": visit.pk, "conflict": chosen.conflict, "stands": str(chosen.pk), "instead_of": ""}
        if standing is not None:
            codes["instead_of"] = str(standing.pk)
            _settle(standing, accepted=False, conflict=CloseOut.Conflict.OVERRULED, by=by, note=note)
        _settle(chosen, accepted=True, conflict="", by=by, note=note)
        history.record_locked(msa_request, EventKind.CONFLICT_REVIEWED, by=by, codes=codes)
        if standing is None:
            _close_late(msa_request, visit, chosen)
        elif _said(standing) != _said(chosen):
            follow_ups.call_off(msa_request, by=by)
            outcome, reasons = VisitOutcome(chosen.outcome), list(chosen.reasons.all())
            transitions.correct_outcome(msa_request, visit.order.round, by=by, outcome=outcome, reasons=reasons)
    return chosen


def _settle(report: CloseOut, *, accepted: bool, conflict: str, by: User, note: str) -> None:
    report.accepted, report.conflict = accepted, conflict
    report.reviewed_at, report.reviewed_by, report.review_note = timezone.now(), by, note
    report.save(update_fields=["accepted", "conflict", "reviewed_at", "reviewed_by", "review_note"])


def _said(report: CloseOut) -> tuple[str, frozenset[str]]:
    return report.outcome, frozenset(report.reasons.values_list("code", flat=True))


def _close_late(msa_request: MSARequest, visit: SiteVisit, report: CloseOut) -> None:
    """Nobody had closed the visit: it was given to another technician, or back to dispatch, when the report came."""
    if visit.state not in SiteVisit.OPEN_STATES:
        raise history.stale(msa_request, to=None)
    technician_days.take_off([visit], by=report.by.user)
    visit.technician = report.by
    if visit.scheduled_on is None:
        there_at = timezone.localtime(
            report.opened_at if report.opened_at and not report.clock_is_off else report.received_at
        )
        visit.scheduled_on = there_at.date()
        visit.window = SiteVisit.Window.MORNING if there_at.hour < _NOON else SiteVisit.Window.AFTERNOON
    visit.save(update_fields=["technician", "scheduled_on", "window", "updated_at"])
    _close(msa_request, visit, VisitOutcome(report.outcome), list(report.reasons.all()), by=report.by.user)


def _note(text: str) -> str:
    if not text.strip():
        raise Refused(_("Say in a few words what you found."), code="no_note", fields={"note": ""})
    return text.strip()


def undo_on_site(visit: SiteVisit, *, by: User, reason: str = "") -> SiteVisit:
    """The technician isn't on site after all (D25): by mistake of theirs, within `UNDO_WITHIN`; by dispatch with a reason.

    The request can be withdrawn again. Raises `Stale` where the visit isn't on site now.
    """
    with transaction.atomic():
        msa_request, fresh = orders.lock_with_request(visit)
        _check_may_undo(fresh, by, reason)
        fresh.state, fresh.on_site_at = SiteVisit.State.SCHEDULED, None
        fresh.save(update_fields=["state", "on_site_at", "updated_at"])
        visit_round = fresh.order.round
        visit_round.on_site_at = None
        visit_round.save(update_fields=["on_site_at", "updated_at"])
        codes: dict[str, object] = {"visit": fresh.pk} | _told_why(msa_request, fresh, by, reason.strip())
        history.record_locked(msa_request, EventKind.VISIT_START_UNDONE, by=by, codes=codes)
    take_over(visit, fresh)
    return visit


def _told_why(msa_request: MSARequest, visit: SiteVisit, by: User, reason: str) -> dict[str, object]:
    """The reason is in a note, since an event holds no free text."""
    if not reason or visit.technician is None:
        return {}
    note = DeskNote.objects.create(
        recipient_id=visit.technician.user_id,
        msa_request=msa_request,
        kind=DeskNoteKind.OFF_SITE,
        by=by,
        text=reason[:1000],
    )
    return {"note": note.pk}


def may_undo_until(visit: SiteVisit) -> datetime | None:
    """Until when the technician can take "On site" back; None where it wasn't tapped."""
    if visit.state != SiteVisit.State.ON_SITE:
        return None
    started = visit.order.round.msa_request.events.filter(kind=EventKind.VISIT_STARTED, codes__visit=visit.pk)
    last = started.order_by("sequence").last()
    return last.at + UNDO_WITHIN if last else None


def _check_may_undo(visit: SiteVisit, by: User, reason: str) -> None:
    until = may_undo_until(visit)
    if until is None:
        raise Stale(_gone(visit), code="stale")
    if by.has_perm("fieldwork.schedule_sitevisit"):
        if reason.strip():
            return
        if visit.technician is None or visit.technician.user_id != by.pk:
            raise Refused(_("Say why the technician isn't on site."), code="no_reason", fields={"reason": ""})
    _technician_of(visit, by)
    if timezone.now() > until:
        raise Refused(
            _("That was more than %(minutes)d minutes ago. Call dispatch: they can take it back.")
            % {"minutes": UNDO_WITHIN.total_seconds() // 60},
            code="too_late",
        )


def _check_today(visit: SiteVisit) -> None:
    if visit.scheduled_on != local_day(timezone.now()):
        raise Refused(_("This visit is not for today, so nobody is told that you are on the way."), code="not_today")


def _check_report(report: Report) -> None:
    if report.outcome == VisitOutcome.UNSUCCESSFUL and not report.reasons:
        raise Refused(
            _("Choose at least one reason why the visit did not succeed."), code="no_reason", fields={"reasons": ""}
        )
    if report.outcome == VisitOutcome.COMPLETE and report.reasons:
        raise Refused(
            _("A successful visit has no reason of failure. Choose one or the other."),
            code="contradiction",
            fields={"reasons": ""},
        )


def _technician(visit: SiteVisit, by: User) -> Technician:
    """Who that person is: the visit's own technician, who was read with it, or another one."""
    own = visit.technician
    if own is not None and own.user_id == by.pk and own.is_active:
        return own
    technician = Technician.objects.filter(user=by, is_active=True).first()
    if technician is None:
        raise Refused(_("Only a meter technician closes out a visit."), code="not_allowed")
    return technician


def _technician_of(visit: SiteVisit, by: User) -> Technician:
    technician = _technician(visit, by)
    if visit.technician_id != technician.pk:
        raise Refused(
            _("This visit was given to another technician. Call dispatch before you go on."), code="reassigned"
        )
    return technician


def _gone(visit: SiteVisit) -> str:
    return _("This visit is “%(state)s” now. Call dispatch before you go on.") % {"state": visit.get_state_display()}


def _conflict(visit: SiteVisit, technician: Technician) -> str:
    """Why this report cannot close the visit; empty where it can."""
    if visit.state == SiteVisit.State.CLOSED:
        return CloseOut.Conflict.ALREADY_CLOSED
    if visit.state not in {SiteVisit.State.SCHEDULED, SiteVisit.State.ON_SITE}:
        return CloseOut.Conflict.CANCELED
    if visit.technician_id != technician.pk:
        return CloseOut.Conflict.REASSIGNED
    return ""


def _keep(visit: SiteVisit, report: Report, technician: Technician, conflict: str) -> CloseOut:
    kept = CloseOut.objects.create(
        id=report.id,
        visit=visit,
        body_hash=report.body_hash(),
        outcome=report.outcome,
        checklist=report.checklist,
        serial_number=report.serial_number,
        notes=report.notes,
        by=technician,
        opened_at=report.opened_at,
        device_time=report.device_time,
        clock_off_seconds=report.clock_off_seconds,
        via=report.via,
        app_version=report.app_version,
        stopped_unsafe=report.stopped_unsafe,
        serial_matches=serial_matches(report.serial_number, visit.order.round.msa_request.device),
        accepted=not conflict,
        conflict=conflict,
    )
    kept.reasons.add(*report.reasons)
    for photo in {photo.original_sha256: photo for photo in report.photos}.values():
        row = VisitPhoto(
            close_out=kept,
            sha256=hashlib.sha256(photo.jpeg).hexdigest(),
            original_sha256=photo.original_sha256,
            evidence=photo.evidence,
            scan=photo.scan,
            scanned_at=None if photo.scan == ScanState.NOT_SCANNED else timezone.now(),
            device_taken_at=photo.taken_at,
            reason=photo.reason,
            marks=list(photo.marks),
        )
        if photo.annotated:
            row.annotated.name = storage.write(annotated_path(row, ""), photo.annotated)
        row.file.name = storage.write(photo_path(row, ""), photo.jpeg)
        row.save()
    return kept
