"""By when an open service order is due, as the clock of V2 stands (D6): it moves with closure days and pauses (fault 54)."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from fieldwork.models import ServiceOrder
from msa_portal.business_days.calendar import local_day
from requests_app.models import MSARequest
from requests_app.status.clocks import Clocks

log = structlog.get_logger(__name__)


def refresh() -> int:
    """Reckon the due day of every open order anew, in a fixed number of queries. How many moved; running twice changes
    nothing more."""
    clocks = Clocks.load(today=local_day(timezone.now()))
    with transaction.atomic():
        rows = ServiceOrder.objects.select_for_update(of=("self",)).filter(state=ServiceOrder.State.OPEN)
        rows = rows.select_related("round").order_by("pk")
        rows = rows.prefetch_related(Prefetch("round__msa_request", MSARequest.objects.with_case()))
        moved = [order for order in rows if _move(order, clocks)]
        ServiceOrder.objects.bulk_update(moved, ["due_on"], batch_size=500)
    if moved:
        log.info("due_days_moved", orders=len(moved))
    return len(moved)


def _move(order: ServiceOrder, clocks: Clocks) -> bool:
    clock = clocks.visit(order.round.msa_request)
    if clock is None or clock.due_on is None or clock.due_on == order.due_on:
        return False
    order.due_on = clock.due_on
    return True
