"""The file that a phone exports as a last resort, taken in by dispatch (docs/operations.md has its format).

Each report in it goes through the same door as from the phone, so taking the file in again changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from fieldwork.models import CloseOut, SiteVisit, Technician
from fieldwork.phone import verdicts
from fieldwork.phone.report_submission import PhotosWaiting, as_found, hand_in
from fieldwork.phone.serializers import ReportSerializer
from fieldwork.visits import orders, outcome_text
from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app.files.uploads import Checked

FORMAT = "msa-outbox-1"
MOST_BYTES = 60_000_000


@dataclass(frozen=True)
class Line:
    """What became of one report of the file; `kept` is None where it was refused."""

    report: str
    visit: SiteVisit | None
    kept: CloseOut | None
    text: str
    is_new: bool = False


def take_in(file: BinaryIO, *, by: User) -> list[Line]:
    """Take in every report of the file that can be; the others say why not. One does not stop the next.

    Raises `Refused` where the file is not such a file, or its technician is unknown.
    """
    if not by.has_perm("fieldwork.review_closeout"):
        raise Refused(_("Only a dispatcher takes in a phone's file."), code="not_allowed")
    body = _read(file)
    number = body.get("technician")
    technician = Technician.objects.select_related("user").filter(pk=number if isinstance(number, int) else 0).first()
    if technician is None:
        raise Refused(_("The technician of this file is not known here."), code="unknown_technician")
    return [_take_in(report, technician, by) for report in body["reports"]]


def _read(file: BinaryIO) -> dict[str, Any]:
    text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise Refused(
            _("This file is larger than %(limit)s MB. Export fewer reports at once.")
            % {"limit": MOST_BYTES // 1_000_000},
            code="too_large",
        )
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_such_file() from error
    if not isinstance(body, dict) or body.get("format") != FORMAT or not isinstance(body.get("reports"), list):
        raise _no_such_file()
    return body


def _no_such_file() -> Refused:
    return Refused(
        _("This is not a file that the field app exported. Its name begins with msa-outbox and ends with .json."),
        code="not_an_outbox",
    )


def _take_in(sent: Any, technician: Technician, by: User) -> Line:
    try:
        report = UUID(str(sent["id"]))
    except (ValueError, TypeError, KeyError):
        return Line("?", None, None, _("This report has no id that can be used."))
    serializer = ReportSerializer(data=sent)
    if not serializer.is_valid():
        fields = ", ".join(serializer.errors)
        return Line(str(report), None, None, _("These fields cannot be used: %(fields)s.") % {"fields": fields})
    checked = serializer.validated_data
    visit = (
        SiteVisit.objects.select_related("order__round__msa_request__device", "technician__user")
        .filter(pk=checked["visit"])
        .first()
    )
    if visit is None or not orders.was_given_to(visit, technician.user):
        return Line(str(report), None, None, _("This visit was never given to this technician."))
    was_here = CloseOut.objects.filter(pk=report).exists()
    try:
        kept = hand_in(
            visit, report, checked, lambda: _found(sent.get("photos", []), by), by=technician, via=CloseOut.Via.FILE
        )
    except PhotosWaiting:
        words = _("Its photos are being checked. Take in the same file again in a minute.")
        return Line(str(report), visit, None, words)
    except Refused as refusal:
        return Line(str(report), visit, None, str(refusal))
    return Line(str(report), visit, kept, _words(kept, was_here=was_here), is_new=not was_here)


def _words(kept: CloseOut, *, was_here: bool) -> str:
    if was_here:
        return _("This report was here already.")
    return outcome_text.conflict_text(kept) if kept.conflict else _("Taken in. The customer is told now.")


def _found(photos: list[dict[str, Any]], by: User) -> dict[str, Checked | Refused | None]:
    return {
        sha256: as_found(partial(verdicts.of_file, body, sha256, sender=by))
        for sha256, body in _bodies(photos).items()
    }


def _bodies(photos: list[dict[str, Any]]) -> dict[str, bytes]:
    """By hash; each is what its hash says, or the report is refused."""
    bodies: dict[str, bytes] = {}
    for photo in photos:
        try:
            body = base64.b64decode(str(photo.get("data", "")), validate=True)
        except (binascii.Error, ValueError):
            body = b""
        if len(body) > settings.MAX_UPLOAD_BYTES or hashlib.sha256(body).hexdigest() != photo["sha256"]:
            raise Refused(_("A photo in this file is damaged. Export it again."), code="damaged_photo")
        bodies[photo["sha256"]] = body
    return bodies
