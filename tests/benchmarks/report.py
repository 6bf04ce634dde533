"""The result for a person, and for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any


def table(result: dict[str, Any]) -> str:
    """Every row with its ratio; the figures hold within this run only."""
    about = [
        f"{result['database']} {result['database_version']}, Python {result['python']}, Django {result['django']}",
        f"{result['cores']} cores, load {result['load_1_min']}, median of {result['repetitions']}",
    ]
    head = f"{'':<40}{'queries':>8}{'median ms':>11}{'CPU ms':>9}{'ratio':>9}{'CPU ratio':>11}{'per s':>10}  to"
    return "\n".join(
        [
            "",
            ", ".join(about),
            "",
            head,
            *map(_line, result["rows"]),
            "",
            *_pairs(result["record_pairs"]),
            "",
            *_upload(result["upload"]),
            "",
            *_dispatch(result["dispatch"]),
        ]
    )


def _pairs(judged: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """How many of the labelled pairs the comparison with the record judges wrongly; the hold-out was looked at by nobody."""
    yield f"{'Record comparison, judged wrongly':<40}{'pairs':>8}{'wrong':>8}{'per cent':>10}"
    for name, kinds in judged.items():
        total = {"kind": "all", "pairs": sum(k["pairs"] for k in kinds), "wrong": sum(k["wrong"] for k in kinds)}
        for line in [*kinds, total]:
            title = f"{name.replace('_', '-')}: {line['kind'].replace('_', ' ')}"
            yield f"{title:<40}{line['pairs']:>8}{line['wrong']:>8}{100 * line['wrong'] / line['pairs']:>10.2f}"


def _upload(phone: dict[str, Any]) -> Iterator[str]:
    """Bytes of a report with 8 photos on a link that breaks half of the time, beside one that never does."""
    title = f"A report with 8 photos, {phone['runs']} runs"
    yield f"{title:<40}{'ratio':>8}{'least':>8}{'most':>8}"
    for name in ("chunks", "everything"):
        row = phone[name]
        yield f"{f'half of {name} aborted':<40}{row['ratio']:>8.2f}{row['least']:>8.2f}{row['most']:>8.2f}"


def _dispatch(week: dict[str, Any]) -> Iterator[str]:
    """The same week planned four ways; driving a visit is the ratio to ours."""
    title = f"{week['visits']} visits, {week['technicians']} technicians, {week['seconds']:g} s each"
    yield f"{title:<45}{'served':>8}{'hours':>9}{'ratio':>8}{'not by us':>11}"
    for row in week["rows"]:
        figures = f"{row['hours_driven']:>9.1f}{row['driving_ratio']:>8.2f}{row['missed_by_us']:>11}"
        yield f"{row['title']:<45}{row['served']:>8}{figures}"
    small = week["small"]
    yield f"Translation and checker: {week['overhead_percent']} % of the time"
    yield f"{small['instance']} in {small['seconds']:g} s: {small['cost']}, {small['gap_percent']} % over the best known"


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['title']:<40}{row['queries']:>8}{row['median_ms']:>11.2f}{row['cpu_ms']:>9.2f}"
        f"{row['ratio']:>9.1f}{row['cpu_ratio']:>11.1f}{row['per_second']:>10.1f}"
        f"  {row['against']}"
    )


def write(result: dict[str, Any], folder: Path) -> Path:
    """One file a run, named for the moment and the database."""
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromisoformat(result["made_at"])
    path = folder / f"{moment:%Y%m%dT%H%M%SZ}-{result['database']}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return path
