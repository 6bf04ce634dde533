"""`make run`, once the packages are there: every process of the portal in the foreground."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import ModuleType

from django.core.exceptions import ImproperlyConfigured

from commands import services
from commands.console import ROOT, VAR, Stop, finish, say, step
from commands.processes import TICK, Child, Family, Interrupted, answers, free_port, interrupt_on, listens

LOGS = VAR / "log"


def load_settings() -> ModuleType:
    """The settings alone, without Django's start: they say in one sentence what is malformed."""
    try:
        from msa_portal import settings
    except ImproperlyConfigured as error:
        raise Stop(str(error)) from error
    return settings


def refuse_taken_port(port: int) -> None:
    if listens(port):
        raise Stop(
            f"Port {port} is in use, perhaps by another `make run`. "
            f"End what uses it, or choose another port: PORT={free_port(port + 10)} make run"
        )


def prepare_database(family: Family, env: dict[str, str]) -> str:
    """Gives what the preparation printed: the demo sign-ins stand at its end."""
    child = Child("database preparation", [sys.executable, "-m", "commands.prepare"], LOGS / "prepare.log", env)
    child.start()
    while child.exit_code is None:
        family.look()
        time.sleep(TICK)
    if child.exit_code:
        raise Stop(child.obituary())
    return child.log.read_text(encoding="utf-8")


def banner(settings: ModuleType) -> str:
    lines = ["", f"The portal runs at {settings.PUBLIC_URL}/", ""]
    if settings.DEMO:
        lines += [f"Mail that the portal sends: {settings.PUBLIC_URL}/demo/mailbox/"]
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
    with step("database and demo data"):
        prepare_database(family, env)
    with step("web server"):
        web = family.start(services.web(settings.PORT, env, LOGS))
        family.wait_until(lambda: answers(f"http://127.0.0.1:{settings.PORT}/healthz"), web, 60)
    family.start(services.worker(env, LOGS))
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
