"""pyvrp makes a plan better for as long as it is given: a small one as a whole, a large one part by part."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

from pyvrp import IteratedLocalSearch, PenaltyManager, ProblemData, RandomNumberGenerator, Solution
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.IteratedLocalSearch import IteratedLocalSearchCallbacks
from pyvrp.search import LocalSearch, PerturbationManager, compute_neighbours

from fieldwork.dispatch.construct import construct
from fieldwork.dispatch.ground import Ground, Orders
from fieldwork.dispatch.model import Model
from fieldwork.dispatch.problem import Visit
from fieldwork.dispatch.regions import Region, Regions
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

    def left(self) -> float | None:
        """Seconds; None where iterations are counted instead, so that the same is done again."""
        return None if self.iterations is not None else max(self.until - time.monotonic(), 0.0)

    def _look(self, now: float) -> None:
        self.stopped = self.stopped or bool(self.asked and self.asked())
        if self.heard:
            by_clock = (now - self.began) / max(self.until - self.began, 1e-9)
            by_count = self.done / self.iterations if self.iterations else 0.0
            self.heard(min(max(by_clock, by_count), 1.0), self.drive, self.unserved)


@dataclass
class _Slice:
    """As much of the budget as one search gets. pyvrp asks before each iteration."""

    budget: Budget
    iterations: int | None = None
    done: int = 0

    def __call__(self, best_cost: float) -> bool:
        if self.done == self.iterations or self.budget.over():
            return True
        self.done += 1
        self.budget.done += 1
        return False


class _Best(IteratedLocalSearchCallbacks):
    """Keeps the figures of the best plan for whoever is told."""

    def __init__(self, budget: Budget, visits: int) -> None:
        self.budget, self.visits = budget, visits

    def on_best(self, best: Solution) -> None:
        if best.is_feasible():
            self.budget.drive = sum(route.travel_duration() for route in best.routes())
            self.budget.unserved = self.visits - best.num_clients()


def improve(ground: Ground, start: Orders, budget: Budget, *, seed: int, tuning: Tuning) -> Orders:
    """A plan that is no worse than `start` and breaks no rule."""
    budget.drive, budget.unserved = ground.drive(start), len(ground.missed(start))
    search = _Search(RandomNumberGenerator(seed=seed), tuning)
    if len(ground.problem.visits) <= tuning.whole or _visits_a_route(start) > tuning.long:
        callbacks = _Best(budget, len(ground.problem.visits))
        return search.best(ground, start, _Slice(budget), callbacks)
    best, regions = start, Regions(ground, search.rng, tuning.region, tuning.routes)
    while not budget.over():
        region = regions.next(best)
        orders = _planned_again(region, search, budget, tuning)
        if orders is not region.orders:
            best = region.put_back(best, orders)
            budget.drive, budget.unserved = ground.drive(best), len(ground.missed(best))
    return best


def _visits_a_route(orders: Orders) -> float:
    routes = [len(visits) for visits in orders.values() if visits]
    return sum(routes) / max(len(routes), 1)


def _planned_again(region: Region, search: _Search, budget: Budget, tuning: Tuning) -> Orders:
    """pyvroom plans the region from nothing. Where that is no better than what stands, pyvrp improves what stands."""
    if tuning.anew:
        orders = construct(region.ground, seconds=budget.left(), searches=tuning.anew, depth=tuning.anew_depth)
        if better(region.ground, orders, region.orders):
            return orders
    return search.best(region.ground, region.orders, _Slice(budget, tuning.slice), IteratedLocalSearchCallbacks())


@dataclass
class _Search:
    """pyvrp's iterated local search. What it learns about penalties in one region serves the next."""

    rng: RandomNumberGenerator
    tuning: Tuning
    penalties: tuple[list[float], float, float] | None = None

    def best(self, ground: Ground, start: Orders, stop: _Slice, callbacks: IteratedLocalSearchCallbacks) -> Orders:
        served = {visit for visits in start.values() for visit in visits}
        model = Model(ground, frozenset(number for number in served if _must(ground.problem.visits[number])))
        data, params = model.data, self.tuning.params
        search = LocalSearch(
            data, self.rng, compute_neighbours(data, params.neighbourhood), PerturbationManager(params.perturbation)
        )
        for operator in params.operators:
            if operator.supports(data):
                search.add_operator(operator(data))
        manager = PenaltyManager(self.penalties or self._first_penalties(data), params.penalty)
        ils = replace(params.ils, callbacks=callbacks)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PenaltyBoundWarning)
            outcome = IteratedLocalSearch(data, manager, search, model.solution(start), ils).run(
                stop, collect_stats=False
            )
        self.penalties = manager.penalties()
        if not outcome.best.is_feasible():
            return start
        orders = model.orders(outcome.best)
        return orders if better(ground, orders, start) else start

    def _first_penalties(self, data: ProblemData) -> tuple[list[float], float, float]:
        first = self.tuning.penalty
        return [first] * data.num_load_dimensions, first, first


def _must(visit: Visit) -> bool:
    return visit.required or visit.fixed is not None


def better(ground: Ground, one: Orders, other: Orders) -> bool:
    """Fewer commitments left out, then fewer required visits, then what both cost."""
    return (ground.left_out(one), ground.cost(one)) < (ground.left_out(other), ground.cost(other))
