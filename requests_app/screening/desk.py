"""Screening: taking a request and answering its checks (program.md, C)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app import enums, history
from requests_app.agreements import versions
from requests_app.application import completeness, steps
from requests_app.enums import CheckAnswer, CheckCode, EventKind, Party
from requests_app.lifecycle import policies
from requests_app.models import CorrectionReason, MSARequest, Screening, ScreeningAnswer
from requests_app.utility_records.comparison import Comparison, FieldComparison, compare


def take(msa_request: MSARequest, *, by: User) -> Screening:
    """Take the request onto one's desk. Taken by somebody else it is refused with who and when."""
    _check_may_screen(by)
    with transaction.atomic():
        fresh = lock(msa_request)
        screening = _open(fresh, by=by)
        if screening.taken_by_id == by.pk:
            return screening
        if screening.taken_by is not None:
            raise Stale(_("%(who)s is screening this request already.") % {"who": screening.taken_by}, code="taken")
        screening.taken_by, screening.taken_at = by, timezone.now()
        screening.save(update_fields=["taken_by", "taken_at"])
        history.record(fresh, EventKind.SCREENING_TAKEN, by=by, codes={"screening": screening.pk})
    return screening


def take_next(*, by: User) -> MSARequest | None:
    """The request that waits longest and that nobody has taken, now on this desk; None where none waits."""
    _check_may_screen(by)
    with transaction.atomic():
        waiting = Screening.objects.filter(decided_at__isnull=True, taken_by__isnull=True).order_by("opened_at")
        waiting = waiting.filter(msa_request__status__in=enums.SCREENABLE).select_related("msa_request")
        for screening in waiting[:20]:
            try:
                take(screening.msa_request, by=by)
            except Stale:
                continue
            return screening.msa_request
    return None


def hand_back(msa_request: MSARequest, *, by: User) -> None:
    """Put a request that somebody took back into the queue."""
    _check_may_screen(by)
    with transaction.atomic():
        screening = _open(lock(msa_request), by=by)
        screening.taken_by = screening.taken_at = None
        screening.save(update_fields=["taken_by", "taken_at"])


def answer_checks(msa_request: MSARequest, answers: Mapping[str, tuple[str, str]], *, by: User) -> None:
    """Keep the answers (check → answer, note); taking the request where nobody has."""
    with transaction.atomic():
        screening = take(msa_request, by=by)
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


def _open(msa_request: MSARequest, *, by: User) -> Screening:
    if msa_request.status not in enums.SCREENABLE:
        raise history.stale(msa_request, to=by)
    return policies.open_screening(msa_request)


def _check_may_screen(user: User) -> None:
    if not user.has_perm("requests_app.screen_msarequest"):
        raise Refused(_("Only program staff screen requests."), code="not_allowed")


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
