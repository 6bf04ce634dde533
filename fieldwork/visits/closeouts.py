"""A technician's report of a visit: one service, safe to repeat (faults 17, 18)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import CloseOut, SiteVisit, Technician, VisitPhoto, annotated_path, photo_path
from fieldwork.visits import arrivals, orders
from fieldwork.visits.closeout_report import Photo, Report, serial_matches
from fieldwork.visits.orders import close_order
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock, take_over
from msa_portal.errors import Refused, Stale
from requests_app import history
from requests_app.enums import EventKind, ScanState, VisitOutcome
from requests_app.files import storage
from requests_app.lifecycle import transitions

__all__ = ["Photo", "Report", "close_out", "go_on_site", "kept_before", "on_my_way", "review"]


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
        fresh.state, fresh.on_site_at = SiteVisit.State.ON_SITE, now
        fresh.save(update_fields=["state", "on_site_at", "updated_at"])
        visit_round = fresh.order.round
        visit_round.on_site_at = now
        visit_round.save(update_fields=["on_site_at", "updated_at"])
        history.record_locked(msa_request, EventKind.VISIT_STARTED, by=by, codes={"visit": fresh.pk})
    take_over(visit, fresh)
    return visit


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
        if fresh.state == SiteVisit.State.SCHEDULED:
            go_on_site(fresh, by=by)
        close_order(fresh, report.outcome)
        if report.outcome == VisitOutcome.COMPLETE:
            transitions.complete(msa_request, by=by)
        else:
            transitions.fail(msa_request, by=by, reasons=report.reasons)
    take_over(visit, fresh)
    return kept


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
    """Dispatch looked at a report that could not close its visit; what they found stays with it (faults 17, 20)."""
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
        if not note.strip():
            raise Refused(_("Say in a few words what you found."), code="no_note", fields={"note": ""})
        fresh.reviewed_at, fresh.reviewed_by, fresh.review_note = timezone.now(), by, note.strip()
        fresh.save(update_fields=["reviewed_at", "reviewed_by", "review_note"])
        codes = {"visit": fresh.visit_id, "conflict": fresh.conflict}
        history.record_locked(msa_request, EventKind.CONFLICT_REVIEWED, by=by, codes=codes)
    return fresh


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
