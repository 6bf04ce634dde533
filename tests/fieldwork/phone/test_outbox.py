"""The outbox in a made-up world: aborts, kills, foreign answers, clocks that are set (faults 19, 55, 65 to 67)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fieldwork.phone.simulation import run

GUARDS = [
    ("portal.js", 'if (body.echo?.request !== request || body.echo?.hash !== hash) return "foreign";', ""),
    ("shelf.js", 'report.state = "sending"; });', "});"),
    ("shelf.js", "const rest = reports.filter((row) => !isMine(row)).length;", "const rest = reports.length;"),
    ("sender.js", "if (!(error instanceof Offline) || !isOnline()) throw error;", "throw error;"),
    ("sender.js", "for (const sha256 of answer.body.missing) await store.sent(id, sha256, false);", ""),
    ("clock.js", "slept <= LONGEST_SLEEP", "true"),
]


def test_close_of_a_day_loses_doubles_and_misstates_nothing(tmp_path: Path):
    assert run(tmp_path, "close_of_day.mjs", 100, 1) == {"runs": 100, "faults": {}}


@pytest.mark.slow
def test_close_of_a_thousand_days(tmp_path: Path):
    assert run(tmp_path, "close_of_day.mjs", 1_000, 1_001) == {"runs": 1_000, "faults": {}}


@pytest.mark.parametrize("guard", GUARDS, ids=[f"{module} {words[:30]}" for module, words, _others in GUARDS])
def test_without_a_guard_the_day_goes_wrong(tmp_path: Path, guard: tuple[str, str, str]):
    """The simulation can fail, and each guard is needed."""
    assert run(tmp_path, "close_of_day.mjs", 30, 1, without=guard)["faults"]
