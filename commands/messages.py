"""`make messages`: bring the catalogues in locale/ up to date with the texts in code and templates."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from commands.console import ROOT, Stop, finish

LOCALE = ROOT / "locale"
IGNORED = ["node_modules", ".venv", ".tools", "var", "tests"]
DATE = re.compile(rb'^"POT-Creation-Date: .*\n', re.MULTILINE)


def catalogues() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(LOCALE.rglob("*.po"))}


def extract() -> None:
    """Sources are named without line numbers, so that a catalogue changes only with its texts."""
    before = catalogues()
    flags = [f"--ignore={folder}" for folder in IGNORED]
    command = [sys.executable, "manage.py", "makemessages", "--all", "--add-location=file", "--no-wrap", *flags]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"makemessages failed:\n{done.stdout}{done.stderr}")
    for path, old in before.items():
        if same_texts(old, path.read_bytes()):
            path.write_bytes(old)


def same_texts(old: bytes, new: bytes) -> bool:
    return DATE.sub(b"", old) == DATE.sub(b"", new)


def stale() -> list[Path]:
    """The catalogues that `make messages` would change; leaves every file as it was."""
    before = catalogues()
    try:
        extract()
        return [path for path, content in catalogues().items() if content != before.get(path)]
    finally:
        for path, content in before.items():
            path.write_bytes(content)


def main() -> int:
    try:
        extract()
    except Stop as stop:
        return finish(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
