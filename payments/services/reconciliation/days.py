"""Which days are compared, and where each begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone

from msa_portal.business_days.calendar import UTILITY_ZONE, local_day
from payments.models import LedgerEntry, Payment, ReconciledDay

# The provider's list may be a little behind: a day is called over when the night is.
NIGHT_ENDS = timedelta(hours=3)
# How far back something booked late to a final day is looked for.
_BOOKED_LATELY = timedelta(days=3)
_ONE_DAY = timedelta(days=1)


def today() -> date:
    return local_day(timezone.now())


def bounds(day: date) -> tuple[datetime, datetime]:
    """From its first moment until before the next day's: 23 or 25 hours where the clock is changed."""
    return _midnight(day), _midnight(day + _ONE_DAY)


def _midnight(day: date) -> datetime:
    """In UTC: two moments of one zone are subtracted by the clock on the wall."""
    return datetime.combine(day, time.min, tzinfo=UTILITY_ZONE).astimezone(UTC)


def due() -> list[date]:
    """Days that are over and not final, since the first payment, the oldest first.

    A final day is due again where something was booked to it after it was compared.
    """
    first = _first_day()
    if first is None:
        return []
    last = local_day(timezone.now() - NIGHT_ENDS) - _ONE_DAY
    final = set(ReconciledDay.objects.filter(state__in=ReconciledDay.FINAL).values_list("day", flat=True))
    settled = final - _booked_since()
    return [day for day in between(first, last) if day not in settled]


def between(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last one."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _first_day() -> date | None:
    """A payment whose every webhook was lost is in no ledger, so payments count from when they were begun."""
    payment = Payment.objects.order_by("pk").values_list("created_at", flat=True).first()
    entry = LedgerEntry.objects.filter(moved_at__isnull=False).order_by("moved_at").values_list("moved_at", flat=True)
    moments = [moment for moment in (payment, entry.first()) if moment is not None]
    return local_day(min(moments)) if moments else None


def _booked_since() -> set[date]:
    compared = ReconciledDay.objects.filter(day=OuterRef("on"), state__in=ReconciledDay.FINAL)
    lately = LedgerEntry.objects.filter(moved_at__isnull=False, at__gte=timezone.now() - _BOOKED_LATELY)
    booked = lately.annotate(on=TruncDate("moved_at", tzinfo=UTILITY_ZONE)).order_by()
    late = booked.annotate(compared_at=Subquery(compared.values("checked_at")[:1])).filter(at__gt=F("compared_at"))
    return set(late.values_list("on", flat=True).distinct())
