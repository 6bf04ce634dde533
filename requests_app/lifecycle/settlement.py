"""What payments tells the request: the fee form opened, a fee settled, a payment disputed.

Payments knows money; whether a visit counts as paid stands here, where the lifecycle decides.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock, locked, take_over
from msa_portal.errors import Refused
from requests_app import history, permissions
from requests_app.enums import Debit, EventKind, Settlement, Status
from requests_app.lifecycle import policies, transitions
from requests_app.models import MSARequest, VisitRound


def open_fee_form(msa_request: MSARequest, *, by: User | None) -> VisitRound:
    """The fee form is open: the day on which E6 is judged is fixed (C6). Returns the visit to pay for.

    Called under the request's lock, or takes it. Raises `Refused` with the reason where the form
    or the agreement is not complete (F2).
    """
    with locked(msa_request) as fresh:
        policies.check_payable(fresh)
        if fresh.judged_on is None:
            fresh.judged_on = local_day(timezone.now())
            fresh.save(update_fields=["judged_on"])
        return policies.open_round(fresh)


def freeze(msa_request: MSARequest, *, until: datetime, by: User | None) -> None:
    """A checkout opens: the covered facts stand still until it ends (D15). `by` None pays by a link."""
    fresh = lock(msa_request)
    policies.check_payable(fresh)
    fresh.frozen_until = until
    fresh.judged_on = local_day(timezone.now())
    fresh.debit, fresh.debit_since = "", None
    fresh.save(update_fields=["frozen_until", "judged_on", "debit", "debit_since"])
    history.record(fresh, EventKind.CHECKOUT_OPENED, by=by)


def extend_freeze(msa_request: MSARequest, *, until: datetime) -> None:
    """The payment page is open for longer: the answers go on standing still."""
    fresh = lock(msa_request)
    fresh.frozen_until = until
    fresh.save(update_fields=["frozen_until"])


def debit_started(msa_request: MSARequest, *, until: datetime) -> None:
    """A bank debit is under way, which takes days: the answers go on standing still."""
    fresh = lock(msa_request)
    fresh.frozen_until = until
    fresh.debit, fresh.debit_since = Debit.UNDER_WAY, timezone.now()
    saved = ["frozen_until", "debit", "debit_since"]
    history.record(fresh, EventKind.DEBIT_STARTED, by=None, save=saved)


def debit_failed(msa_request: MSARequest) -> None:
    """The bank didn't pay: the answers may change again, and the fee is to be paid another way."""
    fresh = lock(msa_request)
    fresh.debit, fresh.debit_since = Debit.FAILED, timezone.now()
    history.record(fresh, EventKind.DEBIT_FAILED, by=None, save=["debit", "debit_since"])


def ask_customer_to_pay(msa_request: MSARequest, *, until: datetime | None) -> None:
    """A link to pay is out until then, or (None) no longer. The caller holds the lock, and records why."""
    with locked(msa_request) as fresh:
        fresh.customer_pays_until = until
        fresh.save(update_fields=["customer_pays_until"])


def thaw(msa_request: MSARequest) -> None:
    """No payment is under way: the answers may change again."""
    fresh = lock(msa_request)
    fresh.frozen_until = None
    if fresh.debit == Debit.UNDER_WAY:
        fresh.debit, fresh.debit_since = "", None
    fresh.save(update_fields=["frozen_until", "debit", "debit_since"])


def settle(visit: VisitRound, *, how: Settlement, by: User | None) -> bool:
    """The fee of that visit is settled: record it, and complete what waited for it.

    Returns whether this call settled it: False where it was settled already. Raises `Refused`
    where the request can take no money any more (D15); nothing is written then, and the caller
    holds the payment. `by` is the payer or the supervisor who waived; the owner's submission
    is made in the payer's name.
    """
    with transaction.atomic():
        msa_request = lock(visit.msa_request)
        fresh = lock(visit)
        if fresh.settlement:
            return False
        if fresh.closed_at is not None:
            raise Refused(_("That visit is closed, so its fee can no longer be used."), code="visit_closed")
        policies.check_payable(msa_request)
        fresh.settlement = how
        fresh.settled_at = timezone.now()
        fresh.save(update_fields=["settlement", "settled_at", "updated_at"])
        msa_request.case.now_has(open_round=fresh)
        thawed = ["frozen_until"] if msa_request.frozen_until else []
        msa_request.frozen_until = None
        if msa_request.debit:
            msa_request.debit, msa_request.debit_since = "", None
            thawed += ["debit", "debit_since"]
        if msa_request.customer_pays_until:
            msa_request.customer_pays_until = None
            thawed.append("customer_pays_until")
        codes = {"round": fresh.number, "how": str(how)}
        history.record(msa_request, EventKind.FEE_SETTLED, by=by, codes=codes, save=thawed)
        _complete_what_waited(msa_request, by=by)
    take_over(visit, fresh)
    return True


def _complete_what_waited(msa_request: MSARequest, *, by: User | None) -> None:
    may_act = by is not None and permissions.acts_for(by, msa_request)
    actor = by if by is not None and may_act else permissions.on_behalf_of(msa_request)
    if msa_request.status == Status.UNSUBMITTED:
        transitions.submit(msa_request, by=actor)
    else:
        transitions.advance(msa_request, by=actor)


def set_disputed(visit: VisitRound, *, disputed: bool, outcome: str = "") -> None:
    """The bank disputes the payment: no order goes out meanwhile.

    `outcome` says how a dispute ended; one that was lost stays a hindrance, since the money is gone.
    """
    with transaction.atomic():
        msa_request = lock(visit.msa_request)
        fresh = lock(visit)
        if fresh.disputed == disputed and not outcome:
            return
        fresh.disputed = disputed
        fresh.save(update_fields=["disputed", "updated_at"])
        kind = EventKind.DISPUTE_CLOSED if outcome else EventKind.FEE_DISPUTED
        codes = {"round": fresh.number} | ({"outcome": outcome} if outcome else {})
        history.record(msa_request, kind, by=None, codes=codes)
