"""A technician's report of a visit: one service, safe to repeat (faults 17, 18)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import CloseOut, SiteVisit, Technician, VisitPhoto, photo_path
from fieldwork.orders import close_order
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import documents, lifecycle, settlement
from requests_app.enums import EventKind, ScanState, VisitOutcome
from requests_app.models import OutcomeReason


@dataclass(frozen=True)
class Photo:
    """A photo as encoded anew, the hash of what the phone sent, and what is known of it."""

    jpeg: bytes
    original_sha256: str
    evidence: dict[str, Any] = field(default_factory=dict)
    scan: ScanState = ScanState.NOT_SCANNED


@dataclass(frozen=True)
class Report:
    """What the technician says. `id` is minted when the form opens."""

    id: UUID
    outcome: VisitOutcome
    reasons: Sequence[OutcomeReason] = ()
    checklist: dict[str, str] = field(default_factory=dict)
    serial_number: str = ""
    notes: str = ""
    photos: Sequence[Photo] = ()
    device_time: datetime | None = None

    def body_hash(self) -> str:
        """Tells a repeat of this report from a different one under the same id."""
        body: list[Any] = [
            str(self.outcome),
            sorted(reason.code for reason in self.reasons),
            self.checklist,
            self.serial_number,
            self.notes,
            sorted(photo.original_sha256 for photo in self.photos),
        ]
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def go_on_site(visit: SiteVisit, *, by: User) -> SiteVisit:
    """The technician is there: from now on the request cannot be withdrawn. Repeating is harmless."""
    with transaction.atomic():
        request = lock(visit.order.round.request)
        fresh = lock(visit)
        _technician_of(fresh, by)
        if fresh.state == SiteVisit.State.ON_SITE:
            return fresh
        if fresh.state != SiteVisit.State.SCHEDULED:
            raise Refused(_gone(fresh), code="visit_not_open")
        now = timezone.now()
        fresh.state, fresh.on_site_at = SiteVisit.State.ON_SITE, now
        fresh.save(update_fields=["state", "on_site_at", "updated_at"])
        visit_round = fresh.order.round
        visit_round.on_site_at = now
        visit_round.save(update_fields=["on_site_at", "updated_at"])
        settlement.note(request, EventKind.VISIT_STARTED, by=by, codes={"visit": fresh.pk})
    visit.refresh_from_db()
    return visit


def close_out(visit: SiteVisit, report: Report, *, by: User) -> CloseOut:
    """Take the report in: the first one of a visit closes it, the same one again gives the first
    answer, another one is kept as a conflict for dispatch (fault 17).

    Raises `Refused` with code `different_report` for another body under the same id (fault 18),
    and for a report that lacks what its outcome needs.
    """
    _check_report(report)
    with documents.atomic():
        request = lock(visit.order.round.request)
        fresh = lock(visit)
        earlier = CloseOut.objects.filter(pk=report.id).first()
        if earlier is not None:
            return _repeat(earlier, fresh, report)
        technician = _technician(by)
        conflict = _conflict(fresh, technician)
        kept = _keep(fresh, report, technician, conflict)
        if conflict:
            settlement.note(request, EventKind.CONFLICT_KEPT, by=by, codes={"visit": fresh.pk, "conflict": conflict})
            return kept
        if fresh.state == SiteVisit.State.SCHEDULED:
            go_on_site(fresh, by=by)
            fresh.refresh_from_db()
        close_order(fresh, report.outcome)
        if report.outcome == VisitOutcome.COMPLETE:
            lifecycle.complete(request, by=by)
        else:
            lifecycle.fail(request, by=by, reasons=report.reasons)
    visit.refresh_from_db()
    return kept


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


def _technician(by: User) -> Technician:
    technician = Technician.objects.filter(user=by, is_active=True).first()
    if technician is None:
        raise Refused(_("Only a meter technician closes out a visit."), code="not_allowed")
    return technician


def _technician_of(visit: SiteVisit, by: User) -> Technician:
    technician = _technician(by)
    if visit.technician_id != technician.pk:
        raise Refused(
            _("This visit was given to another technician. Call dispatch before you go on."), code="reassigned"
        )
    return technician


def _gone(visit: SiteVisit) -> str:
    return _("This visit is “%(state)s” now. Call dispatch before you go on.") % {"state": visit.get_state_display()}


def _repeat(earlier: CloseOut, visit: SiteVisit, report: Report) -> CloseOut:
    if earlier.visit_id != visit.pk or earlier.body_hash != report.body_hash():
        raise Refused(
            _("A different report was already sent from this form. Open the visit to see it."),
            code="different_report",
        )
    return earlier


def _conflict(visit: SiteVisit, technician: Technician) -> str:
    """Why this report cannot close the visit; empty where it can."""
    if visit.state == SiteVisit.State.CLOSED:
        return "already_closed"
    if visit.state not in {SiteVisit.State.SCHEDULED, SiteVisit.State.ON_SITE}:
        return "canceled"
    if visit.technician_id != technician.pk:
        return "reassigned"
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
        device_time=report.device_time,
        accepted=not conflict,
        conflict=conflict,
    )
    kept.reasons.set(report.reasons)
    for photo in {each.original_sha256: each for each in report.photos}.values():
        row = VisitPhoto(
            close_out=kept,
            sha256=hashlib.sha256(photo.jpeg).hexdigest(),
            original_sha256=photo.original_sha256,
            evidence=photo.evidence,
            scan=photo.scan,
            scanned_at=None if photo.scan == ScanState.NOT_SCANNED else timezone.now(),
        )
        row.file.name = documents.write(photo_path(row, ""), photo.jpeg)
        row.save()
    return kept
