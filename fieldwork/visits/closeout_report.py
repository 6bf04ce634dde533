"""What a technician says of a visit, as the page, the phone and an exported file hand it in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from fieldwork.models import CloseOut
from requests_app.enums import ScanState, VisitOutcome
from requests_app.models import OutcomeReason, Product, serial_patterns

MAX_PHOTOS = 8


@dataclass(frozen=True)
class Photo:
    """A photo as encoded anew, the hash of what the phone sent, and what is known of it.

    `annotated` is a copy with the technician's `marks` drawn on; empty where there are none.
    """

    jpeg: bytes
    original_sha256: str
    evidence: dict[str, Any] = field(default_factory=dict)
    scan: ScanState = ScanState.NOT_SCANNED
    reason: OutcomeReason | None = None
    marks: Sequence[dict[str, Any]] = ()
    annotated: bytes = b""
    taken_at: datetime | None = None


@dataclass(frozen=True)
class Report:
    """`id` is minted when the form opens. `opened_at` and `device_time` (finished) are the phone's own; how far its
    clock is off at sending is `clock_off_seconds`, which, like `via`, does not make another report of it."""

    id: UUID
    outcome: VisitOutcome
    reasons: Sequence[OutcomeReason] = ()
    checklist: dict[str, str] = field(default_factory=dict)
    serial_number: str = ""
    notes: str = ""
    photos: Sequence[Photo] = ()
    stopped_unsafe: bool = False
    opened_at: datetime | None = None
    device_time: datetime | None = None
    clock_off_seconds: int | None = None
    via: CloseOut.Via = CloseOut.Via.FORM
    app_version: str = ""

    def body_hash(self) -> str:
        """Tells a repeat of this report from a different one under the same id."""
        return body_hash(
            outcome=self.outcome,
            reasons=[reason.code for reason in self.reasons],
            checklist=self.checklist,
            serial_number=self.serial_number,
            notes=self.notes,
            photos=[photo.original_sha256 for photo in self.photos],
        )


def body_hash(
    *,
    outcome: str,
    reasons: Sequence[str],
    checklist: dict[str, str],
    serial_number: str,
    notes: str,
    photos: Sequence[str],
) -> str:
    """The same for the same report, in whatever order reasons and photos come; photos by their SHA-256."""
    body: list[Any] = [str(outcome), sorted(reasons), checklist, serial_number, notes, sorted(photos)]
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def serial_matches(serial_number: str, product: Product | None) -> bool | None:
    """Whether the number is one that this product can bear; None where that cannot be told.

    Spaces and case do not count, since people read them off labels.
    """
    if not serial_number.strip() or product is None or not product.serial_pattern:
        return None
    return serial_patterns.matches(serial_number, product.serial_pattern)
