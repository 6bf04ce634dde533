"""Planning of the field: a problem in, a plan out (design: Dispatch). No Django, no database, nothing of the portal.

`solve` makes a plan and `replan` mends one; `check` verifies any plan and shares no code with them. `timeline` works out a day
whose order a person chose, `insertions` says where one more visit fits.
"""

from fieldwork.dispatch.checker import check
from fieldwork.dispatch.inserting import insertions
from fieldwork.dispatch.plan import Insertion, Moved, Plan, Replan, Route, Stop, Unserved, Violation
from fieldwork.dispatch.problem import DayWindow, Fixed, Problem, Shift, Visit
from fieldwork.dispatch.replanning import replan
from fieldwork.dispatch.solver import solve
from fieldwork.dispatch.timelines import timeline
from fieldwork.dispatch.travel import Place, Travel, haversine

__all__ = [
    "DayWindow",
    "Fixed",
    "Insertion",
    "Moved",
    "Place",
    "Plan",
    "Problem",
    "Replan",
    "Route",
    "Shift",
    "Stop",
    "Travel",
    "Unserved",
    "Violation",
    "Visit",
    "check",
    "haversine",
    "insertions",
    "replan",
    "solve",
    "timeline",
]
