"""Photos on their way in from a phone: announced, sent in chunks, and gone on with after a break (fault 55).

Each chunk is a file of its own under `visits/incoming/`, since not every storage can append. A photo becomes
evidence only when its report arrives; what never gets one is swept away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fieldwork.models import CloseOut, PhotoUpload, SiteVisit, Technician, VisitPhoto
from fieldwork.phone import verdicts
from fieldwork.visits.closeout_report import MAX_PHOTOS
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app.files import inspections, storage
from requests_app.files.uploads import Checked
from requests_app.models import Inspection

CHUNK_BYTES = 256 * 1024
# More than the photos of a day: a phone that announces without end is stopped.
MOST_UPLOADS = 200
_KEPT = timedelta(days=14)

log = structlog.get_logger(__name__)


class WrongOffset(Refused):
    """The chunk is not the next one; `received` is where to go on."""

    def __init__(self, received: int) -> None:
        super().__init__(_("Go on from where the photo is."), code="offset")
        self.received = received


class Damaged(Refused):
    """What arrived is not the photo that was announced; it begins anew."""

    def __init__(self) -> None:
        super().__init__(_("The photo arrived damaged and is sent again."), code="hash")


def announce(
    visit: SiteVisit,
    technician: Technician,
    report: UUID,
    sha256: str,
    size: int,
    *,
    keep: Collection[str] | None = None,
) -> tuple[int, bool]:
    """Begin a photo, or find it again: how many of its bytes are here, and whether it is new.

    All of them are, where its report was taken in already. Photos come while the form is still being filled in: with
    `keep`, those of the report that it does not name are forgotten. One that was sent for the visit under another id
    of the report, before it was opened again, is not sent twice. Raises `Refused`: too large, too many, or known with
    another size.
    """
    if VisitPhoto.objects.filter(close_out_id=report, original_sha256=sha256, close_out__by=technician).exists():
        return size, False
    if keep is not None:
        for dropped in PhotoUpload.objects.filter(close_out_id=report, technician=technician).exclude(
            sha256__in={*keep, sha256}
        ):
            _delete(dropped)
    upload = PhotoUpload.objects.filter(close_out_id=report, sha256=sha256).first()
    upload = upload or _adopt(visit, technician, report, sha256, size)
    is_new = upload is None
    if upload is None:
        _check_room(technician, report, size)
        upload, is_new = PhotoUpload.objects.get_or_create(
            close_out_id=report, sha256=sha256, defaults={"visit": visit, "technician": technician, "size": size}
        )
    if (upload.visit_id, upload.technician_id, upload.size) != (visit.pk, technician.pk, size):
        raise Refused(_("This photo was announced differently before."), code="different_photo")
    return upload.received, is_new


def _adopt(visit: SiteVisit, technician: Technician, report: UUID, sha256: str, size: int) -> PhotoUpload | None:
    """The same photo of an earlier id of the report, where no report came under that."""
    with transaction.atomic():
        rows = PhotoUpload.objects.filter(visit=visit, technician=technician, sha256=sha256, size=size)
        rows = rows.exclude(close_out_id__in=CloseOut.objects.values("pk"))
        row = rows.select_for_update(of=("self",)).first()
        if row is None or PhotoUpload.objects.filter(close_out_id=report).count() >= MAX_PHOTOS:
            return None
        row.close_out_id = report
        row.save(update_fields=["close_out_id", "updated_at"])
    return row


def _check_room(technician: Technician, report: UUID, size: int) -> None:
    if size > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES // 1_000_000
        raise Refused(_("This photo is larger than %(limit)s MB.") % {"limit": limit}, code="too_large")
    if PhotoUpload.objects.filter(close_out_id=report).count() >= MAX_PHOTOS:
        raise Refused(_("At most %(count)s photos.") % {"count": MAX_PHOTOS}, code="too_many_photos")
    if PhotoUpload.objects.filter(technician=technician).count() >= MOST_UPLOADS:
        raise Refused(_("Too many photos are on their way. Send the reports that wait first."), code="too_many_photos")


def append(upload: PhotoUpload, offset: int, chunk: bytes) -> int:
    """Keep the next chunk; how many bytes are here now. Sent twice, also at once, it is kept once.

    Raises `WrongOffset`; `Damaged` where the whole has another hash than was announced; `Refused` for more than
    was announced.
    """
    with storage.atomic():
        fresh = lock(upload)
        if offset != fresh.received:
            raise WrongOffset(fresh.received)
        if not chunk or offset + len(chunk) > fresh.size:
            raise Refused(_("This is more, or less, than was announced."), code="size")
        path = _path(fresh, offset)
        _storage().delete(path)  # of a server that stopped between the file and its row
        storage.write(path, chunk)
        fresh.received += len(chunk)
        fresh.save(update_fields=["received", "updated_at"])
    if fresh.is_complete:
        _line_up(fresh)
    return fresh.received


def _line_up(upload: PhotoUpload) -> None:
    """A photo that is here whole goes to an inspector. Raises `Damaged` where it isn't what was announced."""
    body = b"".join(_chunks(upload))
    if hashlib.sha256(body).hexdigest() != upload.sha256:
        _start_over(upload)
        raise Damaged
    row = verdicts.line_up(body, sender=upload.technician.user)
    PhotoUpload.objects.filter(pk=upload.pk).update(inspection=row)


