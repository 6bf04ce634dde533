"""`make check`: what a person, pre-commit and CI all call. Every step runs; one failure fails it.

`python -m commands.check STEP` runs one of them.
"""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from commands import escaping, messages, structure
from commands.console import ROOT, Stop, say

PROGRAMS = Path(sys.executable).parent


def command(program: str, *arguments: str) -> Callable[[], str | None]:
    """A step that passes when the command does; gives what it said otherwise."""

    def run() -> str | None:
        whole = [str(PROGRAMS / program), *arguments]
        done = subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else None

    return run


def manage(*arguments: str) -> Callable[[], str | None]:
    return command("python", "manage.py", *arguments)


def catalogues() -> str | None:
    try:
        changed = messages.stale()
    except Stop as stop:
        return str(stop)
    names = ", ".join(str(path.relative_to(ROOT)) for path in changed)
    return f"Texts changed: run `make messages` and commit {names}." if changed else None


def template_folders(root: Path = ROOT) -> list[Path]:
    """Every folder `templates`, the project's and those of its packages."""
    packages = sorted(file.parent for file in root.glob("*/__init__.py"))
    own = [folder for package in packages for folder in sorted(package.rglob("templates")) if folder.is_dir()]
    return [root / "templates", *own]


def template_style(*arguments: str) -> Callable[[], str | None]:
    return command("djangofmt", *arguments, *(str(folder) for folder in template_folders()))


def template_lines(root: Path = ROOT) -> str | None:
    """Every file of the folders counts: plain-text mail and CSS too, which the formatter leaves alone."""
    longest = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["djangofmt"]["line-length"]
    lines = [
        f"{file.relative_to(root)}:{number}: {len(line)} characters, {longest} at most"
        for folder in template_folders(root)
        for file in sorted(folder.rglob("*.*"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > longest
    ]
    return "\n".join(lines) or None


STEPS: dict[str, tuple[str, Callable[[], str | None]]] = {
    "format": ("format (ruff)", command("ruff", "format", "--check", "--quiet", "--diff")),
    "lint": ("lint (ruff)", command("ruff", "check", "--output-format=concise")),
    "templates": ("template format (djangofmt)", template_style("--check")),
    "template-lint": ("template lint (djangofmt)", template_style("check")),
    "template-lines": ("template lines", template_lines),
    "types": ("types (mypy)", command("mypy")),
    "layers": ("import layers (import-linter)", command("lint-imports", "--no-logo")),
    "structure": ("circles, folders, inline imports, names", structure.complaints),
    "escaping": ("nothing goes past the escaping but what was reviewed", escaping.complaints),
    "system": ("system checks", manage("check", "--fail-level=WARNING")),
    "migrations": ("missing migrations", manage("makemigrations", "--check", "--dry-run")),
    "lifecycle": ("lifecycle diagram", manage("graph_lifecycle", "--check")),
    "catalogues": ("message catalogues", catalogues),
}


def passes(title: str, step: Callable[[], str | None]) -> bool:
    started = time.monotonic()
    complaint = step()
    say(f"  {'ok    ' if complaint is None else 'FAILED'}  {title}, {time.monotonic() - started:.1f} s")
    if complaint is not None:
        say("\n".join("          " + line for line in complaint.strip().splitlines()))
    return complaint is None


def main(names: list[str]) -> int:
    results = [passes(*STEPS[name]) for name in names or STEPS]
    failures = results.count(False)
    say("All checks passed." if not failures else f"{failures} of {len(results)} checks failed.")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
