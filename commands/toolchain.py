"""uv, Python 3.13, the locked packages, Pango and the front-end assets: what is missing, and no more.

A stamp keeps the digest of the lock file that a folder was filled from, so that a later start
only compares digests.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from commands import debian
from commands.console import ROOT, Stop, quietly, step

TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
NETWORK = "Check that this machine reaches the package index (PyPI), then start again."
NPM_NETWORK = "Check that this machine reaches the npm registry, then start again."


def digest(*files: Path) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()


class Stamp:
    """Remembers in a folder what it was filled from."""

    def __init__(self, folder: Path, name: str, *sources: Path) -> None:
        self.file = folder / f".installed-{name}"
        self.wanted = digest(*sources)

    def holds(self) -> bool:
        return self.file.exists() and self.file.read_text(encoding="ascii") == self.wanted

    def set(self) -> None:
        self.file.write_text(self.wanted, encoding="ascii")


def works(*command: str) -> bool:
    """Whether the program is there and runs: a version manager's shim may exist and not run."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


# --- uv and Python ------------------------------------------------------------------------
@cache
def find_uv() -> str:
    """Looked for only where something is to be installed."""
    on_path = shutil.which("uv")
    if on_path and works(on_path, "--version"):
        return on_path
    own = TOOLS / "uv" / "bin" / "uv"
    stamp = Stamp(TOOLS / "uv", "uv", ROOT / "requirements-uv.txt")
    if not (stamp.holds() and own.exists()):
        install_uv()
        stamp.set()
    return str(own)


def install_uv() -> None:
    if not works(sys.executable, "-c", "import ensurepip, venv"):
        debian.install(["python3-venv"], "Python's venv module")
    with step("uv, the package installer, into .tools/"):
        quietly([sys.executable, "-m", "venv", "--clear", str(TOOLS / "uv")], NETWORK)
        pip = [str(TOOLS / "uv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        quietly([*pip, "--require-hashes", "--only-binary=:all:", "-r", "requirements-uv.txt"], NETWORK)


def uv_environment() -> dict[str, str]:
    """Nothing goes outside the checkout: a Python that uv has to fetch lands in `.tools/` too."""
    return {**os.environ, "UV_PYTHON_INSTALL_DIR": str(TOOLS / "python"), "UV_NO_PROGRESS": "1"}


def environment_is_right() -> bool:
    """By what the environment says of itself: starting its Python would cost each start a moment."""
    config = VENV / "pyvenv.cfg"
    return PYTHON.exists() and config.exists() and "version_info = 3.13" in config.read_text(encoding="utf-8")


def python_environment() -> None:
    if environment_is_right():
        return
    advice = (
        "Python 3.13 is needed, and neither this machine has one nor could uv fetch one.\n"
        "Install it (your distribution's python3.13, pyenv, or python.org) and start again."
    )
    with step("Python 3.13 environment in .venv/"):
        command = [find_uv(), "venv", "--quiet", "--clear", "--python", "3.13", str(VENV)]
        quietly(command, advice, uv_environment())


# --- Python packages ------------------------------------------------------------------------
def install_requirements(*, development: bool) -> bool:
    """Makes `.venv` hold exactly a locked set; true where it had to be changed.

    An environment that once got the development set keeps getting it: `make run` after
    `make test` takes nothing away.
    """
    locks = {name: ROOT / f"requirements{name}.txt" for name in ("", "-dev")}
    stamps = {name: Stamp(VENV, f"requirements{name}", lock) for name, lock in locks.items()}
    name = "-dev" if development or stamps["-dev"].file.exists() else ""
    if stamps[name].holds():
        return False
    with step(f"Python packages from requirements{name}.txt"):
        # Compiled once: where PYTHONDONTWRITEBYTECODE is set, each process would compile all of it, ten seconds a start.
        sync = [find_uv(), "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", "--python", str(PYTHON)]
        quietly([*sync, str(locks[name])], NETWORK, uv_environment())
    stamps[name].set()
    return True


def pango() -> None:
    """WeasyPrint loads Pango from the system as it is imported."""
    probe = [str(PYTHON), "-c", "import weasyprint"]
    if not works(*probe):
        debian.install(["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"], "Pango (for PDF files)")
        quietly(probe, "Pango is installed, yet WeasyPrint does not find it.")


# --- Front-end assets -----------------------------------------------------------------------
def front_end_assets() -> None:
    stamp = Stamp(NODE_MODULES, "assets", ROOT / "package.json", ROOT / "package-lock.json")
    if stamp.holds():
        return
    path = node_path()
    with step("front-end assets from npm"):
        quietly(
            ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
            NPM_NETWORK,
            {**os.environ, "PATH": path},
        )
    stamp.set()


def node_path() -> str:
    """The PATH on which `npm` runs: the machine's, else the Node that PyPI carries."""
    path = os.environ.get("PATH", os.defpath)
    if works("npm", "--version") and works("node", "--version"):
        return path
    folder = TOOLS / "node"
    stamp = Stamp(folder, "node", ROOT / "requirements-node.txt")
    if not stamp.holds():
        with step("Node, for npm only, into .tools/"):
            uv, env = find_uv(), uv_environment()
            quietly([uv, "venv", "--quiet", "--clear", "--python", "3.13", str(folder)], NETWORK, env)
            install = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(folder / "bin" / "python")]
            quietly([*install, "-r", "requirements-node.txt"], NETWORK, env)
        stamp.set()
    return f"{folder / 'bin'}{os.pathsep}{path}"


def prepare(*, development: bool) -> None:
    """All that a command needs before the project's own Python can take over."""
    if sys.platform == "win32":
        raise Stop("Windows is not supported: use WSL, Linux or macOS.")
    python_environment()
    if install_requirements(development=development):
        pango()
    front_end_assets()
