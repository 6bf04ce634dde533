"""The inspectors: a fixed number of processes that open files for everybody (ADR 32). No web process imports this."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from django.db.models import F
from django.utils import timezone

from requests_app.enums import Inspect, InspectionState, ScanState
from requests_app.files import inspections, storage, virus_scanner
from requests_app.models import HeldForm, Inspection
from requests_app.models.inspections import result_path

_SECONDS = 20  # by the clock, on a machine that has other things to do; the processor's time is in `limits`
_SILENT = timedelta(seconds=60)  # an inspector that has not answered by then was stopped
_ATTEMPTS = 2
_OVERDUE = timedelta(seconds=5)
_KEPT = timedelta(days=1)
_KEPT_FOR_A_PHONE = timedelta(days=14)
_A_SWEEP = 200
_TOO_SLOW = {"refused": "too_slow"}
_FOLDER = Path(__file__).parent  # of the package `inspection`
_START = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module("inspection", run_name="__main__")
"""

log = structlog.get_logger(__name__)


def inspect_next() -> bool:
    """Open the file that is first in line. False where nobody waits."""
    row = _claim()
    if row is None:
        return False
    with row.file.open("rb") as file:
        body = file.read()
    answer, jpeg = run(Inspect(row.what), body)
    scan = ScanState.NOT_SCANNED
    if "refused" not in answer and row.what != Inspect.SEAL:
        scan = virus_scanner.scan(body)
    with storage.atomic():
        result = storage.write(result_path(row, ""), jpeg) if jpeg else ""
        mine = Inspection.objects.filter(pk=row.pk, state=InspectionState.RUNNING, attempts=row.attempts)
        mine.update(state=InspectionState.DONE, answer=answer, result=result, scan=scan)
    return True


def _claim() -> Inspection | None:
    waiting = Inspection.objects.filter(state=InspectionState.WAITING)
    while row := waiting.first():
        mine = waiting.filter(pk=row.pk)
        if mine.update(state=InspectionState.RUNNING, started_at=timezone.now(), attempts=F("attempts") + 1):
            row.refresh_from_db()
            return row
    return None


def run(what: Inspect, body: bytes) -> tuple[dict[str, Any], bytes]:
    """Open the file in a process of its own. Returns its answer, and what is kept of a photo."""
    # Isolated: neither our environment, with its secrets, nor our modules are within its reach.
    program = [sys.executable, "-I", "-B", "-c", _START, str(_FOLDER), what]
    environment = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
    try:
        done = subprocess.run(program, input=body, capture_output=True, timeout=_SECONDS, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return _TOO_SLOW, b""
    if done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        return _TOO_SLOW, b""
    line, _newline, jpeg = done.stdout.partition(b"\n")
    answer: dict[str, Any] = json.loads(line) if done.returncode == 0 and line else {"refused": "too_heavy"}
    return answer, jpeg


def sweep() -> int:
    """Put back what an inspector left, delete what nobody came for; how many files wait for too long."""
    now = timezone.now()
    left = Inspection.objects.filter(state=InspectionState.RUNNING, started_at__lt=now - _SILENT)
    given_up = left.filter(attempts__gte=_ATTEMPTS).update(state=InspectionState.DONE, answer=_TOO_SLOW)
    put_back = left.update(state=InspectionState.WAITING)
    if given_up or put_back:
        log.warning("inspections_left", given_up=given_up, put_back=put_back)
    old_forms = HeldForm.objects.filter(created_at__lt=now - _KEPT)
    inspections.forget(Inspection.objects.filter(form__in=old_forms)[:_A_SWEEP])
    old_forms.filter(inspections=None).delete()
    inspections.forget(Inspection.objects.filter(form=None, created_at__lt=now - _KEPT_FOR_A_PHONE)[:_A_SWEEP])
    overdue = Inspection.objects.filter(state=InspectionState.WAITING, created_at__lt=now - _OVERDUE)
    return min(overdue.count(), _A_SWEEP)
