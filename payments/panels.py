"""What the money has to say on the request's pages."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch

from msa_portal.accounts.models import User
from payments import shown
from payments.models import Allocation, Payment, Refund
from payments.services import fees, withdrawal
from requests_app import panels, policies, stakes
from requests_app.enums import WITHDRAWABLE, Settlement
from requests_app.models import MSARequest


def connect() -> None:
    panels.register("money", money)
    panels.register("next_fee", next_fee)
    panels.register("withdraw", comes_back)
    stakes.register(at_stake)


def money(request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What is due, what was paid with its receipt, what went back."""
    refunds = Prefetch("payment__refunds", Refund.objects.filter(fee__round__request=request).order_by("pk"))
    parts = (
        Allocation.objects.filter(fee__round__request=request)
        .filter(payment__state__in=[Payment.State.PENDING, *Payment.RECEIVED])
        .select_related("payment", "fee__round")
        .prefetch_related(refunds)
        .order_by("pk")
    )
    visits = list(request.rounds.all())
    rows = list(parts)
    waived = [visit for visit in visits if visit.settlement in {Settlement.WAIVED, Settlement.NOT_DUE}]
    payable = not policies.reason_against(policies.check_payable, request)
    unsettled = next((visit for visit in visits if visit.closed_at is None and not visit.settlement), None)
    due = fees.quote(request, unsettled) if payable and unsettled else None
    if not rows and not waived and due is None:
        return None
    context = {"request_": request, "parts": rows, "waived": waived, "due": due}
    return "payments/panels/money.html", context


def next_fee(request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What a further visit costs, or that it costs nothing, and why (D3)."""
    return "payments/panels/next_fee.html", {"decision": shown.next_fee(request)}


def at_stake(request: MSARequest) -> stakes.Stake:
    """What was paid, and what D4 gives back if nobody acts (D8)."""
    decisions = withdrawal.preview_refund(request)
    return stakes.Stake(
        sum(decision.paid_cents for decision in decisions), sum(decision.refund_cents for decision in decisions)
    )


def comes_back(request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What became of each refund so far; while the request can be withdrawn, what D4 gives back."""
    open_ = request.status in WITHDRAWABLE
    context = {
        "request_": request,
        "decisions": shown.withdrawal_of(request) if open_ else [],
        "total_cents": at_stake(request).refund_cents if open_ else 0,
        "refunds": Refund.objects.filter(fee__round__request=request).order_by("pk"),
    }
    return "payments/panels/refund_expected.html", context
