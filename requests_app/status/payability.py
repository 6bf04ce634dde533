"""May the fee be paid now? `policies.check_payable` for a list: a number of queries that does not grow.

A test holds the two together for every state that a request can be in.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Exists, OuterRef, Prefetch, Q

from requests_app import eligibility
from requests_app.agreements import versions
from requests_app.application import completeness
from requests_app.eligibility.sources import missing_documents, sent_documents
from requests_app.enums import AgreementState, FollowUpKind, Status
from requests_app.models import Agreement, FollowUp, MSARequest, ReadinessStatement, VisitRound
from requests_app.models.request import MSARequestQuerySet
from requests_app.readiness import readiness

_DOCUMENTS = "documents_for_device"


def has_unsettled_visit() -> Q:
    return Q(Exists(VisitRound.objects.filter(request=OuterRef("pk"), closed_at__isnull=True, settlement="")))


def is_near_payment() -> Q:
    """The agreement was signed by everyone, or a follow-up waits; what else is missing `code_against` says."""
    signed = Agreement.objects.current().filter(request=OuterRef("pk"), state=AgreementState.EXECUTED)
    waits = FollowUp.objects.filter(request=OuterRef("pk"), completed_at__isnull=True, canceled_at__isnull=True)
    return Q(Exists(signed), status=Status.UNSUBMITTED) | Q(Exists(waits))


def with_what_is_judged(requests: MSARequestQuerySet) -> MSARequestQuerySet:
    """All that `code_against` reads."""
    return requests.select_related("owner", "agent", "agent_company", "device").prefetch_related(
        Prefetch("agreements", Agreement.objects.current()),
        Prefetch("readiness_statements", ReadinessStatement.objects.current()),
        Prefetch("documents", sent_documents(), to_attr=_DOCUMENTS),
        "follow_ups",
    )


def code_against(request: MSARequest, *, today: date, now: datetime, panels: eligibility.Panels) -> str:
    """The code of the refusal that `check_payable` would raise, "fix_first" for all that is unsaid; else empty."""
    sent = {document.topic for document in getattr(request, _DOCUMENTS)}
    missing = missing_documents(request, here=sent)
    verdict = completeness.verdict(request, on=request.judged_on or today, panels=panels, documents=missing)
    if request.status == Status.UNSUBMITTED:
        code = _against_first_visit(request, verdict)
    else:
        code = _against_next_visit(request)
    frozen = request.frozen_until is not None and request.frozen_until > now
    return code or ("fix_first" if not frozen and readiness.has_unstated_findings(request, verdict) else "")


def _against_first_visit(request: MSARequest, verdict: eligibility.Verdict) -> str:
    if completeness.gaps(request):
        return "incomplete"
    if verdict.outcome == "not_eligible":
        return "not_eligible"
    return "" if _is_executed(request) else "agreement_not_executed"


def _against_next_visit(request: MSARequest) -> str:
    waits = (each for each in request.follow_ups.all() if not (each.completed_at or each.canceled_at))
    follow_up = next(waits, None)
    if follow_up is None:
        return "nothing_due"
    signed = follow_up.kind != FollowUpKind.MODIFY or _is_executed(request)
    return "" if signed else "agreement_not_executed"


def _is_executed(request: MSARequest) -> bool:
    found = next((each for each in request.agreements.all() if each.state != AgreementState.SUPERSEDED), None)
    return found is not None and found.state == AgreementState.EXECUTED and versions.matches(found, request)
