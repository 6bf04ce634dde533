"""The engines' settings by the size of a problem, as measured (docs/benchmarks.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyvrp.solve import SolveParams

from fieldwork.dispatch.ground import Ground


@dataclass(frozen=True)
class Tuning:
    level: int = 0  # pyvroom's exploration, 0 to 5
    construct_share: float = 0.25  # of the seconds, at most
    finish: float = 0.05  # seconds kept back for the times and the checker
    warm: bool = True  # pyvrp starts from pyvroom's plan
    params: SolveParams = field(default_factory=SolveParams)


def tuning_for(ground: Ground) -> Tuning:
    visits = len(ground.problem.visits)
    return Tuning(finish=0.02 + visits / 5000)
