"""pyvrp makes a plan better for as long as it is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pyvrp import IteratedLocalSearch, IteratedLocalSearchParams, PenaltyManager, RandomNumberGenerator, Solution
from pyvrp.IteratedLocalSearch import IteratedLocalSearchCallbacks
from pyvrp.search import LocalSearch, PerturbationManager, compute_neighbours

from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.model import Model
from fieldwork.dispatch.problem import Visit
from fieldwork.dispatch.tuning import Tuning

_POLL = 0.25  # seconds


@dataclass
class Budget:
    """When to end: the clock, a number of iterations, or somebody who asks for it. Whatever comes first."""

    until: float  # of time.monotonic, as all moments here
    iterations: int | None
    asked: Callable[[], bool] | None
    heard: Callable[[float, int, int], object] | None
    began: float
    done: int = 0
    stopped: bool = False
    drive: int = 0
    unserved: int = 0
    _looks_again: float = 0.0

    def over(self) -> bool:
        now = time.monotonic()
        if now >= self._looks_again:
            self._looks_again = now + _POLL
            self._look(now)
        return self.stopped or now >= self.until or self.done == self.iterations

    def __call__(self, best_cost: float) -> bool:
        """pyvrp asks before each iteration."""
        if self.over():
            return True
        self.done += 1
        return False

    def _look(self, now: float) -> None:
        self.stopped = self.stopped or bool(self.asked and self.asked())
        if self.heard:
            by_clock = (now - self.began) / max(self.until - self.began, 1e-9)
            by_count = self.done / self.iterations if self.iterations else 0.0
            self.heard(min(max(by_clock, by_count), 1.0), self.drive, self.unserved)


class _Best(IteratedLocalSearchCallbacks):
    """Keeps the figures of the best plan for whoever is told."""

    def __init__(self, budget: Budget, visits: int) -> None:
        self.budget, self.visits = budget, visits

    def on_best(self, best: Solution) -> None:
        if best.is_feasible():
            self.budget.drive = sum(route.travel_duration() for route in best.routes())
            self.budget.unserved = self.visits - best.num_clients()


def improve(ground: Ground, start: Orders, budget: Budget, *, seed: int, tuning: Tuning) -> Orders | None:
    """The best plan that it finds; None where it finds none that breaks no rule."""
    budget.drive, budget.unserved = ground.drive(start), len(ground.missed(start))
    served = {visit for visits in start.values() for visit in visits}
    model = Model(ground, frozenset(n for n in served if _must(ground.problem.visits[n])))
    data, params = model.data, tuning.params
    rng = RandomNumberGenerator(seed=seed)
    search = LocalSearch(
        data, rng, compute_neighbours(data, params.neighbourhood), PerturbationManager(params.perturbation)
    )
    for operator in params.operators:
        if operator.supports(data):
            search.add_operator(operator(data))
    penalties = PenaltyManager(params.penalty.midpoint_penalties(data), params.penalty)
    if tuning.warm:
        first = model.solution(start)
    else:
        first = search(Solution.make_random(data, rng), penalties.max_cost_evaluator(), exhaustive=True)
    ils = IteratedLocalSearchParams(
        params.ils.num_iters_no_improvement,
        params.ils.history_length,
        params.ils.exhaustive_on_best,
        _Best(budget, len(ground.problem.visits)),
    )
    found = IteratedLocalSearch(data, penalties, search, first, ils).run(budget, collect_stats=False)
    return model.orders(found.best) if found.best.is_feasible() else None


def _must(visit: Visit) -> bool:
    return visit.required or visit.fixed is not None
