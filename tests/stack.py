"""The portal as its real processes, for browser and fault tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from celery import Celery

from commands import services
from commands.console import ROOT
from commands.processes import Child, Family, answers, free_port, listens

SECONDS_TO_START = 60
SECONDS_TO_SEED = 400
WEBHOOK_SECRET = "whsec_live_stack"


def manage(env: Mapping[str, str], *arguments: str, seconds: float = SECONDS_TO_START) -> str:
    """Run a management command on a stack's own database. Returns what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class BareStack:
    """The portal's processes on a migrated SQLite database without rows: each is started when it's asked for."""

    def __init__(self, folder: Path, migrated: Path, **env: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(migrated, folder / "portal.sqlite3")
        self.folder = folder
        self.family = Family()
        self.redis = services.Redis(folder / "redis")
        self.port, self.proxy_port = free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        self.env = {
            "DJANGO_SETTINGS_MODULE": "msa_portal.settings",
            "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
            "REDIS_URL": self.redis.url,
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "MEDIA_ROOT": str(folder / "media"),
            "WEB_CONCURRENCY": "2",
            "DEBUG": "1",
            "DEMO": "1",
            "STAFF_DECISION_WAIT": "0",
            "TEST_DATABASE_URL": "",
            **env,
        }

    def start_redis(self) -> None:
        self.family.wait_until(self.redis.ready, self.family.start(self.redis.child), SECONDS_TO_START)

    def kill_redis(self) -> None:
        process = self.redis.child.process
        assert process
        process.kill()
        process.wait()
        self.family.children.remove(self.redis.child)

    def start_web(self) -> Child:
        web = self.family.start(services.web(self.port, self.env, self.folder))
        self.family.wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/healthz"), web, SECONDS_TO_START)
        return web

    def start_worker(self, make: Callable[[Mapping[str, str], Path], Child]) -> Child:
        child = self.family.start(make(self.env, self.folder))
        before = self._workers()
        self.family.wait_until(lambda: self._workers() > before, child, SECONDS_TO_START)
        return child

    def _workers(self) -> int:
        with Celery(broker=self.redis.url) as app:
            return len(app.control.ping(timeout=0.5))

    def start_proxy(self, change: Callable[[str], str] = str) -> Child:
        """The shipped configuration, or what `change` makes of it."""
        child = services.proxy(self.proxy_port, f"http://127.0.0.1:{self.port}", self.folder / "proxy", self.folder)
        config = self.folder / "proxy" / "nginx.conf"
        config.write_text(change(config.read_text()))
        proxy = self.family.start(child)
        self.family.wait_until(lambda: listens(self.proxy_port), proxy, SECONDS_TO_START)
        return proxy

    def manage(self, *arguments: str, seconds: float = SECONDS_TO_START) -> str:
        return manage(self.env, *arguments, seconds=seconds)

    def end(self) -> None:
        self.family.end()


class LiveStack:
    """Web server, worker, payment sandbox and Redis on a database of their own, with demo data.

    The scheduler is not among them: a test that needs the sweeper calls its command.
    """

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.family = Family()
        self.redis = services.Redis(folder / "redis")
        port, sandbox_port = free_port(), free_port()
        self.url = f"http://localhost:{port}"
        self.sandbox_url = f"http://localhost:{sandbox_port}"
        self.env = {
            "DJANGO_SETTINGS_MODULE": "msa_portal.settings",
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis.url,
            "PORT": str(port),
            "PUBLIC_URL": self.url,
            "MEDIA_ROOT": str(folder / "media"),
            "STRIPE_API_BASE": self.sandbox_url,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "WEB_CONCURRENCY": "2",
            "DEBUG": "1",
            "DEMO": "1",
            "STAFF_DECISION_WAIT": "0",
        }
        portal = f"http://127.0.0.1:{port}"
        self.web = services.web(port, self.env, folder)
        self.worker = services.worker(self.env, folder)
        self.planner = services.planner(self.env, folder)
        self.inspector = services.inspector(self.env, folder, 2)
        store = folder / "sandbox.sqlite3"
        self.sandbox = services.sandbox(sandbox_port, portal, WEBHOOK_SECRET, store, folder)

    def start(self) -> None:
        self._prepare()
        for child in (self.sandbox, self.web, self.worker, self.inspector, self.planner):
            self.family.start(child)
        self.family.wait_until(lambda: answers(f"{self.url}/healthz"), self.web, SECONDS_TO_START)
        self.family.wait_until(self.worker_answers, self.worker, SECONDS_TO_START)

    def fill(self) -> None:
        """Start only what makes the demo data: no web server, no sandbox."""
        self._prepare()
        self.family.start(self.worker)

    def _prepare(self) -> None:
        self.family.wait_until(self.redis.ready, self.family.start(self.redis.child), SECONDS_TO_START)
        prepared = Child(
            "preparation", [sys.executable, "-m", "commands.prepare"], self.folder / "prepare.log", self.env
        )
        prepared.start()
        assert prepared.process
        try:
            assert prepared.process.wait(SECONDS_TO_SEED) == 0, prepared.last_lines()
        finally:
            prepared.end()

    def worker_answers(self) -> bool:
        with Celery(broker=self.redis.url) as app:
            return bool(app.control.ping(timeout=0.5))

    def manage(self, *arguments: str, seconds: float = SECONDS_TO_START) -> str:
        return manage(self.env, *arguments, seconds=seconds)

    def deploy(self, **env: str) -> None:
        """Replace the web server, as a deployment does, with `env` added to its environment."""
        self.family.children.remove(self.web)
        self.web.end()
        self.env |= env
        self.web = services.web(int(self.env["PORT"]), self.env, self.folder)
        self.family.wait_until(lambda: answers(f"{self.url}/healthz"), self.family.start(self.web), SECONDS_TO_START)

    def end(self) -> None:
        self.family.end()
