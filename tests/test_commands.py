"""What the commands stand on: children that end together, stamps, honest messages."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from commands import run, toolchain
from commands.console import ROOT, Stop
from commands.processes import Child, Family, free_port

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_family_ends_children_and_their_children(tmp_path: Path):
    parent = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    family = Family()
    child = family.start(Child("parent", [sys.executable, "-c", parent], tmp_path / "parent.log"))
    family.wait_until(lambda: child.log.read_text() != "", child, 10)
    grandchild = int(child.log.read_text())
    family.end()
    deadline = time.monotonic() + 5
    while alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(grandchild)


def test_family_says_which_child_died_with_its_last_lines(tmp_path: Path):
    family = Family()
    try:
        family.start(Child("sleeper", SLEEPER, tmp_path / "sleeper.log"))
        dying = family.start(
            Child("worker", [sys.executable, "-c", "raise SystemExit('no broker')"], tmp_path / "w.log")
        )
        assert dying.process
        dying.process.wait(10)
        with pytest.raises(Stop, match=r"(?s)The worker ended with exit code 1\..*no broker"):
            family.look()
    finally:
        family.end()


def test_taken_port_is_named_with_a_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Stop, match=rf"Port {port} is in use.*PORT=\d+ make run"):
            run.refuse_taken_port(port)
        assert free_port(port) != port


def test_stamp_holds_until_its_source_changes(tmp_path: Path):
    lock = tmp_path / "lock"
    lock.write_text("one")
    toolchain.Stamp(tmp_path, "x", lock).set()
    assert toolchain.Stamp(tmp_path, "x", lock).holds()
    lock.write_text("two")
    assert not toolchain.Stamp(tmp_path, "x", lock).holds()


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-node.txt", "requirements-uv.txt"]
)
def test_lock_files_carry_hashes_and_no_addresses(name: str):
    text = (ROOT / name).read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


def test_npm_lock_file_carries_integrity_and_no_registry():
    text = (ROOT / "package-lock.json").read_text()
    assert '"integrity"' in text
    assert '"resolved"' not in text


def test_every_documented_setting_is_read(settings):
    names = {
        line.removeprefix("#").split("=")[0]
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and line.startswith("#") and not line.startswith("# ")
    }
    source = (ROOT / "msa_portal" / "settings.py").read_text()
    assert {name for name in names if f'"{name}"' not in source} == set()


@pytest.mark.slow
@pytest.mark.server
def test_run_serves_a_page_and_ends_all_of_it_on_ctrl_c(tmp_path: Path):
    """In a copy's place: its own database and port, the checkout's logs."""
    port = free_port()
    env = {
        "DJANGO_SETTINGS_MODULE": "msa_portal.settings",
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'run.sqlite3'}",
    }
    family = Family()
    supervisor = family.start(Child("make run", [sys.executable, "-m", "commands.run"], tmp_path / "run.log", env))
    try:
        family.wait_until(lambda: "The portal runs at" in supervisor.log.read_text(), supervisor, 60)
        assert f"http://localhost:{port}/" in supervisor.log.read_text()
        assert supervisor.process
        supervisor.process.send_signal(signal.SIGINT)
        assert supervisor.process.wait(30) == 0
        assert free_port(port) == port
    finally:
        family.end()
