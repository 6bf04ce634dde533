"""The portal's processes with demo data. Making the data takes a minute, so it's made once and copied."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests import prepared, servers
from tests.stack import SECONDS_TO_START, LiveStack

# All product code, since the services make the data; texts and templates too, since PDFs and emails use them.
SEEDED_FROM = (
    *(
        "**/*.py",
        "**/*.csv",
        "**/*.html",
        "**/*.css",
        "templates/**/*",
        "static/**/*",
        "locale/**/*.po",
        "commands/*.py",
    ),
    *("requirements.txt", "package-lock.json", "tests/stack.py", "tests/seeded.py"),
)
HOURS = 6  # the data depends on the time: visits today, links that expire

SECONDS_TO_CATCH_UP = 300
# The worker seals the demo data's agreements before it sends email.
CAUGHT_UP = f"""
import time
from msa_portal.notices.models import NoticeMessage
from requests_app.models import Agreement
unsealed = Agreement.objects.filter(state="executed", executed_document__seal__isnull=True)
unsent = NoticeMessage.objects.filter(state__in=["queued", "sending"])
deadline = time.monotonic() + {SECONDS_TO_CATCH_UP}
while unsealed.exists() or unsent.exists():
    assert time.monotonic() < deadline, "The worker did not seal the demo data's agreements in time."
    time.sleep(0.5)
"""


def key(kind: str) -> str:
    now = datetime.now(ZoneInfo("America/Los_Angeles"))
    return prepared.digest(
        prepared.files((*SEEDED_FROM, *prepared.TESTS_OWN)),
        prepared.migrated_key(str(servers.postgres_programs())),
        kind,
        f"{now.date()} {now.hour // HOURS}",
    )


def _make(folder: Path, database: str) -> None:
    """Fill the database. Only the media files end up in the folder."""
    work = servers.scratch_folder() / f"seeding-{os.getpid()}"
    work.mkdir()
    stack = LiveStack(work, database)
    try:
        stack.fill()
        stack.manage("shell", "-v", "0", "-c", CAUGHT_UP, seconds=SECONDS_TO_CATCH_UP + SECONDS_TO_START)
    finally:
        stack.end()
    shutil.copytree(work / "media", folder / "media")


def _make_with_cluster(folder: Path) -> None:
    cluster = servers.Postgres(servers.copy_migrated_cluster)
    try:
        _make(folder, cluster.url(servers.MIGRATED))
        cluster.keep(folder / "data")
    finally:
        cluster.stop()


def _make_with_file(folder: Path) -> None:
    file = folder / "portal.sqlite3"
    shutil.copyfile(servers.migrated_file(), file)
    _make(folder, f"sqlite:///{file}")


def stack(folder: Path) -> LiveStack:
    """A stack, not started yet, in that new folder, with its own database of the kind that TEST_DATABASE names."""
    if os.environ.get("TEST_DATABASE", servers.DATABASE) == "sqlite":
        prepared.copied("seeded-sqlite", key("sqlite"), _make_with_file, folder)
        return LiveStack(folder, f"sqlite:///{folder / 'portal.sqlite3'}")
    prepared.copied("seeded-postgres", key("postgres"), _make_with_cluster, folder)
    cluster = servers.Postgres(lambda target: shutil.copytree(folder / "data", target))
    return LiveStack(folder, cluster.url(servers.MIGRATED))


@contextmanager
def running(folder: Path) -> Iterator[LiveStack]:
    """`stack`, started; its processes end with the block."""
    live = stack(folder)
    try:
        live.start()
        yield live
    finally:
        live.end()
