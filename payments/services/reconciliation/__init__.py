"""Our books beside the provider's list, day by day: what a lost webhook left out is repaired, the rest is shown to staff."""

from payments.services.reconciliation.days import bounds, due, today
from payments.services.reconciliation.items import resolve
from payments.services.reconciliation.lease import Busy
from payments.services.reconciliation.run import Outcome, compare_now, run

__all__ = ["Busy", "Outcome", "bounds", "compare_now", "due", "resolve", "run", "today"]
