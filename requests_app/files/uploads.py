"""What people send us: judged by content, never by name, and encoded again (faults 30 to 36).

`receive` is the one door. Files come here after an inspector opened them (`inspections`).
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import deadlines
from requests_app.enums import DocumentKind, Inspect, PhotoTopic, ScanState
from requests_app.files import inspections, storage
from requests_app.files.inspection import limits
from requests_app.files.inspections import Verdict
from requests_app.models import Document, MSARequest
from requests_app.models.parties import is_agent_of

UPLOADED = frozenset(
    {
        DocumentKind.SITE_PHOTO,
        DocumentKind.PRODUCT_DOCUMENT,
        DocumentKind.PAPER_AGREEMENT,
        DocumentKind.DRAWN_SIGNATURE,
        DocumentKind.CURE_PROOF,
    }
)
_NAME_LENGTH = 100
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Checked:
    """A file that was found harmless by what it holds: what is kept of it, and what is known of it."""

    name: str
    content_type: str
    body: bytes
    sha256_of_original: str
    scan: ScanState
    evidence: dict[str, Any] = field(default_factory=dict)
    pages: int = 1


def receive(
    msa_request: MSARequest,
    upload: UploadedFile[Any],
    *,
    kind: DocumentKind,
    by: User | None,
    topic: PhotoTopic | str = "",
    allow_pdf: bool = False,
) -> Document:
    """Check what was sent and keep it with the request. The caller has checked who sends.

    Raises `Refused`, with nothing stored, for what is no photo (or harmless PDF), too large,
    infected, or over the request's quota. Where the scanner gives no answer the document is kept
    in quarantine (`ScanState.WAITING`): tell its sender that it is being checked.
    """
    return keep(msa_request, check(upload, allow_pdf=allow_pdf), kind=kind, by=by, topic=topic)


def check(upload: UploadedFile[Any], *, allow_pdf: bool = False) -> Checked:
    """What an inspector found in what was sent. Raises `Refused`; stores nothing and opens nothing.

    Raises `NotInspected` for a file that no inspector has opened: the view lacks `takes_files`.
    """
    check_size(upload)
    verdict = inspections.verdict_on(upload)
    return checked(verdict, name=upload.name or "", allow_pdf=allow_pdf)


def checked(verdict: Verdict, *, name: str, allow_pdf: bool = False) -> Checked:
    if verdict.what == Inspect.PDF and not allow_pdf:
        raise refusal({"refused": "not_a_photo"})
    if "refused" in verdict.answer:
        raise refusal(verdict.answer, allow_pdf=allow_pdf)
    if verdict.scan == ScanState.INFECTED:
        raise Refused(
            _("The virus scanner found something harmful in this file, so it was not kept. Send another one."),
            code="infected",
        )
    content_type = "application/pdf" if verdict.what == Inspect.PDF else "image/jpeg"
    return Checked(
        name=safe_name(name, content_type),
        content_type=content_type,
        body=verdict.body(),
        sha256_of_original=verdict.sha256,
        scan=verdict.scan,
        evidence=verdict.answer.get("evidence", {}),
        pages=verdict.answer.get("pages", 1),
    )


def keep(
    msa_request: MSARequest, checked: Checked, *, kind: DocumentKind, by: User | None, topic: PhotoTopic | str = ""
) -> Document:
    """Store what was checked, within the request's quota, which holds under the request's lock."""
    with storage.atomic():
        fresh = lock(msa_request)
        _check_quota(fresh, len(checked.body))
        _check_storage(fresh, by, len(checked.body))
        deadlines.record_activity(fresh, by=by)
        return storage.store(
            fresh,
            kind,
            name=checked.name,
            body=checked.body,
            by=by,
            content_type=checked.content_type,
            topic=topic,
            evidence=checked.evidence | {"sha256_of_original": checked.sha256_of_original},
            scan=checked.scan,
        )


def reencode_photo(upload: UploadedFile[Any]) -> bytes:
    """The photo as a new JPEG, turned upright, with no metadata. Raises `Refused` for anything else."""
    return check(upload).body


def check_size(upload: UploadedFile[Any]) -> None:
    if not upload.size:
        raise Refused(_("This file is empty. Choose the file again."), code="empty_file")
    if upload.size > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES // _MEGABYTE
        raise Refused(
            _("This file is larger than %(limit)s MB. Send a smaller one.") % {"limit": limit}, code="too_large"
        )


def sha256_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def safe_name(name: str, content_type: str) -> str:
    """A name to show: the sender's, without folders, control characters and marks that turn text around."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = last.rsplit(".", 1)[0] if "." in last else last
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in stem)
    kept = " ".join(kept.strip(". ").split())[:_NAME_LENGTH].strip(". ")
    return f"{kept or 'file'}.{storage.SUFFIXES[content_type]}"


