"""Screening: answering the checks, and what the portal suggests for each (program.md, C)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import locked
from requests_app.agreements import versions
from requests_app.application import completeness, steps
from requests_app.enums import CheckAnswer, CheckCode, DecisionKind, Party
from requests_app.lifecycle import seen as seen_states
from requests_app.lifecycle import staff_decisions
from requests_app.lifecycle.seen import Seen
from requests_app.models import CorrectionReason, MSARequest, ScreeningAnswer
from requests_app.screening import claims
from requests_app.utility_records.comparison import Comparison, FieldComparison, compare


def answer_checks(
    msa_request: MSARequest, answers: Mapping[str, tuple[str, str]], *, by: User, seen: Seen | None = None
) -> None:
    """Keep the answers (check → answer, note); taking the request where nobody has.

    `seen` None: answered on what is there now. Answers that a colleague gave since are never overwritten, and nothing
    changes below a decision that waits.
    """
    with locked(msa_request) as fresh:
        screening = claims.take(fresh, by=by)
        waiting = fresh.case.waiting_decision
        if waiting is not None and waiting.kind != DecisionKind.JUDGE:
            raise staff_decisions.already_decided(waiting, to=by)
        if seen is not None:
            seen_states.check(fresh, seen, seen_states.CHECKS, to=by)
        ScreeningAnswer.objects.bulk_create(
            (
                ScreeningAnswer(
                    screening=screening,
                    check_code=CheckCode(code),
                    answer=CheckAnswer(answer),
                    note=note,
                    answered_by=by,
                )
                for code, (answer, note) in answers.items()
            ),
            update_conflicts=True,
            unique_fields=["screening", "check_code"],
            update_fields=["answer", "note", "answered_by", "answered_at"],
        )
        claims.record_activity(screening)


@dataclass(frozen=True)
class Suggestion:
    """What the portal itself finds for a check, and why; staff decide."""

    answer: CheckAnswer
    because: str


def suggestions(msa_request: MSARequest, comparison: Comparison | None = None) -> dict[CheckCode, Suggestion]:
    """An answer for each of C1 to C7 from what the portal knows."""
    case = msa_request.case
    signed = set(case.agreement.parties) - set(case.waited_for) if case.agreement else set()
    executed = versions.is_executed(msa_request)
    return {
        CheckCode.C1: _say(Party.CUSTOMER in signed, _("Signed by the customer."), _("No signature of the customer.")),
        CheckCode.C2: _agent_suggestion(msa_request, signed),
        CheckCode.C3: _say(
            not completeness.form_of(msa_request).gaps,
            _("Every field that applies is filled in."),
            _("Fields are missing."),
        ),
        CheckCode.C4: _say(
            executed, _("The signed facts are the facts of the request."), _("The agreement states other facts.")
        ),
        CheckCode.C5: _record_suggestion(comparison or compare(msa_request)),
        CheckCode.C6: _eligibility_suggestion(msa_request),
        CheckCode.C7: _fee_suggestion(msa_request),
    }


def _say(holds: bool, yes: str, no: str) -> Suggestion:
    return Suggestion(CheckAnswer.YES, yes) if holds else Suggestion(CheckAnswer.NO, no)


def _agent_suggestion(msa_request: MSARequest, signed: set[Party]) -> Suggestion:
    if not msa_request.has_agent:
        return Suggestion(CheckAnswer.NOT_APPLICABLE, _("The customer submits."))
    return _say(
        {Party.CUSTOMER, Party.AGENT} <= signed, _("Both signed the authorization."), _("A signature is missing.")
    )


def _record_suggestion(comparison: Comparison) -> Suggestion:
    if comparison.checked_at is None:
        return Suggestion(
            CheckAnswer.NO, _("Not compared yet: the utility's record was not asked, or did not answer.")
        )
    if comparison.differing:
        said = {"fields": _with_reasons(comparison.differing)}
        return Suggestion(CheckAnswer.NO, _("Differs from the record: %(fields)s.") % said)
    if comparison.rewritten:
        said = {"fields": _with_reasons(comparison.rewritten)}
        return Suggestion(CheckAnswer.YES, _("The same as the record. Written in another way: %(fields)s.") % said)
    return Suggestion(CheckAnswer.YES, _("Every field matches the record."))


def _with_reasons(differences: Iterable[FieldComparison]) -> str:
    """ "street address (Another street), unit (Another unit)"."""
    reasons = [(str(difference.label), difference.because.rstrip(".")) for difference in differences]
    return ", ".join(f"{label} ({because})" if because else label for label, because in reasons)


def _eligibility_suggestion(msa_request: MSARequest) -> Suggestion:
    verdict = completeness.form_of(msa_request).verdict
    blocking = [finding.rule for finding in verdict.findings if finding.severity == "blocks"]
    return _say(
        not blocking and verdict.outcome != "incomplete",
        _("The eligibility rules hold."),
        _("These rules do not hold, or wait for a fact: %(rules)s.")
        % {"rules": ", ".join(blocking or verdict.unknown)},
    )


def _fee_suggestion(msa_request: MSARequest) -> Suggestion:
    visit = msa_request.case.open_round
    holds = visit is not None and visit.is_settled
    return _say(holds, _("The fee is settled and not disputed."), _("The fee is not settled, or disputed."))


def found_reasons(
    msa_request: MSARequest,
    comparison: Comparison,
    suggested: Mapping[CheckCode, Suggestion],
) -> dict[int, str]:
    """The correction reasons, by id, that the portal's own findings speak for, each with why.

    A difference from the record names the field alone: its value is staff's to propose, or not.
    """
    active = active_reasons(msa_request)
    why_by_reason: dict[int, str] = {}
    for field in comparison.fields:
        if not field.agrees:
            because = " ".join(filter(None, [_("Differs from the record."), field.because]))
            _speak_for(why_by_reason, active, reason_field(field.field), "", because)
    for finding in completeness.form_of(msa_request).verdict.findings:
        _speak_for(why_by_reason, active, finding.field, finding.rule, str(finding.message))
    for code in (CheckCode.C1, CheckCode.C2, CheckCode.C3, CheckCode.C4, CheckCode.C7):
        if suggested[code].answer == CheckAnswer.NO:
            first = next((reason for reason in active if reason.check_code == code and not reason.field), None)
            if first is not None:
                why_by_reason.setdefault(first.pk, suggested[code].because)
    return why_by_reason


def active_reasons(msa_request: MSARequest) -> list[CorrectionReason]:
    """What staff can ask to be corrected, in their order."""
    return msa_request.case.once(_active_reasons)


def _active_reasons() -> list[CorrectionReason]:
    return list(CorrectionReason.objects.filter(is_active=True))


def reason_field(name: str) -> str:
    """An address is corrected as a whole."""
    return "street" if name in steps.ADDRESS else name


def _speak_for(
    why_by_reason: dict[int, str], active: list[CorrectionReason], field: str, rule: str, because: str
) -> None:
    """The reason about that field, of that rule where one is named; what differs is a matter of C5 first."""
    about = [reason for reason in active if reason.field == field and (not rule or rule in reason.rule)]
    about.sort(key=lambda reason: reason.check_code != CheckCode.C5)
    if about:
        why_by_reason.setdefault(about[0].pk, because)
