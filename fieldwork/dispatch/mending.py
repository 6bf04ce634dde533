"""After the search: published visits that lost their place get another, required ones push one aside."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator
from dataclasses import replace

from fieldwork.dispatch.inserting import cheapest_first, inserted, insertions, into, shifts_for, stops_of, taken_out
from fieldwork.dispatch.plan import Insertion, MoveReason, Plan
from fieldwork.dispatch.problem import Problem, Visit


class Mending:
    """`problem` as it was asked, `held` with the published visits fixed; `why` grows with each that is let go."""

    def __init__(
        self, problem: Problem, held: Problem, plan: Plan, why: dict[Hashable, MoveReason], until: float | None
    ) -> None:
        self.problem, self.held, self.plan, self.why, self.until = problem, held, plan, why, until
        self.asked = {visit.id: visit for visit in problem.visits}

    def serve_all(self) -> None:
        """Commitments are never let go. Optional visits that found no room stay without."""
        left = [self.asked[unserved.visit] for unserved in self.plan.unserved]
        left = [visit for visit in left if visit.required and visit.fixed is None]
        for visit in left:
            if visit.published is not None and visit.id not in self.why:
                self._let_go(visit.id, "no_room")
            if not self._over():
                self._serve(visit)

    def _over(self) -> bool:
        return self.until is not None and time.monotonic() > self.until

    def _let_go(self, visit_id: Hashable, reason: MoveReason) -> None:
        self.why[visit_id] = reason
        self.held = _with(self.held, self.asked[visit_id])

    def _serve(self, visit: Visit) -> None:
        places = insertions(self.held, self.plan, visit.id)
        if places:
            self.plan = inserted(self.held, self.plan, visit.id, places[0])
            return
        for place, pushed in sorted(self._by_pushing(visit), key=lambda pushing: cheapest_first(pushing[0])):
            if self._over() or self._push(visit, place, pushed):
                return

    def _by_pushing(self, visit: Visit) -> Iterator[tuple[Insertion, Visit]]:
        """Where the visit fits if one published visit goes."""
        visits = {known.id: known for known in self.held.visits}
        rows = stops_of(self.plan)
        for shift in shifts_for(self.held, visit):
            row = [visits[visit_id] for visit_id in rows.get((shift.technician, shift.day), ())]
            for pushed in row:
                if self.asked[pushed.id].published is not None and self.asked[pushed.id].fixed is None:
                    others = [other for other in row if other is not pushed]
                    yield from ((place, pushed) for place in into(self.held, shift, others, visit))

    def _push(self, visit: Visit, place: Insertion, pushed: Visit) -> bool:
        """Only where the pushed one finds another place; nobody loses the visit for another's sake."""
        held = _with(self.held, self.asked[pushed.id])
        plan = inserted(held, taken_out(held, self.plan, pushed.id), visit.id, place)
        places = insertions(held, plan, pushed.id)
        if not places:
            return False
        self.plan = inserted(held, plan, pushed.id, places[0])
        self._let_go(pushed.id, "made_room")
        return True


def _with(problem: Problem, visit: Visit) -> Problem:
    return replace(problem, visits=tuple(visit if other.id == visit.id else other for other in problem.visits))
