"""The line of files that wait for an inspector (ADR 32). A web process only puts them there, and reads what was found.

`inspectors`, which runs beside the web processes, opens them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest

from msa_portal.accounts.models import User
from msa_portal.jobs import kick
from requests_app.enums import Inspect, InspectionState, ScanState
from requests_app.files import storage
from requests_app.models import HeldForm, Inspection
from requests_app.models.inspections import waiting_path

OPEN = (InspectionState.WAITING, InspectionState.RUNNING)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


class NotInspected(Exception):
    """A fault of the program: a file was about to be used that no inspector has opened."""


@dataclass(frozen=True)
class Sender:
    """Who sends a file: a person, else a network address. `is_stranger` goes after everybody who is not."""

    person: User | None = None
    address: str | None = None
    is_stranger: bool = False

    @classmethod
    def of(cls, request: HttpRequest, *, is_stranger: bool = False) -> Sender:
        if isinstance(request.user, User):
            return cls(person=request.user)
        return cls(address=request.META.get("REMOTE_ADDR") or None, is_stranger=is_stranger)

    def rows(self) -> QuerySet[Inspection]:
        mine = Q(person=self.person) if self.person else Q(person=None, address=self.address)
        return Inspection.objects.filter(mine)


def _nothing() -> bytes:
    return b""


@dataclass(frozen=True)
class Verdict:
    """What is known of a file: the inspector's answer, or `{"refused": code}`. `body` is what may be kept of it."""

    sha256: str
    answer: dict[str, Any]
    what: str = ""
    scan: ScanState = ScanState.NOT_SCANNED
    body: Callable[[], bytes] = field(default=_nothing, repr=False)


class Inspected(UploadedFile):
    """A file that came with a form, after an inspector opened it, or where its first bytes decide."""

    def __init__(self, verdict: Verdict, *, name: str, size: int) -> None:
        super().__init__(io.BytesIO(), name=name, size=size)
        self.verdict = verdict


def verdict_on(upload: UploadedFile[Any]) -> Verdict:
    if not isinstance(upload, Inspected):
        raise NotInspected(upload.name)
    return upload.verdict


def verdict_of(row: Inspection) -> Verdict:
    """Of a row that is done. Its body is read when it is asked for: raises `FileNotFoundError` where it is gone."""
    kept = row.result if row.what == Inspect.PHOTO else row.file

    def body() -> bytes:
        with kept.open("rb") as file:
            return bytes(file.read())

    return Verdict(row.sha256, row.answer, row.what, ScanState(row.scan), body)


def at_first_sight(body: bytes, *, only_seal: bool = False) -> Inspect | None:
    """What to open a file as, by its first bytes; None where those show that it isn't taken."""
    if body.startswith(b"%PDF-"):
        return Inspect.SEAL if only_seal else Inspect.PDF
    return Inspect.PHOTO if not only_seal and _may_be_photo(body) else None


def _may_be_photo(data: bytes) -> bool:
    if data[4:8] == b"ftyp":
        return data[8:12] in _HEIC_BRANDS
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return webp or data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def has_room(sender: Sender, sizes: list[int]) -> bool:
    """Whether the sender, and everybody together, may put files of those sizes, in bytes, in line.

    Files that were opened and that nobody sent on are kept for a day: they count by their bytes.
    """
    most = settings.MAX_FILES_IN_LINE_OF_STRANGER if sender.is_stranger else settings.MAX_FILES_IN_LINE
    waiting = Inspection.objects.filter(state__in=OPEN)
    if waiting.count() + len(sizes) > settings.MAX_FILES_IN_LINE_OF_ALL:
        return False
    own = sender.rows().aggregate(
        in_line=Count("pk", filter=Q(state__in=OPEN)), kept=Sum("size", filter=Q(form__isnull=False), default=0)
    )
    return own["in_line"] + len(sizes) <= most and own["kept"] + sum(sizes) <= settings.MAX_WAITING_BYTES


def line_up(
    body: bytes, what: Inspect, *, sender: Sender, name: str = "", form: HeldForm | None = None, field: str = ""
) -> Inspection:
    """Keep the file for an inspector. Raises `Refused` where it cannot be written."""
    row = Inspection(
        form=form,
        field=field,
        what=what,
        person=sender.person,
        address=sender.address,
        is_stranger=sender.is_stranger,
        turn=sender.rows().filter(state__in=OPEN).count(),
        name=name[-255:],
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )
    with storage.atomic():
        row.file.name = storage.write(waiting_path(row, ""), body)
        row.save()
        kick("requests_app.inspect_next")
    return row


def place_in_line(row: Inspection) -> int:
    """1 for the next one; 0 where it is being opened or done."""
    if row.state != InspectionState.WAITING:
        return 0
    before = (
        Q(is_stranger__lt=row.is_stranger)
        | Q(is_stranger=row.is_stranger, turn__lt=row.turn)
        | Q(is_stranger=row.is_stranger, turn=row.turn, created_at__lt=row.created_at)
    )
    return Inspection.objects.filter(state=InspectionState.WAITING).filter(before).count() + 1


def forget(rows: QuerySet[Inspection]) -> None:
    """Delete rows with their files."""
    for row in rows:
        Inspection.objects.filter(pk=row.pk).delete()
        for kept in (row.file, row.result):
            if kept:
                transaction.on_commit(lambda kept=kept: kept.storage.delete(kept.name))  # type: ignore[misc]
