"""A report comes in from a phone or from its exported file: photos are put together, and the one close-out runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from fieldwork.models import CloseOut, SiteVisit, Technician
from fieldwork.phone import uploads
from fieldwork.visits import closeouts
from fieldwork.visits.annotations import draw
from fieldwork.visits.closeout_report import Photo, Report, body_hash
from msa_portal.errors import Refused
from requests_app.enums import VisitOutcome
from requests_app.files.uploads import Checked


class PhotosMissing(Refused):
    """The report names photos that are not here: `missing`, by hash. Send them, then the report again."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(_("Some photos of this report are not here yet."), code="photos_missing")
        self.missing = missing


class PhotosWaiting(Refused):
    """Photos of the report wait for an inspector. Nothing is lost: the same report again, a few seconds later."""

    def __init__(self) -> None:
        super().__init__(
            _("The report's photos are being checked. Send it again in a few seconds."), code="photos_waiting"
        )


def from_phone(
    visit: SiteVisit, report: UUID, sent: dict[str, Any], *, by: Technician, clock_off_seconds: int | None
) -> CloseOut:
    """`sent` is what `ReportSerializer` made of it. Sent again, also at once, it gives the first answer (fault 18).

    Raises `PhotosMissing`, `PhotosWaiting`, and what `closeouts.close_out` raises.
    """

    def photos() -> dict[str, Checked | Refused | None]:
        here, missing = uploads.complete(report, by, hashes_of(sent))
        if missing:
            raise PhotosMissing(missing)
        try:
            return {sha256: as_found(partial(uploads.checked, upload)) for sha256, upload in here.items()}
        except (FileNotFoundError, uploads.Damaged) as error:
            raise PhotosMissing(list(here)) from error

    kept = hand_in(visit, report, sent, photos, by=by, via=CloseOut.Via.OUTBOX, clock_off_seconds=clock_off_seconds)
    uploads.clear(report)  # committed by now; where this fails, the phone sends again and comes by here
    return kept


def hand_in(
    visit: SiteVisit,
    report: UUID,
    sent: dict[str, Any],
    opened: Callable[[], dict[str, Checked | Refused | None]],
    *,
    by: Technician,
    via: CloseOut.Via,
    clock_off_seconds: int | None = None,
) -> CloseOut:
    """Close out with the photos as inspectors found them. `opened` gives them by hash, where they are needed: for a
    report that is here already they are not looked at again. None is one that waits for an inspector."""
    known = _hash(sent)
    if kept := closeouts.kept_before(report, visit, known):
        return kept
    try:
        pictures = opened()
    except PhotosMissing:
        # The same report, sent at once, may have been taken in and its photos cleared since we looked.
        if kept := closeouts.kept_before(report, visit, known):
            return kept
        raise
    if None in pictures.values():
        raise PhotosWaiting
    photos = [_photo(photo, pictures[photo["sha256"]]) for photo in sent.get("photos", [])]
    return closeouts.close_out(visit, _report(report, sent, photos, via, clock_off_seconds), by=by.user)


def hashes_of(sent: dict[str, Any]) -> list[str]:
    return [photo["sha256"] for photo in sent.get("photos", [])]


def _hash(sent: dict[str, Any]) -> str:
    return body_hash(
        outcome=sent["outcome"],
        reasons=[reason.code for reason in sent.get("reasons", [])],
        checklist=sent.get("checklist", {}),
        serial_number=sent["serial_number"],
        notes=sent["notes"],
        photos=hashes_of(sent),
    )


def as_found(look: Callable[[], Checked | None]) -> Checked | Refused | None:
    """A refusal is told at its photo, once all are known."""
    try:
        return look()
    except (PhotosMissing, uploads.Damaged):
        raise
    except Refused as refusal:
        return refusal


def _photo(sent: dict[str, Any], checked: Checked | Refused | None) -> Photo:
    """Checked by content and encoded again, like any photo that people send (faults 30 to 32)."""
    if not isinstance(checked, Checked):
        raise Refused(
            _("A photo cannot be taken in: %(reason)s Take it out of the report and send again.")
            % {"reason": checked.message if checked else ""},
            code="photo_refused",
            fields={"photos": sent["sha256"]},
        )
    return Photo(
        jpeg=checked.body,
        original_sha256=sent["sha256"],
        evidence=checked.evidence,
        scan=checked.scan,
        reason=sent["reason"],
        marks=sent["marks"],
        annotated=draw(checked.body, sent["marks"]) if sent["marks"] else b"",
        taken_at=sent["taken_at"],
    )


def _report(
    report: UUID, sent: dict[str, Any], photos: list[Photo], via: CloseOut.Via, clock_off_seconds: int | None
) -> Report:
    return Report(
        id=report,
        outcome=VisitOutcome(sent["outcome"]),
        reasons=sent.get("reasons", []),
        checklist=sent.get("checklist", {}),
        serial_number=sent["serial_number"],
        notes=sent["notes"],
        photos=photos,
        stopped_unsafe=sent["stopped_unsafe"],
        opened_at=sent["opened_at"],
        device_time=sent["device_time"],
        clock_off_seconds=clock_off_seconds,
        via=via,
        app_version=sent["app_version"],
    )
