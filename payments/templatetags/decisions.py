"""The decision on money, beside the act that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import template

from payments.text import fee_explanations
from payments.text.fee_explanations import Shown
from requests_app.models import VisitRound

register = template.Library()

# By the name of the step's address.
_STEPS: dict[str, Callable[[Any], list[Shown]]] = {
    "payments_fee_waive": lambda fee: [fee_explanations.waiver(fee)],
    "payments_payment_propose": fee_explanations.proposal,
    "payments_refund_approve": fee_explanations.approving,
    "payments_refund_decline": fee_explanations.declining,
}


@register.simple_tag
def fee_decision(visit: VisitRound, amount_cents: int) -> Shown:
    return fee_explanations.fee_of_visit(visit, amount_cents)


@register.simple_tag
def no_fee_decision() -> Shown:
    return fee_explanations.no_fee()


@register.simple_tag(takes_context=True)
def step_decisions(context: dict[str, Any], row: Any) -> list[Shown]:
    """What a step of the staff desk does with money; none where it moves none."""
    match = context["request"].resolver_match
    decide = _STEPS.get(match.url_name if match else "")
    return decide(row) if decide else []
