"""Our own instance of 25 customers, for CI: `python -m tests.benchmarks.dispatch.small` writes the file anew, always the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

FILE = Path(__file__).parents[1] / "data" / "msa-25.vrp"
BEST_KNOWN = 563.0  # of three seeds, four seconds each

_CUSTOMERS, _SERVICE, _CLOSES = 25, 10, 480
_HEAD = f"""\
NAME : msa-25
COMMENT : Made by tests.benchmarks.dispatch.small
TYPE : VRPTW
DIMENSION : {_CUSTOMERS + 1}
VEHICLES : 10
CAPACITY : 60
SERVICE_TIME : {_SERVICE}
EDGE_WEIGHT_TYPE : EUC_2D"""


def text(seed: int = 25) -> str:
    """Half the customers near two towns, half anywhere; two in three can only live with an hour or two."""
    chance = Random(seed)
    places = [(50, 50), *(_place(chance) for _ in range(_CUSTOMERS))]
    demands = [0, *(chance.randint(2, 20) for _ in range(_CUSTOMERS))]
    windows = [(0, _CLOSES), *(_window(chance) for _ in range(_CUSTOMERS))]
    sections = {
        "NODE_COORD_SECTION": [f"{x} {y}" for x, y in places],
        "DEMAND_SECTION": list(map(str, demands)),
        "TIME_WINDOW_SECTION": [f"{opens} {closes}" for opens, closes in windows],
    }
    return "\n".join([_HEAD, *_written(sections), "DEPOT_SECTION", "1", "-1", "EOF", ""])


def _written(sections: dict[str, list[str]]) -> Iterator[str]:
    for name, rows in sections.items():
        yield name
        yield from (f"{number} {row}" for number, row in enumerate(rows, 1))


def _place(chance: Random) -> tuple[int, int]:
    if chance.random() < 0.5:
        x, y = chance.choice(((25, 70), (75, 30)))
        return x + chance.randint(-8, 8), y + chance.randint(-8, 8)
    return chance.randint(0, 100), chance.randint(0, 100)


def _window(chance: Random) -> tuple[int, int]:
    if chance.random() < 1 / 3:
        return 0, _CLOSES - 90
    opens = chance.randint(60, _CLOSES - 240)
    return opens, opens + chance.randint(45, 120)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="ascii")
