"""By when an open service order is due, as the clock of V2 stands (D6): it moves with closure days and pauses (fault 54)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from simple_history.utils import bulk_update_with_history

from fieldwork.models import ServiceOrder
from msa_portal.business_days.calendar import local_day
from requests_app.clocks import Clocks

REASON = "Closure days or the clock of V2 changed"


def refresh() -> int:
    """Reckon the due day of every open order anew; a change stands in the order's history with its reason. How many
    moved. Running twice changes nothing more."""
    clocks = Clocks.load(today=local_day(timezone.now()))
    with transaction.atomic():
        rows = ServiceOrder.objects.select_for_update(of=("self",)).filter(state=ServiceOrder.State.OPEN)
        rows = rows.select_related("round__request").prefetch_related("round__request__events").order_by("pk")
        moved = [order for order in rows if _move(order, clocks)]
        bulk_update_with_history(moved, ServiceOrder, ["due_on"], batch_size=500, default_change_reason=REASON)
    return len(moved)


def _move(order: ServiceOrder, clocks: Clocks) -> bool:
    clock = clocks.visit(order.round.request)
    if clock is None or clock.due_on is None or clock.due_on == order.due_on:
        return False
    order.due_on = clock.due_on
    return True
