"""The command that reads public instances, on one of our own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commands.console import ROOT
from fieldwork.dispatch import check, solve
from tests.benchmarks.dispatch import instances, small

SOLOMON = """\
tiny

VEHICLE
NUMBER     CAPACITY
  2         10

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0      0         0          0          0        100          0
    1      1         1          6          0         90         10
    2      2         2          6          0         90         10
"""


def test_small_instance_is_what_its_script_makes() -> None:
    assert small.FILE.read_text() == small.text()


def test_command_prints_cost_routes_and_seconds_within_one_percent_of_the_best_known() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.dispatch", str(small.FILE), "--seconds", "2", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    said = json.loads(done.stdout)
    assert small.BEST_KNOWN <= said["cost"] <= 1.01 * small.BEST_KNOWN
    assert sorted(visit for route in said["routes"] for visit in route) == list(range(1, 26))
    assert (said["instance"], said["unserved"], said["seed"]) == ("msa-25", [], 1)
    assert 0 < said["seconds"] < 3


def test_cost_is_counted_in_tenths_cut_off(tmp_path: Path) -> None:
    """The square root of 2 is 1.4, not 1.41: there and back twice, for the two do not fit one vehicle."""
    file = tmp_path / "tiny.txt"
    file.write_text(SOLOMON)
    problem = instances.read(file)
    assert int(problem.travel.seconds[0, 1]) == 14
    assert (len(problem.shifts), problem.shifts[0].capacity, problem.shifts[0].ends) == (2, 10, 1000)
    plan = solve(problem, seconds=5, iterations=20)
    assert instances.cost(plan.drive) == pytest.approx(2 * 1.4 + 2 * 2.8)
    assert check(problem, plan) == ()


@pytest.mark.parametrize("text", ["", "NODE_COORD_SECTION\n1 0 0\n2 1 1\nEOF\n", "hello\n" * 20])
def test_file_that_is_no_instance_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "none.vrp"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"none\.vrp is no VRPTW instance"):
        instances.read(file)
