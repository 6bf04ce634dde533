"""The outbox in a made-up world: aborts, kills, foreign answers, clocks that are set (faults 19, 55, 65 to 67)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fieldwork.phone.simulation import run

MOST_BYTES = 2.0  # times those of the same photos on a link that never breaks

GUARDS = [
    ("portal.js", 'if (body.echo?.request !== request || body.echo?.hash !== hash) return "foreign";', ""),
    ("shelf.js", 'report.state = "sending"; });', "report.touched = true; });"),
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


def test_half_of_all_chunks_aborted_costs_less_than_the_photos_twice(tmp_path: Path):
    measured = run(tmp_path, "bytes.mjs", 5, 1, 100_000)
    assert measured["runs"] == measured["arrived"] == 5
    assert 1.0 < measured["ratio"] <= MOST_BYTES
    assert measured["most"] <= 2.5


def test_half_of_everything_aborted_still_arrives_in_one_go(tmp_path: Path):
    measured = run(tmp_path, "bytes.mjs", 5, 1, 100_000, "everything")
    assert measured["arrived"] == 5
    assert measured["minutes"] < 15


@pytest.mark.parametrize("guard", GUARDS, ids=[f"{module} {words[:30]}" for module, words, _others in GUARDS])
def test_without_a_guard_the_day_goes_wrong(tmp_path: Path, guard: tuple[str, str, str]):
    """The simulation can fail, and each guard is needed."""
    assert run(tmp_path, "close_of_day.mjs", 30, 1, without=guard)["faults"]
