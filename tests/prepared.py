"""Databases made once, kept in var/test-cache, and copied by every process of every run.

An entry's name includes a hash of everything that it is made from, so a stale one is never used.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from commands.console import ROOT, VAR

CACHE = VAR / "test-cache"
KEPT = 3  # entries of each kind: this branch's, the one before it, another branch's
OURS = ("msa_portal", "requests_app", "payments", "fieldwork", "demo")
# What a migrated database is made of, beside the migrations: what they import and read, the models (their
# permissions and content types), and what listens to `post_migrate`. A test checks that the list is complete.
MIGRATED_FROM = (
    *("requirements.txt", "msa_portal/settings.py", "msa_portal/initial_data.py", "msa_portal/env.py"),
    *(
        "**/migrations/*.py",
        "**/models.py",
        "**/models/*.py",
        "**/apps.py",
        "requests_app/data/*.csv",
        "requests_app/enums.py",
    ),
    *(
        "msa_portal/business_days/statutory.py",
        "msa_portal/accounts/roles.py",
        "msa_portal/accounts/factor_secrets.py",
        "msa_portal/triggers.py",
        "requests_app/decision_guard.py",
        "payments/ledger_guard.py",
        "payments/schedule_guard.py",
    ),
)
TESTS_OWN = ("tests/prepared.py", "tests/settings.py", "tests/servers.py")


def files(patterns: Iterable[str]) -> list[Path]:
    """Our files that match, sorted. Raises `LookupError` for a pattern that matches none."""
    paths: set[Path] = set()
    for pattern in patterns:
        places = [ROOT / app for app in OURS] if pattern.startswith("**") else [ROOT]
        matching = {path for place in places for path in place.glob(pattern) if path.is_file()}
        if not matching:
            raise LookupError(f"Nothing in {ROOT} is named {pattern}: say in tests/prepared.py where it is now.")
        paths |= matching
    return sorted(paths)


def digest(paths: Iterable[Path], *more: str) -> str:
    made = hashlib.sha256("\0".join((sys.version, *more)).encode())
    for path in paths:
        made.update(f"\0{path.relative_to(ROOT)}\0".encode())
        made.update(path.read_bytes())
    return made.hexdigest()[:16]


def migrated_key(*more: str) -> str:
    return digest(files((*MIGRATED_FROM, *TESTS_OWN)), *more)


@contextmanager
def alone(kind: str) -> Iterator[None]:
    """Lets one process at a time fill, copy, and clear the entries of a kind."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copied(kind: str, key: str, make: Callable[[Path], object], target: Path) -> None:
    """Copy the entry's folder to the new folder `target`. `make` fills the entry if there is none yet."""
    with alone(kind):
        entry = CACHE / f"{kind}-{key}"
        if not entry.exists():
            unfinished = CACHE / f"unfinished-{kind}"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            try:
                make(unfinished)
                unfinished.rename(entry)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        entry.touch()
        _clear(kind)
        shutil.copytree(entry, target)


def _clear(kind: str) -> None:
    by_use = sorted(CACHE.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_use[KEPT:]:
        shutil.rmtree(path)


def migrate(url: str) -> None:
    """Migrate in a separate process: each process reads its settings once, and this one hasn't yet."""
    env = {**os.environ, "TEST_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--no-input"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The test database could not be migrated:\n{done.stderr}")
