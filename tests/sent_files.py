"""Files opened at once: what most tests use in place of the line in which files wait for an inspector."""

from __future__ import annotations

import time
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from fieldwork.phone import verdicts
from requests_app.enums import Inspect, InspectionState, ScanState
from requests_app.files import inspections, inspectors, uploads, virus_scanner
from requests_app.files.inspections import Inspected, Verdict
from requests_app.files.uploads import Checked
from requests_app.models import Inspection

_checked = verdicts.checked


def verdict_on(upload: UploadedFile[Any], *, only_seal: bool = False) -> Verdict:
    """What an inspector finds in a file that came with a form."""
    if isinstance(upload, Inspected):
        return upload.verdict
    upload.seek(0)
    body = upload.read()
    return opened(body, inspections.at_first_sight(body, only_seal=only_seal))


def opened(body: bytes, what: Inspect | None) -> Verdict:
    sha256 = uploads.sha256_of(body)
    if what is None:
        return Verdict(sha256, {"refused": "not_a_photo"})
    answer, jpeg = inspectors.run(what, body)
    scan = ScanState.NOT_SCANNED
    if "refused" not in answer and what != Inspect.SEAL:
        scan = virus_scanner.scan(body)
    return Verdict(sha256, answer, what, scan, lambda: jpeg or body)


def do_not_hold(request: HttpRequest, sent: Any, *, seal: bool, drawings: tuple[str, ...], **_options: Any) -> None:
    """In place of putting a form's files in line: seals are opened here, drawings become files."""
    for field, file in sent:
        if seal:
            verdict = verdict_on(file, only_seal=True)
            request.FILES.setlist(field, [Inspected(verdict, name=file.name or "", size=file.size or 0)])
        elif field in drawings:
            request.FILES.setlist(field, [file])


def checked(row: Inspection) -> Checked | None:
    """In place of waiting for a photo of a report."""
    while row.state != InspectionState.DONE:
        if not inspectors.inspect_next():
            time.sleep(0.02)  # another thread of the test is at it
        row.refresh_from_db()
    return _checked(row)
