"""A technician's day as the phone keeps it: what the work needs, and no more of anybody (fault 58).

No customer's name or email address: the page of the visit has them, while there is coverage. The phone number is there
as long as the visit is open, since a call needs no coverage for data (docs/adr/0024).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from fieldwork.models import CloseOut, SiteVisit, Technician
from fieldwork.visits import outcome_text
from requests_app.eligibility import rules_for
from requests_app.enums import VisitOutcome
from requests_app.models import Cure, MSARequest, OutcomeReason, Product, ReadinessStatement, VisitRound


def day_of(technician: Technician, on: date) -> dict[str, Any]:
    """That day's visits in their order, open ones of days before, and the reasons to choose from.

    A fixed number of queries, however many visits and technicians there are.
    """
    mine = SiteVisit.objects.assigned_to(technician.user).select_related("order__round__msa_request__device")
    today = list(mine.on_day(on))
    overdue = list(mine.open().filter(scheduled_on__lt=on).order_by("scheduled_on", "-window", "pk"))
    known = _Known([*today, *overdue])
    reasons = list(OutcomeReason.objects.filter(is_active=True))
    return {
        "on": on.isoformat(),
        "technician": person(technician),
        "visits": [_visit(visit, known) for visit in today],
        "overdue": [_visit(visit, known) for visit in overdue],
        "next_on": None if today else mine.next_day_after(on),
        "reasons": [_reason(reason) for reason in reasons if reason.at_site],
        "not_reached": [{"code": reason.code, "title": reason.title} for reason in reasons if not reason.at_site],
    }


def person(technician: Technician) -> dict[str, Any]:
    return {"id": technician.pk, "name": technician.user.name or technician.employee_number}


class _Known:
    """What stands beside the visits, by one query each."""

    def __init__(self, visits: list[SiteVisit]) -> None:
        requests = [visit.order.round.msa_request_id for visit in visits]
        reports = CloseOut.objects.filter(visit__in=visits, accepted=True).only("visit_id", "outcome", "received_at")
        self.reports = {report.visit_id: report for report in reports}
        statements = ReadinessStatement.objects.current().filter(msa_request__in=requests)
        self.promised = {statement.msa_request_id: statement.findings for statement in statements}
        self.put_right = _put_right(requests)


def _put_right(requests: list[int]) -> dict[int, list[str]]:
    """Of each request, how the reasons of its last failed visit were cured since."""
    failed = VisitRound.objects.filter(msa_request__in=requests, outcome=VisitOutcome.UNSUCCESSFUL)
    last = dict(failed.order_by("number").values_list("msa_request_id", "pk"))
    cures = Cure.objects.filter(round__in=last.values()).select_related("reason", "round", "device")
    told_by_request: dict[int, list[str]] = {}
    for cure in cures:
        told_by_request.setdefault(cure.round.msa_request_id, []).append(_cure(cure))
    return told_by_request


def _cure(cure: Cure) -> str:
    how = cure.statement or (str(cure.device) if cure.device else cure.get_proof_display())
    return f"{cure.reason.title}: {how}"


def _visit(visit: SiteVisit, known: _Known) -> dict[str, Any]:
    msa_request = visit.order.round.msa_request
    report = known.reports.get(visit.pk)
    return {
        "id": visit.pk,
        "order": visit.order.number,
        "reference": msa_request.reference,
        "state": visit.state,
        "state_text": visit.get_state_display(),
        "on": visit.scheduled_on.isoformat() if visit.scheduled_on else "",
        "window": visit.window,
        "window_text": visit.get_window_display(),
        "position": visit.position,
        "minutes": visit.minutes,
        "arrives_at": _moment(visit.arrives_at),
        "expected_at": _moment(visit.expected_at),
        "on_the_way_at": _moment(visit.on_the_way_at),
        "on_site_at": _moment(visit.on_site_at),
        "moved": visit.moves > 0,
        "report": {"outcome": report.outcome, "received_at": _moment(report.received_at)} if report else None,
        "promised": _promised(known.promised.get(msa_request.pk, [])),
        "put_right": known.put_right.get(msa_request.pk, []),
        "phone": msa_request.customer_phone if visit.state in SiteVisit.OPEN_STATES else "",
        **_site(visit, msa_request),
    }


def _site(visit: SiteVisit, msa_request: MSARequest) -> dict[str, Any]:
    order = visit.order
    return {
        "address": msa_request.full_address,
        "latitude": None if order.latitude is None else float(order.latitude),
        "longitude": None if order.longitude is None else float(order.longitude),
        "access_notes": msa_request.access_notes,
        "request_type": msa_request.request_type,
        "request_type_text": msa_request.get_request_type_display(),
        "done_text": outcome_text.done_text(msa_request.request_type),
        "device": _device(msa_request.device),
        "existing_adapter_text": msa_request.get_existing_adapter_display(),
        "meter_number": msa_request.meter_number,
        "panel_text": _panel(msa_request),
        "checklist": [
            {"number": rule.number, "text": str(rule.checklist)}
            for rule in rules_for(msa_request.request_type)
            if rule.checklist
        ],
    }


def _device(device: Product | None) -> dict[str, Any] | None:
    if device is None:
        return None
    return {
        "id": device.pk,
        "name": str(device),
        "part_number": device.part_number,
        "isolating": device.isolating,
        "serial_pattern": device.serial_pattern,
    }


def _panel(msa_request: MSARequest) -> str:
    rating = f"{msa_request.panel_rating_amps} A" if msa_request.panel_rating_amps else ""
    return ", ".join(part for part in (msa_request.panel_model, rating) if part)


def _promised(findings: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"rule": finding["rule"], "message": finding["message"]} for finding in findings]


def _reason(reason: OutcomeReason) -> dict[str, str]:
    return {
        "code": reason.code,
        "title": reason.title,
        "explanation": reason.explanation,
        "rule": reason.rule,
        "responsible": reason.get_responsible_display(),
    }


def _moment(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
