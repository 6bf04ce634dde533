"""Timing in turns, and counting queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.db import connection, transaction

WARM_UPS = 3  # calls before anything is timed
DATA_STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass
class Statements:
    """The statements that read or write rows while `recorded` runs; transactions' own are left out."""

    seen: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(DATA_STATEMENTS):
            self.seen.append((sql, params))
        return execute(sql, params, many, context)

    def recorded(self, action: Callable[[], Any]) -> list[tuple[str, Any]]:
        with connection.execute_wrapper(self):
            action()
        return self.seen


def rolled_back(action: Callable[[], object]) -> None:
    """Every repetition meets the same database: what it wrote goes again."""
    with transaction.atomic():
        action()
        transaction.set_rollback(True)


@dataclass
class Case:
    """One thing to time. `against` names the case that its ratio is to; `batch` calls are one measurement.

    A long one is measured in the first `rounds` only. `rows`: how many rows it writes, where that is asked.
    """

    name: str
    title: str
    action: Callable[[], Any]
    against: str
    batch: int = 1
    writes: bool = False
    rounds: int | None = None
    rows: int = 0
    queries: int = 0
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def warm_up(self) -> None:
        """Fill the process's caches, then count the queries of a warm call."""
        for _ in range(WARM_UPS - 1):
            self._run(self.action)
        self.queries = len(Statements().recorded(lambda: self._run(self.action)))

    def measure(self) -> None:
        self._run(self._timed)

    def _run(self, action: Callable[[], Any]) -> None:
        if self.writes:
            rolled_back(action)
        else:
            action()

    def _timed(self) -> None:
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(self.batch):
            self.action()
        self.seconds.append((time.perf_counter() - started) / self.batch)
        self.cpu_seconds.append((time.process_time() - cpu) / self.batch)


def in_turns(cases: Sequence[Case], repetitions: int) -> None:
    """One measurement of each, then the next round: a busy minute of the machine meets all alike."""
    for case in cases:
        case.warm_up()
    for number in range(repetitions):
        for case in cases:
            if case.rounds is None or number < case.rounds:
                case.measure()


def rows(cases: Sequence[Case]) -> list[dict[str, Any]]:
    medians = {case.name: median(case.seconds) for case in cases}
    cpu = {case.name: median(case.cpu_seconds) for case in cases}
    return [
        {
            "name": case.name,
            "title": case.title,
            "median_ms": round(medians[case.name] * 1000, 3),
            "fastest_ms": round(min(case.seconds) * 1000, 3),
            "slowest_ms": round(max(case.seconds) * 1000, 3),
            "against": case.against,
            "ratio": round(medians[case.name] / medians[case.against], 1),
            "cpu_ms": round(cpu[case.name] * 1000, 3),
            "cpu_ratio": round(cpu[case.name] / cpu[case.against], 1),
            "queries": case.queries,
            "rows": case.rows,
            "per_second": round(1 / medians[case.name], 1),
        }
        for case in cases
    ]
