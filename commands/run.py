"""`make run`, once the packages are there: every process of the portal in the foreground."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from types import ModuleType

from django.core.exceptions import ImproperlyConfigured

from commands import services, toolchain
from commands.console import ROOT, VAR, Stop, finish, say, step
from commands.processes import TICK, Child, Family, Interrupted, answers, free_port, interrupt_on, listens

LOGS = VAR / "log"
SIGN_INS = VAR / "demo-sign-ins.txt"


def load_settings() -> ModuleType:
    """The settings alone, without Django's start: they say in one sentence what is malformed."""
    try:
        from msa_portal import settings  # noqa: PLC0415  (what is malformed is said by its import)
    except ImproperlyConfigured as error:
        raise Stop(str(error)) from error
    return settings


def refuse_taken_port(port: int) -> None:
    if listens(port):
        raise Stop(
            f"Port {port} is in use, perhaps by another `make run`. "
            f"End what uses it, or choose another port: PORT={free_port(port + 10)} make run"
        )


def migration_digest() -> str:
    """Which database, and which migrations it was last brought up to."""
    files = sorted(ROOT.glob("*/migrations/0*.py")) + sorted(ROOT.glob("*/*/migrations/0*.py"))
    known = [os.environ.get("DATABASE_URL", ""), toolchain.digest(ROOT / "requirements.txt", *files)]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()


def finish_preparation(family: Family, child: Child) -> None:
    try:
        while child.exit_code is None:
            family.look()
            time.sleep(TICK)
    finally:
        if child.exit_code is None:
            child.signal(signal.SIGTERM)
    if child.exit_code:
        raise Stop(child.obituary())


def start_on_database(family: Family, env: dict[str, str], port: int) -> None:
    """A database that was brought up to date before is looked over while the web server starts.

    Both take a second or two. Should it not be up to date after all, the preparation still sees
    to it, before anybody was told the address.
    """
    prepared = VAR / "prepared"
    command = [sys.executable, "-m", "commands.prepare", str(SIGN_INS)]
    preparation = Child("database preparation", command, LOGS / "prepare.log", env)
    web = services.web(port, env, LOGS)
    preparation.start()
    if prepared.exists() and prepared.read_text() == migration_digest():
        family.start(web)
    with step("database and demo data"):
        finish_preparation(family, preparation)
    prepared.write_text(migration_digest())
    with step("web server"):
        if not web.process:
            family.start(web)
        family.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), web, 60)


def banner(settings: ModuleType) -> str:
    lines = ["", f"The portal runs at {settings.PUBLIC_URL}/", ""]
    if settings.DEMO:
        lines += [
            SIGN_INS.read_text(encoding="utf-8"),
            f"Mail that the portal sends: {settings.PUBLIC_URL}/demo/mailbox/",
        ]
    return "\n".join([*lines, f"Logs: {LOGS.relative_to(ROOT)}/   End with Ctrl-C.", ""])


def start(family: Family) -> None:
    settings = load_settings()
    refuse_taken_port(settings.PORT)
    VAR.mkdir(exist_ok=True)
    env: dict[str, str] = {}
    if not settings.REDIS_URL:
        with step("private Redis"):
            redis = services.Redis(VAR / "redis")
            family.wait_until(redis.ready, family.start(redis.child), 10)
        env["REDIS_URL"] = redis.url
    if not (os.environ.get("STRIPE_SECRET_KEY") or os.environ.get("STRIPE_API_BASE")):
        port = free_port(settings.PORT + 1)
        env["STRIPE_API_BASE"] = f"http://localhost:{port}"
        portal = f"http://127.0.0.1:{settings.PORT}"
        secret = settings.STRIPE_WEBHOOK_SECRET
        family.start(services.sandbox(port, portal, secret, VAR / "sandbox.sqlite3", LOGS))
    start_on_database(family, env, settings.PORT)
    family.start(services.worker(env, LOGS))
    family.start(services.inspector(env, LOGS, settings.INSPECTORS))
    family.start(services.planner(env, LOGS))
    family.start(services.scheduler(VAR / "celerybeat-schedule", env, LOGS))
    say(banner(settings))


def watch(family: Family) -> None:
    """Until a child ends, or whoever started this process is gone."""
    parent = os.getppid()
    while True:
        family.look()
        if os.getppid() != parent:
            return
        time.sleep(TICK)


def main() -> int:
    interrupt_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    family = Family()
    try:
        start(family)
        watch(family)
    except Interrupted:
        say("\nEnding …")
    except Stop as stop:
        return finish(stop)
    finally:
        family.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
