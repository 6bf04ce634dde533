"""Stand-ins for the broker, which tests use in place of the Celery app's `send_task`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from msa_portal.celery import app


def run_now(job: str, args: Sequence[Any] = (), **_options: Any) -> None:
    """The job runs at once, in this process."""
    app.loader.import_default_modules()  # as a worker does; once, then nothing is left to import
    app.tasks[job](*args)


def run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job runs at once instead of going to the broker."""
    monkeypatch.setattr(app, "send_task", run_now)


def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Nothing runs. The list collects each job that is handed to the broker, its name first."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app, "send_task", lambda job, args=(), **_options: asked.append((job, *args)))
    return asked
