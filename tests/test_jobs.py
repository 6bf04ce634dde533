"""Jobs are asked for by name: every name is a task's, and a broker that is down costs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from msa_portal import jobs
from msa_portal.celery import app
from msa_portal.redis.breaker import breaker
from tests.jobs import kept

ROOT = Path(__file__).parent.parent
APPS = ("msa_portal", "requests_app", "payments", "fieldwork", "demo")


def calls_of_kick() -> Iterator[tuple[str, ast.Call]]:
    for folder in APPS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {"kick", "ask"} and _names_jobs(path):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _names_jobs(path: Path) -> bool:
    return "from msa_portal.jobs import" in path.read_text()


@pytest.mark.django_db
def test_every_job_that_is_asked_for_is_a_task() -> None:
    app.loader.import_default_modules()
    asked = {}
    for place, call in calls_of_kick():
        assert isinstance(call.args[0], ast.Constant), f"{place}: name the job where it is asked for"
        asked[call.args[0].value] = place
    assert len(asked) > 5
    assert {name: place for name, place in asked.items() if name not in app.tasks} == {}


@pytest.mark.django_db
def test_every_scheduled_and_routed_job_is_a_task() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    routed = {name for name in app.conf.task_routes if not name.endswith("*")}
    assert (scheduled | routed) - set(app.tasks) == set()


@pytest.mark.django_db
def test_job_waits_for_the_commit(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> None:
    asked = kept(monkeypatch)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        jobs.kick("fieldwork.plan", 7)
        assert asked == []
    assert asked == [("fieldwork.plan", 7)]


def test_only_a_broker_that_is_out_of_reach_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(error: Exception) -> Any:
        def send_task(*_args: Any, **_kwargs: Any) -> None:
            raise error

        return send_task

    monkeypatch.setattr(app, "send_task", broken(OperationalError("refused")))
    jobs.ask("fieldwork.plan", 1)
    breaker.close()
    monkeypatch.setattr(app, "send_task", broken(TypeError("a mistake of ours")))
    with pytest.raises(TypeError):
        jobs.ask("fieldwork.plan", 1)
