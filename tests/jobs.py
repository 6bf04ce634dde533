"""Stand-ins for the broker: what tests put in the place of `msa_portal.jobs.ask`."""

from __future__ import annotations

from typing import Any

import pytest

from msa_portal import jobs
from msa_portal.celery import app


def run_now(job: str, *args: Any, priority: int | None = None) -> None:
    """The job runs at once, in this process."""
    app.tasks[job](*args)


def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Nothing runs: the list fills with each job that is asked for, its name first."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(jobs, "ask", lambda job, *args, priority=None: asked.append((job, *args)))
    return asked
