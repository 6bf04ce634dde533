"""The result for a person, and for a program."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any


def table(result: dict[str, Any]) -> str:
    """Every row with its ratio; the figures hold within this run only."""
    about = [
        f"{result['database']} {result['database_version']}, Python {result['python']}, Django {result['django']}",
        f"{result['cores']} cores, load {result['load_1_min']}, median of {result['repetitions']}",
    ]
    head = f"{'':<40}{'queries':>8}{'median ms':>11}{'CPU ms':>9}{'ratio':>9}{'CPU ratio':>11}  to"
    return "\n".join(["", ", ".join(about), "", head, *map(_line, result["rows"])])


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['title']:<40}{row['queries']:>8}{row['median_ms']:>11.2f}{row['cpu_ms']:>9.2f}"
        f"{row['ratio']:>9.1f}{row['cpu_ratio']:>11.1f}  {row['against']}"
    )


def write(result: dict[str, Any], folder: Path) -> Path:
    """One file a run, named for the moment and the database."""
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromisoformat(result["made_at"])
    path = folder / f"{moment:%Y%m%dT%H%M%SZ}-{result['database']}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return path
