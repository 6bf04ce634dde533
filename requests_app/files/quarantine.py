"""Uploads that wait for the virus scanner: asked about again until it answers, then released or deleted."""

from __future__ import annotations

import logging
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from msa_portal.db import lock
from requests_app import signals
from requests_app.enums import ScanState
from requests_app.files import virus_scanner
from requests_app.models.documents import Scanned

logger = logging.getLogger(__name__)

_A_SWEEP = 100
_PATIENCE = 3  # files in a row without an answer: the scanner is down, whatever the next one is


def look_again[Row: Scanned](rows: models.QuerySet[Row]) -> int:
    """Ask about what waits, the longest unasked first; how many got a verdict.

    A file that the scanner never judges goes to the end of the line, so that it holds up no other.
    An infected file is deleted; its row stays, and `signals.file_infected` is sent.
    """
    waiting = rows.filter(scan=ScanState.WAITING).order_by(F("scanned_at").asc(nulls_first=True), "pk")
    judged = silent = 0
    for row in waiting[:_A_SWEEP]:
        if _judged(row):
            judged, silent = judged + 1, 0
        else:
            silent += 1
        if silent == _PATIENCE:
            break
    for row in rows.filter(scan=ScanState.INFECTED).exclude(file="")[:_A_SWEEP]:
        _delete_file(row)
    return judged


def _judged(row: Scanned) -> bool:
    try:
        with row.file.open("rb") as file:
            verdict = virus_scanner.scan(file.read())
    except FileNotFoundError:
        logger.error("a file in quarantine is gone: %s %s", row._meta.label, row.pk)
        verdict = ScanState.WAITING
    with transaction.atomic():
        msa_request = lock(row.belongs_to)
        fresh = lock(row)
        if fresh.scan != ScanState.WAITING:
            return True
        fresh.scan, fresh.scanned_at = verdict, timezone.now()
        fresh.save(update_fields=["scan", "scanned_at"])
        if verdict == ScanState.INFECTED:
            signals.file_infected.send(sender=type(fresh), row=fresh, msa_request=msa_request)
    return verdict != ScanState.WAITING


def _delete_file(row: Scanned) -> None:
    """After the verdict is committed, and again by the next sweep where the storage fails."""
    try:
        row.file.delete(save=False)
    except OSError as error:
        logger.warning("an infected file cannot be deleted yet: %s", type(error).__name__)
        return
    rows: Any = type(row)._default_manager
    rows.filter(pk=row.pk).update(file="")
