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
    return Q(Exists(VisitRound.objects.filter(msa_request=OuterRef("pk"), closed_at__isnull=True, settlement="")))


def is_near_payment() -> Q:
    """The agreement was signed by everyone, or a follow-up waits; what else is missing `code_against` says."""
    signed = Agreement.objects.current().filter(msa_request=OuterRef("pk"), state=AgreementState.EXECUTED)
    waits = FollowUp.objects.filter(msa_request=OuterRef("pk"), completed_at__isnull=True, canceled_at__isnull=True)
    return Q(Exists(signed), status=Status.UNSUBMITTED) | Q(Exists(waits))


def with_what_is_judged(requests: MSARequestQuerySet) -> MSARequestQuerySet:
    """All that `code_against` reads."""
    return requests.select_related("owner", "agent", "agent_company", "device").prefetch_related(
        Prefetch("agreements", Agreement.objects.current()),
        Prefetch("readiness_statements", ReadinessStatement.objects.current()),
        Prefetch("documents", sent_documents(), to_attr=_DOCUMENTS),
        "follow_ups",
    )


def code_against(msa_request: MSARequest, *, today: date, now: datetime, panels: eligibility.Panels) -> str:
    """The code of the refusal that `check_payable` would raise, "fix_first" for all that is unsaid; else empty."""
    sent = {document.topic for document in getattr(msa_request, _DOCUMENTS)}
    missing = missing_documents(msa_request, here=sent)
    verdict = completeness.verdict(msa_request, on=msa_request.judged_on or today, panels=panels, documents=missing)
    if msa_request.status == Status.UNSUBMITTED:
        code = _against_first_visit(msa_request, verdict)
    else:
        code = _against_next_visit(msa_request)
    frozen = msa_request.frozen_until is not None and msa_request.frozen_until > now
    return code or ("fix_first" if not frozen and readiness.has_unstated_findings(msa_request, verdict) else "")


def _against_first_visit(msa_request: MSARequest, verdict: eligibility.Verdict) -> str:
    if completeness.gaps(msa_request):
        return "incomplete"
    if verdict.outcome == "not_eligible":
        return "not_eligible"
    return "" if _is_executed(msa_request) else "agreement_not_executed"


def _against_next_visit(msa_request: MSARequest) -> str:
    waits = (each for each in msa_request.follow_ups.all() if not (each.completed_at or each.canceled_at))
    follow_up = next(waits, None)
    if follow_up is None:
        return "nothing_due"
    signed = follow_up.kind != FollowUpKind.MODIFY or _is_executed(msa_request)
    return "" if signed else "agreement_not_executed"


def _is_executed(msa_request: MSARequest) -> bool:
    found = next((each for each in msa_request.agreements.all() if each.state != AgreementState.SUPERSEDED), None)
    return found is not None and found.state == AgreementState.EXECUTED and versions.matches(found, msa_request)
