"""Debian packages, installed only where a command needs one, finds none and is root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from commands.console import Stop, quietly, step

CLUSTER_CONFIG = Path("/etc/postgresql-common/createcluster.conf")


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str], purpose: str) -> None:
    """Installs the packages, or stops with their names where this account may not."""
    names = " ".join(packages)
    if not can_install():
        raise Stop(
            f"{purpose} is missing. Install it and start again; on Debian or Ubuntu: sudo apt-get install {names}"
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    advice = f"Install these packages by hand and start again: {names}"
    with step(f"Debian packages for {purpose}: {names}"):
        quietly(["apt-get", "update", "-q"], advice, env)
        quietly(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], advice, env)


def keep_postgresql_from_starting() -> None:
    """The tests need PostgreSQL's programs; a server of its own would only take a port."""
    if can_install() and not CLUSTER_CONFIG.exists():
        CLUSTER_CONFIG.parent.mkdir(parents=True, exist_ok=True)
        CLUSTER_CONFIG.write_text("create_main_cluster = false\n", encoding="utf-8")
