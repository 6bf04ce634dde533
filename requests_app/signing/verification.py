"""Whether an agreement is ours and unchanged, for whoever holds its file or its number.

The answer names no person and no place: what the agreement says, only its holder knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet

from requests_app.enums import AgreementState
from requests_app.files import inspections, uploads
from requests_app.files.inspections import Verdict
from requests_app.models import Agreement, Seal

# Of such a file nothing can be said; any other that can't be read isn't ours.
_NOT_LOOKED_AT = {"too_slow", "line_full"}


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
    """By its fingerprint, else by the seal that an inspector found in it.

    Raises `Refused` by size, and where no inspector could look at it now.
    """
    uploads.check_size(upload)
    verdict = inspections.verdict_on(upload)
    known = of_fingerprint(verdict.sha256)
    if known is not None:
        return known
    changed = _once_sealed(verdict)
    return Result(Answer.CHANGED if changed else Answer.NOT_OURS, changed, verdict.sha256)


def of_fingerprint(sha256: str) -> Result | None:
    """What a file with that SHA-256 is; None where we have none."""
    by_file = Q(document__sha256=sha256) | Q(executed_document__sha256=sha256)
    agreement = _agreements().filter(by_file).first()
    return Result(_answer(agreement, sha256), agreement, sha256) if agreement else None


def knows(sha256: str) -> bool:
    return of_fingerprint(sha256) is not None


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


def _once_sealed(verdict: Verdict) -> Agreement | None:
    """The agreement that the file's seal names, where that seal's certificate is one of ours."""
    said = verdict.answer
    if said.get("refused") in _NOT_LOOKED_AT:
        raise uploads.refusal(said, allow_pdf=True)
    if "refused" in said:
        return None
    if not (said["certificate"] and Seal.objects.filter(certificate_sha256=said["certificate"]).exists()):
        return None
    return _numbered(said["reason"])
