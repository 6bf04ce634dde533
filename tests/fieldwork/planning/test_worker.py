"""A worker is killed in the middle of a plan: the run is begun again and finishes (fault 26)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from commands.processes import Child, Family
from fieldwork.models import PlanRun, Technician
from fieldwork.planning import runs
from msa_portal.accounts.models import User
from msa_portal.redis.breaker import breaker
from tests import servers
from tests.fieldwork.conftest import business_day
from tests.fieldwork.planning.conftest import waiting

pytestmark = [pytest.mark.postgres, pytest.mark.server, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SECONDS = 90


@pytest.fixture
def family() -> Iterator[Family]:
    processes = Family()
    yield processes
    processes.end()


def planner(family: Family, broker: str, name: str) -> Child:
    """As `make run` starts it, on the tests' database."""
    words = "-m celery --app msa_portal --quiet worker --queues dispatch --concurrency 1 --without-mingle"
    settings = connection.settings_dict
    database = f"postgres://{settings['USER']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    services = {"DJANGO_SETTINGS_MODULE": "msa_portal.settings", "DATABASE_URL": database, "REDIS_URL": broker}
    environment = {**os.environ, **services, "DEBUG": "1", "DEMO": "1"}
    log = servers.scratch_folder() / f"{name}.log"
    return family.start(Child(name, [sys.executable, *words.split(), "--hostname", name], log, environment))


def state(run: PlanRun) -> tuple[str, str]:
    run.refresh_from_db()
    return run.state, run.progress.get("phase", "")


def test_plan_survives_a_worker_that_is_killed(broker: str, family: Family, technician: Technician, dispatcher: User):
    visits = waiting(3)
    run = runs.request(business_day(1), business_day(2), by=dispatcher, seconds=60, seed=3)
    first = planner(family, broker, "first@planner")
    family.wait_until(lambda: state(run) == ("running", "improving"), first, SECONDS)
    first.signal(signal.SIGKILL)
    assert first.process
    first.process.wait(SECONDS)
    family.children.clear()
    assert (state(run), run.attempts) == (("running", "improving"), 1)

    assert runs.sweep() == 0  # it may live yet
    long_ago = timezone.now() - runs.SILENT_AFTER - timedelta(seconds=1)
    PlanRun.objects.filter(pk=run.pk).update(heartbeat_at=long_ago, seconds=2)  # a minute goes by
    assert runs.sweep() == 1
    second = planner(family, broker, "second@planner")
    family.wait_until(lambda: state(run)[0] == "done", second, SECONDS)
    assert (run.attempts, run.seed, run.findings) == (2, 3, [])
    served = [stop["visit"] for route in run.result["routes"] for stop in route["stops"]]
    assert sorted(served) == [visit.pk for visit in visits]


@pytest.mark.real_broker
def test_run_asked_for_while_the_broker_is_away_is_found_by_the_sweeper(
    family: Family, technician: Technician, dispatcher: User, request: pytest.FixtureRequest
):
    """Nobody listens where tests' broker is said to be: the row is written, the kick is lost."""
    waiting(1)
    run = runs.request(business_day(1), business_day(1), by=dispatcher, seconds=1)
    broker = request.getfixturevalue("broker")
    breaker.close()  # as after its rest
    worker = planner(family, broker, "late@planner")
    assert (state(run), runs.sweep()) == (("queued", ""), 0)
    PlanRun.objects.update(requested_at=timezone.now() - runs.LOST_AFTER - timedelta(seconds=1))
    assert runs.sweep() == 1
    family.wait_until(lambda: state(run)[0] == "done", worker, SECONDS)
    assert run.attempts == 1
