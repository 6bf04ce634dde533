"""What the lifecycle's events mean for the money; each runs in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.approvals import rows
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from payments import ledger_guard, schedule_guard, sections
from payments.models import FeeSchedule
from payments.services import fees, invitations, pay_links, refunds, waivers, withdrawal
from requests_app.events import Then, row_for
from requests_app.models import MSARequest, RequestEvent
from requests_app.signals import event_recorded


def connect(app: AppConfig) -> None:
    """Called once when the app is ready."""
    post_migrate.connect(ledger_guard.keep, sender=app, dispatch_uid="payments.ledger_guard")
    post_migrate.connect(schedule_guard.keep, sender=app, dispatch_uid="payments.schedule_guard")
    refunds.register()
    waivers.register()
    rows.register(FeeSchedule, also=_starts_later)
    event_recorded.connect(on_event, dispatch_uid="payments.on_event")
    sections.connect()
    pay_links.connect()


def _starts_later(schedule: FeeSchedule) -> None:
    """A schedule only follows those that are there (D23)."""
    if schedule.effective_from < local_day(timezone.now()):
        raise Refused(_("Its first day is over. Decline it, and propose it again from a later day."), code="past")


def on_event(msa_request: MSARequest, event: RequestEvent, by: User | None, **_kwargs: Any) -> None:
    """Each act that the event's row asks for, in the order of `ACTS`."""
    then = row_for(event.kind).then
    for step, act in ACTS.items():
        if step in then:
            act(msa_request, by)


def _raise_fee(msa_request: MSARequest, by: User | None) -> None:
    fees.raise_when_ready(msa_request, by=by)


def _stop_payments(msa_request: MSARequest, by: User | None) -> None:
    withdrawal.stop_open_payments(msa_request, rule="F3", by=by)


def _propose_refund(msa_request: MSARequest, by: User | None) -> None:
    withdrawal.after_withdrawal(msa_request, by=by)


def _return_unused_fee(msa_request: MSARequest, by: User | None) -> None:
    withdrawal.return_unused(msa_request)


def _void_pay_links(msa_request: MSARequest, by: User | None) -> None:
    invitations.void(msa_request)


ACTS: dict[Then, Callable[[MSARequest, User | None], None]] = {
    Then.RAISE_FEE: _raise_fee,
    Then.STOP_PAYMENTS: _stop_payments,
    Then.PROPOSE_REFUND: _propose_refund,
    Then.RETURN_UNUSED_FEE: _return_unused_fee,
    Then.VOID_PAY_LINKS: _void_pay_links,
}
