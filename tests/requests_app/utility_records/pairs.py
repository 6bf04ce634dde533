"""The labelled pairs, read and judged."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from requests_app.utility_records import matching
from requests_app.utility_records.matching import Match
from tests.requests_app.utility_records.draw_pairs import Pair, draw

FILE = Path(__file__).with_name("pairs.csv")
# Drawn anew at every run and looked at by nobody. Classes and kinds have few other pairs to draw.
HOLD_OUT_SEED = 90210
HOLD_OUT_COUNTS = {"name": 800, "address": 760, "meter_number": 200, "service_class": 60, "meter_kind": 60}


def labelled() -> list[Pair]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        return [Pair(**row) for row in csv.DictReader(lines)]


def hold_out() -> list[Pair]:
    return draw(HOLD_OUT_SEED, HOLD_OUT_COUNTS, without=labelled())


def judged(pair: Pair) -> Match:
    return _JUDGES[pair.kind](pair.ours, pair.theirs)


def wrong(pairs: Iterable[Pair]) -> list[tuple[Pair, Match]]:
    return [(pair, match) for pair in pairs if (match := judged(pair)).verdict != pair.label]


def rates(pairs: list[Pair]) -> list[dict[str, Any]]:
    """For each kind: how many pairs, and how many judged wrongly."""
    missed = Counter(pair.kind for pair, _ in wrong(pairs))
    return [
        {"kind": kind, "pairs": count, "wrong": missed[kind]} for kind, count in Counter(p.kind for p in pairs).items()
    ]


def _address(ours: str, theirs: str) -> Match:
    return matching.match_address(_street_and_unit(ours), _street_and_unit(theirs))


def _street_and_unit(text: str) -> tuple[str, str]:
    street, _, unit = text.partition(" | ")
    return street, unit


_JUDGES: dict[str, Callable[[str, str], Match]] = {
    "name": matching.match_name,
    "address": _address,
    "meter_number": matching.match_meter_number,
    "service_class": matching.match_service_class,
    "meter_kind": matching.match_meter_kind,
}
