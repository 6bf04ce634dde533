"""A comparison from its start to the message about it. What it repairs and finds is the same however often it runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from msa_portal.errors import Refused
from payments import provider
from payments.models import ReconciledDay
from payments.services.reconciliation import books, external_refunds, items, lease
from payments.services.reconciliation.repair import repair

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """The days that were compared; `unanswered` is the one at which the provider gave no answer, which ended the run."""

    days: list[ReconciledDay] = field(default_factory=list)
    unanswered: date | None = None
    told: int = 0


def run(days: Iterable[date], *, within: timedelta | None = None) -> Outcome:
    """Compare these days, one after the other, and write to supervisors once about what is new.

    No day is begun after the time `within`: the next run continues. Raises `Busy` where another run is under way.
    """
    outcome = Outcome()
    started = time.monotonic()
    with lease.held() as holder:
        for day in days:
            if within is not None and time.monotonic() - started > within.total_seconds():
                break
            try:
                outcome.days.append(_compare(day, holder))
            except (provider.ProviderUnavailable, provider.ProviderRefused) as error:
                logger.warning("the provider gave no list of %s: %s", day, type(error).__name__)
                outcome.unanswered = day
                break
        items.write_given_back(external_refunds.refunds(), holder=holder)
        outcome.told = items.tell_supervisors()
    return outcome


def compare_now(day: ReconciledDay) -> ReconciledDay:
    """That day at once, for staff who wait. Raises `Busy`, and `Refused` where the provider gives no answer."""
    outcome = run([day.day])
    if outcome.unanswered is not None:
        raise Refused(
            _("The payment provider gave no answer. Nothing changed; try again in a minute."), code="no_answer"
        )
    return outcome.days[0]


def _compare(day: date, holder: UUID) -> ReconciledDay:
    """Nothing about the day is written unless the provider's whole list was read."""
    lease.renew(holder)
    both = books.read(day)
    repaired = repair(both, breathe=lambda: lease.renew(holder))
    return items.write(both, repaired=repaired, holder=holder)
