"""What the money has to say on the request's pages."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch

from msa_portal.accounts.models import User
from payments.models import Allocation, Payment, Refund
from payments.services import fees, withdrawal
from payments.text import fee_explanations
from requests_app import hooks
from requests_app.enums import WITHDRAWABLE, Settlement
from requests_app.lifecycle import policies
from requests_app.models import MSARequest


def connect() -> None:
    hooks.register_section("money", money)
    hooks.register_section("next_fee", next_fee)
    hooks.register_section("withdraw", comes_back)
    hooks.register_stake(at_stake)


def money(msa_request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What is due, what was paid with its receipt, what went back."""
    refunds = Prefetch("payment__refunds", Refund.objects.filter(fee__round__msa_request=msa_request).order_by("pk"))
    parts = (
        Allocation.objects.filter(fee__round__msa_request=msa_request)
        .filter(payment__state__in=[Payment.State.PENDING, Payment.State.FAILED, *Payment.RECEIVED])
        .select_related("payment", "fee__round")
        .prefetch_related(refunds)
        .order_by("pk")
    )
    visits = msa_request.case.rounds
    rows = list(parts)
    waived = [visit for visit in visits if visit.settlement in {Settlement.WAIVED, Settlement.NOT_DUE}]
    payable = not policies.reason_against(policies.check_payable, msa_request)
    unsettled = next((visit for visit in visits if visit.closed_at is None and not visit.settlement), None)
    is_due = payable and not msa_request.is_debit_under_way
    due = fees.quote(msa_request, unsettled) if is_due and unsettled else None
    if not rows and not waived and due is None:
        return None
    context = {"msa_request": msa_request, "parts": rows, "waived": waived, "due": due}
    return "payments/panels/money.html", context


def next_fee(msa_request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What a further visit costs, or that it costs nothing, and why (D3)."""
    return "payments/panels/next_fee.html", {"decision": fee_explanations.next_fee(msa_request)}


def at_stake(msa_request: MSARequest) -> hooks.Stake:
    """What was paid, and what D4 gives back if nobody acts (D8)."""
    decisions = withdrawal.preview_refund(msa_request)
    return hooks.Stake(
        sum(decision.paid_cents for decision in decisions),
        sum(decision.refund_cents for decision in decisions),
        tuple(fee_explanations.returned(decision).sentence for decision in decisions),
    )


def comes_back(msa_request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What became of each refund so far; while the request can be withdrawn, what D4 gives back."""
    open_ = msa_request.status in WITHDRAWABLE
    context = {
        "msa_request": msa_request,
        "decisions": fee_explanations.withdrawal_of(msa_request) if open_ else [],
        "total_cents": at_stake(msa_request).refund_cents if open_ else 0,
        "refunds": Refund.objects.filter(fee__round__msa_request=msa_request).order_by("pk"),
        "nothing_paid": hooks.NOTHING_PAID,
        "is_debit_under_way": msa_request.is_debit_under_way,
    }
    return "payments/panels/refund_expected.html", context
