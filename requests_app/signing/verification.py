"""Whether an agreement is ours and unchanged, for whoever holds its file or its number.

The answer names no person and no place: what the agreement says, only its holder knows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet

from msa_portal.errors import Refused
from requests_app.enums import AgreementState
from requests_app.files import uploads
from requests_app.models import Agreement, Seal


class Answer(StrEnum):
    """`SEALED` and the two after it: ours, byte by byte. `ON_RECORD`: the number is, no file was shown."""

    SEALED = "sealed"
    REPLACED = "replaced"
    UNSIGNED = "unsigned"
    CHANGED = "changed"
    NOT_OURS = "not_ours"
    ON_RECORD = "on_record"
    NO_SUCH_NUMBER = "no_such_number"


@dataclass(frozen=True)
class Result:
    """`agreement` is the one that the file is, or says that it is; `fingerprint` is the shown file's SHA-256."""

    answer: Answer
    agreement: Agreement | None = None
    fingerprint: str = ""

    @property
    def is_ours(self) -> bool:
        return self.answer in {Answer.SEALED, Answer.REPLACED, Answer.UNSIGNED, Answer.ON_RECORD}


def of_file(upload: UploadedFile[Any]) -> Result:
    """By its fingerprint; a file that we do not know is opened for the seal in it. Raises `Refused` by size."""
    uploads.check_size(upload)
    upload.seek(0)
    body = upload.read()
    fingerprint = hashlib.sha256(body).hexdigest()
    agreement = (
        _agreements().filter(Q(document__sha256=fingerprint) | Q(executed_document__sha256=fingerprint)).first()
    )
    if agreement is not None:
        return Result(_answer(agreement, fingerprint), agreement, fingerprint)
    changed = _once_sealed(body)
    return Result(Answer.CHANGED if changed else Answer.NOT_OURS, changed, fingerprint)


def of_number(number: str) -> Result:
    agreement = _numbered(number)
    return Result(Answer.ON_RECORD if agreement else Answer.NO_SUCH_NUMBER, agreement)


def _agreements() -> QuerySet[Agreement]:
    return Agreement.objects.select_related("msa_request", "document", "executed_document__seal")


def _answer(agreement: Agreement, fingerprint: str) -> Answer:
    signed = agreement.executed_document
    if signed is None or signed.sha256 != fingerprint:
        return Answer.UNSIGNED
    return Answer.REPLACED if agreement.state == AgreementState.SUPERSEDED else Answer.SEALED


def _numbered(number: str) -> Agreement | None:
    reference, _dash, version = number.strip().upper().rpartition("-A")
    if not (version.isascii() and version.isdigit() and len(version) < 5):
        return None
    return _agreements().filter(msa_request__reference=reference, version=int(version)).first()


def _once_sealed(body: bytes) -> Agreement | None:
    """The agreement that the file's seal names, where that seal's certificate is one of ours."""
    if not body.startswith(b"%PDF-"):
        return None
    try:
        said, _nothing = uploads.inspect("seal", body, allow_pdf=True)
    except Refused:
        return None
    if not (said["certificate"] and Seal.objects.filter(certificate_sha256=said["certificate"]).exists()):
        return None
    return _numbered(said["reason"])
