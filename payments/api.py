"""Fees and refunds in the public API: the schedules, and the table of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from msa_portal.business_days.calendar import local_day
from payments import decision_table, refund_rules
from payments.decision_table import Row, Side, Standing
from payments.money import dollars
from requests_app.api.schema import problems
from requests_app.api.views import THROTTLED, PublicView
from requests_app.enums import RequestType, Responsible, Status

CURRENCY = "USD"


def money(cents: int) -> dict[str, str]:
    return {"amount": f"{dollars(cents):.2f}", "currency": CURRENCY}


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.RegexField(r"^\d+\.\d{2}$", help_text="US dollars with two decimals.")
    currency = serializers.ChoiceField(choices=[CURRENCY])


class TypeAmountSerializer(MoneySerializer):
    request_type = serializers.ChoiceField(choices=RequestType.choices)


class ScheduleSerializer(TypeAmountSerializer):
    effective_from = serializers.DateField()
    effective_until = serializers.DateField(allow_null=True)


class FeeReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    responsible = serializers.ChoiceField(choices=Responsible.choices)
    fails_visit = serializers.BooleanField(help_text="False: the visit is moved, and costs nothing more (D13).")


class FeeDueSerializer(serializers.Serializer[Any]):
    due = serializers.BooleanField()
    rule = serializers.CharField()
    why = serializers.CharField()
    amounts = TypeAmountSerializer(
        many=True, help_text="For each request type that has a fee; empty where none is due."
    )


class VisitRefundSerializer(serializers.Serializer[Any]):
    visit = serializers.IntegerField(min_value=1)
    comes_back = serializers.BooleanField(help_text="All of the visit's fee, or nothing of it.")
    rule = serializers.CharField()
    why = serializers.CharField()


class RefundOwedSerializer(serializers.Serializer[Any]):
    withdrawable = serializers.BooleanField(help_text="Whether the request can be withdrawn now.")
    visits = VisitRefundSerializer(many=True, help_text="For each visit whose fee is paid by then.")
    amounts = TypeAmountSerializer(many=True, help_text="In all, where each visit was paid at the fee in force.")
    rules_beside = serializers.ListField(
        child=serializers.CharField(), help_text="Rules that promise the same in this status."
    )


class FeeDecisionSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=Status.choices)
    visit = serializers.ChoiceField(choices=Standing.choices)
    responsible = serializers.ChoiceField(choices=Side.choices, help_text="`nobody`: no visit failed.")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Codes of the failed visit's reasons.")
    fee = FeeDueSerializer()
    refund = RefundOwedSerializer()


class PaidApartSerializer(serializers.Serializer[Any]):
    comes_back = serializers.BooleanField()
    needs_approval = serializers.BooleanField()
    rule = serializers.CharField()
    why = serializers.CharField()


class FeesSerializer(serializers.Serializer[Any]):
    on = serializers.DateField(help_text="The day at the utility for which this holds.")
    quote_days = serializers.IntegerField(min_value=1, help_text="How many days a fee holds once it is quoted (D9).")
    in_force = ScheduleSerializer(many=True)
    announced = ScheduleSerializer(many=True)
    without_fee = serializers.ListField(
        child=serializers.CharField(), help_text="Request types for which no fee is set (D16)."
    )
    reasons = FeeReasonSerializer(many=True)
    decisions = FeeDecisionSerializer(many=True)
    unusable_payments = PaidApartSerializer(many=True)


def answer(table: decision_table.Table) -> dict[str, Any]:
    """The table as the API gives it: whole cents become strings with two decimals here."""
    in_force = [schedule for schedule in table.in_force.values() if schedule]
    return {
        "on": table.on,
        "quote_days": table.quote_days,
        "in_force": [_schedule(schedule) for schedule in in_force],
        "announced": [_schedule(schedule) for schedule in table.announced],
        "without_fee": [kind.value for kind, schedule in table.in_force.items() if schedule is None],
        "reasons": [
            {"code": one.code, "title": one.title, "responsible": one.responsible, "fails_visit": one.at_site}
            for one in table.reasons
        ],
        "decisions": [_decision(row) for row in table.rows],
        "unusable_payments": [
            {
                "comes_back": bool(one.refund_cents),
                "needs_approval": one.needs_approval,
                "rule": one.rule,
                "why": str(one.why),
            }
            for one in refund_rules.paid_apart()
        ],
    }


def _schedule(schedule: Any) -> dict[str, Any]:
    return {
        "request_type": schedule.request_type,
        **money(schedule.amount_cents),
        "effective_from": schedule.effective_from,
        "effective_until": schedule.effective_until,
    }


def _amounts(cents: Mapping[RequestType, int | None]) -> list[dict[str, str]]:
    return [{"request_type": kind.value, **money(amount)} for kind, amount in cents.items() if amount]


def _decision(row: Row) -> dict[str, Any]:
    facts, fee = row.facts, row.fee
    return {
        "status": facts.status.value,
        "visit": facts.standing.value,
        "responsible": facts.side.value,
        "reasons": [reason.code for reason in facts.reasons],
        "fee": {"due": fee.due, "rule": fee.rule, "why": str(fee.why), "amounts": _amounts(row.fee_cents)},
        "refund": {
            "withdrawable": row.withdrawable,
            "visits": [
                {"visit": one.number, "comes_back": bool(one.refund_cents), "rule": one.rule, "why": str(one.why)}
                for one in row.refunds
            ],
            "amounts": _amounts(row.refund_cents),
            "rules_beside": list(row.rules_beside),
        },
    }


class FeesView(PublicView):
    @extend_schema(
        operation_id="fees",
        summary="Fees and refunds",
        description=(
            "What a site visit costs, and for every status, standing of the visit and reason of a failed one: "
            "the fee that is due and what comes back on a withdrawal, each with its rule and why."
        ),
        tags=["public"],
        auth=[],
        responses={200: FeesSerializer, **problems(THROTTLED)},
    )
    def get(self, request: Request) -> Response:
        return Response(FeesSerializer(answer(decision_table.table(local_day(timezone.now())))).data)
