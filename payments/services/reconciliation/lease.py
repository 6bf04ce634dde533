"""One comparison at a time, by hand or by the timer: a row that is held for a while, and released."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.errors import Refused
from payments.models import ReconciliationLease


class Busy(Refused):
    """Another comparison is under way, or took over from one that was too slow."""

    def __init__(self) -> None:
        super().__init__(_("A comparison is under way already. Look again in a few minutes."), code="busy")


@contextmanager
def held() -> Iterator[UUID]:
    """Raises `Busy` where somebody else holds it."""
    holder = uuid4()
    now = timezone.now()
    ReconciliationLease.objects.get_or_create(only=True, defaults={"holder": holder, "until": now})
    free = ReconciliationLease.objects.filter(until__lte=now)
    if not free.update(holder=holder, until=now + ReconciliationLease.LASTS):
        raise Busy
    try:
        yield holder
    finally:
        ReconciliationLease.objects.filter(holder=holder).update(until=timezone.now())


def renew(holder: UUID) -> None:
    """Hold it longer. In a transaction this also keeps a late holder from writing. Raises `Busy`."""
    mine = ReconciliationLease.objects.filter(holder=holder, until__gt=timezone.now())
    if not mine.update(until=timezone.now() + ReconciliationLease.LASTS):
        raise Busy