def _start_over(upload: PhotoUpload) -> None:
    with storage.atomic():
        fresh = lock(upload)
        fresh.received = 0
        fresh.save(update_fields=["received", "updated_at"])
        _delete_files(fresh)  # under the lock: the first chunk may be on its way again


def complete(report: UUID, technician: Technician, hashes: Iterable[str]) -> tuple[dict[str, PhotoUpload], list[str]]:
    """The photos of a report that are here, by hash, and the hashes of those that are not."""
    wanted = list(dict.fromkeys(hashes))
    rows = PhotoUpload.objects.filter(close_out_id=report, technician=technician, sha256__in=wanted)
    rows = rows.select_related("inspection", "technician__user")
    here = {row.sha256: row for row in rows if row.is_complete}
    return here, [sha256 for sha256 in wanted if sha256 not in here]


def checked(upload: PhotoUpload) -> Checked | None:
    """The photo as an inspector found it; None while it waits for one.

    Raises `Refused`, and `FileNotFoundError` where it was cleared away meanwhile.
    """
    if upload.inspection is None:
        _line_up(upload)
        return None
    return verdicts.checked(upload.inspection)


def clear(report: UUID) -> None:
    """After its report is kept. Repeating is harmless."""
    for upload in PhotoUpload.objects.filter(close_out_id=report):
        _delete(upload)


def sweep() -> int:
    """Delete what no report came for within two weeks, and what stayed of a report that was kept."""
    old = PhotoUpload.objects.filter(updated_at__lt=timezone.now() - _KEPT)
    done = PhotoUpload.objects.filter(close_out_id__in=CloseOut.objects.values("pk"))
    count = 0
    for upload in (old | done).iterator():
        log.info("photo_upload_swept", upload=str(upload.pk), received=upload.received, size=upload.size)
        _delete(upload)
        count += 1
    return count


def _delete(upload: PhotoUpload) -> None:
    """The row first: a file without a row is found by its folder, a row without its file would be believed."""
    PhotoUpload.objects.filter(pk=upload.pk).delete()
    if upload.inspection_id:
        inspections.forget(Inspection.objects.filter(pk=upload.inspection_id))
    _delete_files(upload)


def _delete_files(upload: PhotoUpload) -> None:
    storage, folder = _storage(), _folder(upload)
    try:
        _folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        storage.delete(f"{folder}/{name}")
    storage.delete(folder)


def _chunks(upload: PhotoUpload) -> Iterator[bytes]:
    at = 0
    while at < upload.received:
        with _storage().open(_path(upload, at), "rb") as file:
            chunk: bytes = file.read()
        if not chunk:
            raise FileNotFoundError(_path(upload, at))
        yield chunk
        at += len(chunk)


def _folder(upload: PhotoUpload) -> str:
    return f"visits/incoming/{upload.pk}"


def _path(upload: PhotoUpload, offset: int) -> str:
    return f"{_folder(upload)}/{offset:09d}"


def _storage() -> Storage:
    field: Any = VisitPhoto._meta.get_field("file")
    storage: Storage = field.storage
    return storage
