"""Stand-ins for the broker, which tests use in place of the Celery app's `send_task`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from msa_portal.celery import app


@cache
def _import_tasks() -> None:
    """As a worker does when it starts, but without setting Django up again, which would reset the log's handlers."""
    app.autodiscover_tasks(force=True)


def run_now(job: str, args: Sequence[Any] = (), **_options: Any) -> None:
    """The job runs at once, in this process."""
    _import_tasks()
    app.tasks[job](*args)


def run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job runs at once instead of going to the broker."""
    monkeypatch.setattr(app, "send_task", run_now)


def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Nothing runs. The list collects each job that is handed to the broker, its name first."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app, "send_task", lambda job, args=(), **_options: asked.append((job, *args)))
    return asked
