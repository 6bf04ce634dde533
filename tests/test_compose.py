"""docker-compose.yml without Docker: each service's very command and environment.

Hosts and ports alone are replaced, and the values that the file asks its reader for are given.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from celery import Celery

from commands.console import ROOT
from commands.processes import Child, Family, free_port
from msa_portal import seals
from tests import servers

pytestmark = [pytest.mark.postgres, pytest.mark.server, pytest.mark.slow]

COMPOSE = ROOT / "docker-compose.yml"
OURS = {"web", "worker", "inspector", "planner", "scheduler", "migrate"}
PROGRAMS = Path(sys.executable).parent
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
GIVEN = {
    "POSTGRES_PASSWORD": "not-asked-for",
    "SECRET_KEY": "k3" * 30,
    "SECOND_FACTOR_KEYS": "a2V5LW9mLTMyLWJ5dGVzLWZvci1zZWNvbmQtZmFjdG8=",
    "ALLOWED_HOSTS": "portal.example.org",
    "PUBLIC_URL": "https://portal.example.org",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
    "STRIPE_SECRET_KEY": "sk_live_given",
    "STRIPE_WEBHOOK_SECRET": "whsec_given",
    "TLS_FOLDER": "/etc/portal/tls",
    "SEAL_KEY": base64.b64encode(seals.new_key()).decode(),
}
SECONDS = 60


def interpolate(value: Any, environment: dict[str, str]) -> Any:
    """Compose's ${NAME}, ${NAME:-default} and ${NAME:?what is expected}."""
    if isinstance(value, dict):
        return {key: interpolate(part, environment) for key, part in value.items()}
    if isinstance(value, list):
        return [interpolate(part, environment) for part in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        assert name in environment or kind == "-", f"{name} is asked for and not given"
        return environment.get(name, rest)

    return VARIABLE.sub(fill, value).replace("$$", "$")


class Deployment:
    def __init__(self, folder: Path, postgres_port: int, redis_url: str) -> None:
        redis = urlsplit(redis_url)
        environment = GIVEN | {"REDIS_PASSWORD": redis.password or ""}
        self.services = interpolate(yaml.safe_load(COMPOSE.read_text()), environment)["services"]
        self.web_port = free_port()
        self.redis_url = redis_url
        self.folder = folder
        self.replaced = {
            "@postgres:5432": f"@127.0.0.1:{postgres_port}",
            "@redis:6379": f"@127.0.0.1:{redis.port}",
            "0.0.0.0:8000": f"127.0.0.1:{self.web_port}",
            "127.0.0.1:8000": f"127.0.0.1:{self.web_port}",
        }

    def local(self, text: str) -> str:
        for there, here in self.replaced.items():
            text = text.replace(there, here)
        return text

    def child(self, service: str, command: list[str] | None = None) -> Child:
        """As in the container: the service's environment and nothing of the tests' own."""
        program, *arguments = [self.local(word) for word in command or self.services[service]["command"]]
        environment = {name: self.local(value) for name, value in self.services[service]["environment"].items()}
        cleared = dict.fromkeys(os.environ.keys() - {"PATH", "HOME", "LANG"}, "")
        cleared |= {"DJANGO_SETTINGS_MODULE": "msa_portal.settings"}
        path = str(PROGRAMS / program)
        return Child(service, [path, *arguments], self.folder / f"{service}.log", cleared | environment)

    def run(self, service: str, command: list[str] | None = None) -> int:
        child = self.child(service, command)
        child.start()
        assert child.process
        return child.process.wait(SECONDS)


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """A migrated database as the compose file names it."""
    cluster = servers.Postgres()
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE portal LOGIN")
        connection.execute("CREATE DATABASE portal OWNER portal")
    made = Deployment(servers.scratch_folder() / "compose", cluster.port, servers.redis_url())
    try:
        assert made.run("migrate") == 0, (made.folder / "migrate.log").read_text()
        yield made
    finally:
        cluster.stop()


@pytest.fixture
def family() -> Iterator[Family]:
    processes = Family()
    try:
        yield processes
    finally:
        processes.end()


def test_compose_names_our_services_and_theirs(deployment: Deployment):
    assert set(deployment.services) == OURS | {"proxy", "postgres", "redis"}


def test_nobody_reaches_the_portal_past_the_proxy(deployment: Deployment):
    published = {name for name, service in deployment.services.items() if "ports" in service}
    assert published == {"proxy"}
    assert deployment.services["proxy"]["build"] == "proxy"


def test_web_is_ready(deployment: Deployment, family: Family):
    web = family.start(deployment.child("web"))
    kind, *healthcheck = deployment.services["web"]["healthcheck"]["test"]
    assert kind == "CMD"
    probe = deployment.child("web", healthcheck)
    probe.log = deployment.folder / "healthcheck.log"

    def healthy() -> bool:
        probe.start()
        assert probe.process
        return probe.process.wait(SECONDS) == 0

    family.wait_until(healthy, web, SECONDS)


def test_worker_answers_a_ping_and_takes_from_every_queue(deployment: Deployment, family: Family):
    worker = family.start(deployment.child("worker"))
    with Celery(broker=deployment.redis_url) as app:
        family.wait_until(lambda: bool(app.control.ping(timeout=0.5)), worker, SECONDS)
        [queues] = app.control.inspect(timeout=2).active_queues().values()
    assert {queue["name"] for queue in queues} == {"default", "notices", "documents"}


def test_inspector_takes_from_the_queue_of_files_alone(deployment: Deployment, family: Family):
    inspector = family.start(deployment.child("inspector"))
    with Celery(broker=deployment.redis_url) as app:
        family.wait_until(lambda: bool(app.control.ping(timeout=0.5)), inspector, SECONDS)
        [queues] = app.control.inspect(timeout=2).active_queues().values()
    assert {queue["name"] for queue in queues} == {"inspection"}


def test_planner_takes_from_the_queue_of_plans_alone(deployment: Deployment, family: Family):
    planner = family.start(deployment.child("planner"))
    with Celery(broker=deployment.redis_url) as app:
        family.wait_until(lambda: bool(app.control.ping(timeout=0.5)), planner, SECONDS)
        [queues] = app.control.inspect(timeout=2).active_queues().values()
    assert {queue["name"] for queue in queues} == {"dispatch"}


def test_scheduler_starts_and_keeps_its_schedule(deployment: Deployment, family: Family):
    scheduler = family.start(deployment.child("scheduler"))
    schedule = Path(scheduler.command[scheduler.command.index("--schedule") + 1])
    try:
        family.wait_until(lambda: "beat: Starting" in scheduler.log.read_text(), scheduler, SECONDS)
        family.wait_until(schedule.exists, scheduler, SECONDS)
    finally:
        family.end()
        schedule.unlink(missing_ok=True)
