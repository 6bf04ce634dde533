"""Requests with money at every standing of the table of decisions, led there through the services.

No provider is asked: `receive` puts its picture of a payment in the place of the call, and the
portal's own settlement follows it.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from payments import provider
from payments.decision_table import Facts, Standing
from payments.models import Allocation, Fee, Payment
from payments.services import settle
from requests_app.enums import Settlement, Status
from requests_app.follow_ups import cures, follow_ups
from requests_app.lifecycle import policies, transitions
from requests_app.models import MSARequest, OutcomeReason, VisitRound
from tests import factories


def receive(monkeypatch: pytest.MonkeyPatch, fee: Fee, **seen: Any) -> Payment:
    """The provider says that a payment of that fee is paid, and the portal follows."""
    msa_request = fee.round.msa_request
    payer = factories.actor_of(msa_request)
    payment = Payment.objects.create(
        amount_cents=fee.amount_cents,
        payer=payer,
        payer_name=payer.name,
        payer_email=payer.email,
        session_id=f"cs_{Payment.objects.count()}",
    )
    Allocation.objects.create(payment=payment, fee=fee, amount_cents=fee.amount_cents)
    facts: dict[str, Any] = {
        "amount_cents": fee.amount_cents,
        "currency": "usd",
        "livemode": False,
    } | seen
    session = provider.Session(
        id=str(payment.session_id),
        url="",
        status="complete",
        payment_status="paid",
        reference=msa_request.reference,
        key=str(payment.key),
        expires_at=timezone.now(),
        intent_id=f"pi_{payment.pk}",
        **facts,
    )
    monkeypatch.setattr(provider, "fetch_session", lambda _id: session)
    settle.settle_from_provider(payment)
    payment.refresh_from_db()
    return payment


def pay(monkeypatch: pytest.MonkeyPatch, msa_request: MSARequest) -> MSARequest:
    """What is due now is paid; the request as it is then."""
    fee = Fee.objects.filter(round__msa_request=msa_request, state=Fee.State.OPEN).first()
    if fee is not None:
        receive(monkeypatch, fee)
    elif msa_request.status == Status.UNSUBMITTED:
        factories.paid(msa_request, how=Settlement.NOT_DUE)
    return factories.refreshed(msa_request)


def fail(msa_request: MSARequest, facts: Facts) -> MSARequest:
    rows = OutcomeReason.objects.filter(code__in=[reason.code for reason in facts.reasons])
    return factories.failed(msa_request, reasons=rows)


def next_visit(monkeypatch: pytest.MonkeyPatch, msa_request: MSARequest, *, modify: bool) -> MSARequest:
    """The visit after a failed one is asked for, and its fee paid where one is due."""
    if modify:
        follow_ups.save_modification(
            msa_request, by=factories.actor_of(msa_request), device=factories.ProductFactory()
        )
        msa_request = factories.executed(factories.refreshed(msa_request))
        transitions.advance(msa_request, by=factories.actor_of(msa_request))
    else:
        cure(msa_request)
        follow_ups.save_reschedule(msa_request, by=factories.actor_of(msa_request))
    return pay(monkeypatch, factories.refreshed(msa_request))


def cure(msa_request: MSARequest) -> None:
    failed = policies.failed_round(msa_request)
    OutcomeReason.objects.exclude(proof="nothing").update(proof="statement")
    for reason in failed.reasons.exclude(responsible="utility"):
        cures.submit_cure(msa_request, reason, by=factories.actor_of(msa_request), statement="It is put right.")


def reach(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> MSARequest:
    """A request that stands there, led through the services."""
    msa_request = factories.executed(factories.complete_request())
    if facts.status == Status.UNSUBMITTED:
        return msa_request
    msa_request = pay(monkeypatch, msa_request)
    status = facts.status
    if facts.failed:
        msa_request = fail(factories.ordered(factories.valid(msa_request)), facts)
        if status != Status.SITE_VISIT_UNSUCCESSFUL:
            way = status in {Status.RESCHEDULE_REQUESTED, Status.SERVICE_ORDER_ISSUED}
            msa_request = next_visit(monkeypatch, msa_request, modify=not way)
    onward = {
        Status.CORRECTIONS_REQUIRED: [factories.corrections_required],
        Status.PENDING_SERVICE_ORDER: [factories.valid],
        Status.SERVICE_ORDER_ISSUED: [factories.ordered] if facts.failed else [factories.valid, factories.ordered],
        Status.INSTALLATION_COMPLETE: [factories.valid, factories.ordered, factories.completed],
        Status.WITHDRAWN: [factories.withdrawn],
    }
    for step in onward.get(status, []):
        msa_request = step(msa_request)
    if facts.standing == Standing.ON_SITE:
        VisitRound.objects.filter(msa_request=msa_request, closed_at__isnull=True).update(on_site_at=timezone.now())
    return msa_request
