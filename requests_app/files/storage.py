"""Storing files: no row without its file, and no file without its row (fault 29)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from django.http import FileResponse
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app.enums import DocumentKind, ScanState
from requests_app.models import Document, MSARequest
from requests_app.models.documents import SUFFIXES, generated_path

__all__ = ["SUFFIXES", "atomic", "attachment", "download", "store", "write"]

_written: ContextVar[list[str] | None] = ContextVar("_written", default=None)


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction whose files go when it rolls back. Around `store`, in place of `transaction.atomic`."""
    outer = _written.get()
    written: list[str] = []
    token = _written.set(written)
    try:
        with transaction.atomic():
            yield
    except BaseException:
        for name in written:
            _storage().delete(name)
        raise
    finally:
        _written.reset(token)
    if outer is not None:
        outer.extend(written)


def store(
    msa_request: MSARequest,
    kind: DocumentKind,
    *,
    name: str,
    body: bytes,
    by: User | None,
    content_type: str = "application/pdf",
    topic: str = "",
    evidence: dict[str, Any] | None = None,
    scan: ScanState = ScanState.NOT_SCANNED,
) -> Document:
    """Write the file under a name of our own, then its row. Raises `Refused` where it cannot be written.

    What people send comes through `uploads.receive`, which checks it first.
    """
    document = Document(
        msa_request=msa_request,
        kind=kind,
        name=name,
        content_type=content_type,
        topic=topic,
        evidence=evidence or {},
        scan=scan,
        scanned_at=None if scan == ScanState.NOT_SCANNED else timezone.now(),
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        created_by=by,
    )
    with atomic():
        document.file.name = write(generated_path(document, name), body)
        document.save()
    return document


def write(path: str, body: bytes) -> str:
    """Write a file that goes when the `atomic` around it rolls back. Returns its name in the storage."""
    written = _written.get()
    if written is not None:
        written.append(path)
    try:
        return _storage().save(path, ContentFile(body))
    except OSError as error:
        raise Refused(
            _("The file could not be stored. Nothing is lost: try again in a few minutes."), code="storage_failed"
        ) from error


def read(document: Document) -> bytes:
    with document.file.open("rb") as file:
        body: bytes = file.read()
    return body


def _storage() -> Storage:
    return Document._meta.get_field("file").storage


def attachment(document: Document) -> FileResponse:
    """The file as a download that a browser neither guesses at nor runs (fault 31).

    The caller has checked who asks. Raises `FileNotFoundError` where the file is gone, and for one
    in quarantine, which is there for nobody.
    """
    if not document.is_readable:
        raise FileNotFoundError(document.pk)
    return download(document.file.open("rb"), name=document.name, content_type=document.content_type)


def download(body: IO[bytes], *, name: str, content_type: str) -> FileResponse:
    """An open file as such a download (fault 31). The caller has checked who asks."""
    response = FileResponse(body, as_attachment=True, filename=get_valid_filename(name), content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
