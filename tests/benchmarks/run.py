"""One run: a fresh database, the data, the measurements."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from commands.console import ROOT, step
from tests import servers
from tests.benchmarks import agreements, field, lifecycle, measure, money, pages, upload
from tests.benchmarks.dispatch import compare
from tests.requests_app.utility_records import pairs

# As in production: no debugging aids, static files known beforehand.
LIKE_PRODUCTION = {
    "DEBUG": False,
    "WHITENOISE_AUTOREFRESH": False,
    "WHITENOISE_USE_FINDERS": False,
    "STATIC_ROOT": servers.scratch_folder(),
    "ROOT_URLCONF": "tests.benchmarks.urls",
}


def everything(
    *, repetitions: int, many: int, payments: int, dispatch_seconds: float, dispatch_visits: int
) -> dict[str, Any]:
    with step("Fresh database"):
        call_command("migrate", verbosity=0, interactive=False)
    with pooled():
        result = measured(repetitions, many, payments)
    with step(f"{upload.RUNS} reports from a phone whose link breaks"):
        result |= {"upload": upload.measured()}
    with step(f"A week of {dispatch_visits} visits, planned four ways, {dispatch_seconds:g} s each"):
        return result | {"dispatch": compare.measured(seconds=dispatch_seconds, visits=dispatch_visits)}


@contextmanager
def pooled() -> Iterator[None]:
    """PostgreSQL's connections are kept as in production, which the tests' settings do not do."""
    if connection.vendor != "postgresql":
        yield
        return
    connection.close()
    connection.settings_dict["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8}
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()


def measured(repetitions: int, many: int, payments: int) -> dict[str, Any]:
    with override_settings(**LIKE_PRODUCTION), money.provider_and_broker() as sandbox:
        with step(f"{many} requests, made through the services"):
            cases = pages.cases(many) + field.cases() + agreements.cases()
        with step(f"{payments} payments, in our books and the provider's"):
            of_money = money.cases(sandbox, repetitions=repetitions, payments=payments)
        # The last to be made: its inserts are sent again as they are, with ids that must stay free.
        cases += lifecycle.cases() + of_money
        with step(f"{repetitions} rounds"):
            measure.in_turns(cases, repetitions)
    with step("Labelled pairs"):
        judged = {"committed": pairs.rates(pairs.labelled()), "hold_out": pairs.rates(pairs.hold_out())}
    return about(repetitions, many, payments) | {"rows": measure.rows(cases), "record_pairs": judged}


def about(repetitions: int, many: int, payments: int) -> dict[str, Any]:
    return {
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "commit": commit(),
        "database": connection.vendor,
        "database_version": ".".join(map(str, connection.get_database_version())),
        "python": platform.python_version(),
        "django": django.get_version(),
        "cores": os.cpu_count(),
        "load_1_min": round(os.getloadavg()[0], 2),
        "repetitions": repetitions,
        "requests": many,
        "payments": payments,
    }


def commit() -> str:
    """The commit that was measured; empty outside a git checkout."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
