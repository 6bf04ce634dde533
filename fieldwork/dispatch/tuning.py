"""The engines' settings by the size of a problem, as measured (docs/benchmarks.md)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pyvrp import PenaltyParams
from pyvrp.solve import SolveParams

from fieldwork.dispatch.ground import Ground


@dataclass(frozen=True)
class Tuning:
    searches: int = 4  # of pyvroom, each from another start
    depth: int = 0  # of pyvroom's own exploration
    construct_share: float = 0.4  # of the seconds, at most
    finish: float = 0.05  # seconds kept back for the times and the checker
    whole: int = 200  # up to so many visits pyvrp has the whole problem at once
    long: int = 25  # visits a route, beyond which a part would have too few routes: the whole again
    region: int = 70  # visits of a part, where it has not
    routes: int = 5  # of a part, at least
    anew: int = 8  # searches of pyvroom for a part, from nothing; 0: pyvrp alone
    anew_depth: int = 1
    slice: int = 50  # iterations of pyvrp for a part
    penalty: float = 20.0  # of pyvrp, for a second too late or a unit too much, to begin with
    params: SolveParams = field(default_factory=SolveParams)


def tuning_for(ground: Ground) -> Tuning:
    """pyvrp is fast where one vehicle is as good as another; where homes and skills differ pyvroom gains more a second."""
    visits, shifts = len(ground.problem.visits), ground.problem.shifts
    tuning = Tuning(finish=0.02 + visits / 5000, searches=4 if visits <= 200 else 1)
    alike = len({(shift.day, shift.starts, shift.ends, shift.start_place, shift.end_place) for shift in shifts}) <= 1
    if not alike:
        return tuning
    # Penalties are learned within the few iterations that a part gets.
    params = (
        SolveParams(penalty=PenaltyParams(solutions_between_updates=100)) if visits > tuning.whole else tuning.params
    )
    return replace(tuning, region=200, anew=0, slice=1000, params=params)