def _check_quota(msa_request: MSARequest, size: int) -> None:
    """Replaced files count too, as they are kept; infected ones were deleted."""
    used = Document.objects.filter(msa_request=msa_request, kind__in=UPLOADED).exclude(scan=ScanState.INFECTED)
    now = used.aggregate(files=Count("pk"), bytes=Sum("size", default=0))
    if now["files"] >= settings.MAX_UPLOADS_PER_REQUEST:
        raise Refused(
            _("This request has %(limit)s files already, and no more can be added. Call the program for help.")
            % {"limit": settings.MAX_UPLOADS_PER_REQUEST},
            code="quota",
        )
    if now["bytes"] + size > settings.MAX_UPLOAD_BYTES_PER_REQUEST:
        raise Refused(
            _("This request's files would take more than %(limit)s MB. Send a smaller file, or call the program.")
            % {"limit": settings.MAX_UPLOAD_BYTES_PER_REQUEST // _MEGABYTE},
            code="quota",
        )


def _check_storage(msa_request: MSARequest, by: User | None, size: int) -> None:
    """What the person, or the company that they act for, keeps here in all. By a private link, the request's quota is all.

    Without a lock of its own: two files at once can pass the limit by one, which is far from filling a disk.
    """
    if by is None or by.sees_all_requests:
        return
    rows = Document.objects.filter(kind__in=UPLOADED).exclude(scan=ScanState.INFECTED)
    if is_agent_of(by, msa_request):
        used, most = rows.filter(msa_request__agent_company=msa_request.agent_company_id), "bytes_of_company"
    else:
        used, most = rows.filter(created_by=by, msa_request__owner=by), "bytes_of_person"
    if used.aggregate(bytes=Sum("size", default=0))["bytes"] + size > settings.QUOTAS[most]:
        raise Refused(
            _(
                "There's no room for this file: all your files together would take more than %(limit)s MB. Nothing else"
                " is lost. Send a smaller file, or call the program."
            )
            % {"limit": settings.QUOTAS[most] // _MEGABYTE},
            code="quota",
        )


def refusal(answer: dict[str, Any], *, allow_pdf: bool = False) -> Refused:
    """The words for why a file is not taken, and what to send instead."""
    code = answer["refused"]
    if code == "not_a_photo" and allow_pdf:
        code = "not_a_file"
    return Refused(_words(code, answer.get("part", "")), code=answer["refused"])


def _words(code: str, part: str) -> str:
    return {
        "not_a_photo": _("This file is not a photo that we can read. Send a JPEG, PNG, WebP or HEIC photo."),
        "not_a_file": _(
            "This file is neither a photo nor a PDF that we can read. Send a JPEG, PNG, WebP or HEIC photo, or a PDF."
        ),
        "not_a_pdf": _("This PDF is damaged and cannot be read. Save or scan it again, or send photos of the pages."),
        "too_many_pixels": _("This photo has more than %(limit)s million pixels. Send a smaller one.")
        % {"limit": limits.MAX_PIXELS // _MEGABYTE},
        "several_pictures": _(
            "This file holds more than one picture, and only one could be kept. Send each picture as a file of its own."
        ),
        "too_many_pages": _("This PDF has more than %(limit)s pages. Send only the pages that are asked for.")
        % {"limit": limits.MAX_PAGES},
        "too_heavy": _(
            "This file takes more memory or time to open than we allow. Send a photo of it, or scan it in less detail."
        ),
        "too_slow": _(
            "We couldn't read this file in time. Send a photo of it, or scan it in less detail. Nothing else is lost."
        ),
        "line_full": _("Too many files are being checked right now. Wait a few minutes, then send this file again."),
        "active_pdf": _("This PDF %(what)s, so it is not taken. Print it to a new PDF, or send photos of the pages.")
        % {"what": _active(part)},
    }[code]


def _active(part: str) -> str:
    return {
        "javascript": _("holds a program (JavaScript)"),
        "action": _("holds an action that would start something on our computers"),
        "external": _("points to a file outside of it"),
        "embedded": _("carries another file inside it"),
        "xfa": _("holds a form that runs programs (XFA)"),
        "media": _("holds video, sound or 3D"),
        "encrypted": _("is locked with a password or encrypted"),
        "": "",
    }[part]
