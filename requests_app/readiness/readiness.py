"""Is the request ready to be paid for? One answer, with every finding and where to see to it.

The rules are those of `eligibility`; an answer that is missing is a finding too (C3). What can be
put right may be paid for only with a statement that it will be (`readiness_statements.state_findings`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import FilteredRelation, OuterRef, Q, QuerySet, StringAgg, Subquery, Value
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from requests_app import eligibility
from requests_app.application import completeness, steps
from requests_app.eligibility.sources import missing_documents, sent_documents
from requests_app.enums import CheckCode, PhotoTopic
from requests_app.files import site_photos
from requests_app.models import MSARequest, ReadinessStatement
from requests_app.models.request import MSARequestQuerySet

# Where `with_evidence` puts what it read.
_STATEMENT, _DOCUMENTS = "standing_statement", "sent_document_keys"


class Answer(StrEnum):
    READY = "ready"
    FIX_FIRST = "fix_first"
    CANNOT_SERVE = "cannot_serve"


class Kind(StrEnum):
    """What is to be done with a finding; only one to put right may be promised."""

    CANNOT_SERVE = "cannot_serve"
    QUESTION = "question"
    MISSING = "missing"
    PUT_RIGHT = "put_right"


@dataclass(frozen=True)
class Item:
    """One finding: its rule, why, what to do, and the form's step and field to go to."""

    rule: str
    kind: Kind
    field: str
    step: str
    why: str
    todo: str
    suggestion: str = ""
    photos: tuple[PhotoTopic, ...] = ()

    @property
    def key(self) -> str:
        """What a statement covers: the same rule about the same field, in whatever words."""
        return f"{self.rule}:{self.field}"


@dataclass(frozen=True)
class Readiness:
    msa_request: MSARequest
    on: date
    items: tuple[Item, ...]

    @property
    def answer(self) -> Answer:
        if self.of_kind(Kind.CANNOT_SERVE):
            return Answer.CANNOT_SERVE
        return Answer.FIX_FIRST if self.items else Answer.READY

    def of_kind(self, *kinds: Kind) -> list[Item]:
        return [item for item in self.items if item.kind in kinds]

    @property
    def missing(self) -> list[Item]:
        return self.of_kind(Kind.MISSING)

    @property
    def findings(self) -> list[Item]:
        """What the eligibility rules say; missing answers are not among them."""
        return [item for item in self.items if item.kind != Kind.MISSING]

    @property
    def promisable(self) -> list[Item]:
        return self.of_kind(Kind.PUT_RIGHT)

    @property
    def question(self) -> Item | None:
        """The panel model is close to a listed one, and nobody has said which it is (E8)."""
        return next(iter(self.of_kind(Kind.QUESTION)), None)

    @cached_property
    def statement(self) -> ReadinessStatement | None:
        """The statement that covers all that is to be put right; not asked for where there is nothing."""
        if not self.promisable:
            return None
        found = statement_of(self.msa_request)
        return found if found and covers(found, self.promisable) else None

    @property
    def unstated(self) -> list[Item]:
        return [] if self.statement else self.promisable


def check(msa_request: MSARequest, *, on: date | None = None) -> Readiness:
    """At most four queries: the listed panels, the device, its documents, and, when asked for, the statement.

    `with_evidence` saves the last two.
    """
    day = on or msa_request.judged_on or local_day(timezone.now())
    gaps = completeness.gaps(msa_request)
    documents = missing_documents(msa_request, here=_keys(msa_request)) if hasattr(msa_request, _DOCUMENTS) else None
    verdict = completeness.verdict(msa_request, on=day, documents=documents)
    return Readiness(msa_request, day, (*map(_of_finding, verdict.findings), *map(_of_gap, gaps)))


def _keys(msa_request: MSARequest) -> set[str]:
    return set((getattr(msa_request, _DOCUMENTS) or "").split(","))


def _of_finding(finding: eligibility.Finding) -> Item:
    kind = Kind.QUESTION if finding.suggestion else Kind.CANNOT_SERVE if finding.blocks else Kind.PUT_RIGHT
    return Item(
        rule=finding.rule,
        kind=kind,
        field=finding.field,
        step=steps.STEP_OF_FIELD[finding.field],
        why=finding.message,
        todo=finding.todo,
        suggestion=finding.suggestion,
        photos=site_photos.TOPICS_OF_RULE[finding.rule],
    )


def _of_gap(gap: completeness.Gap) -> Item:
    label = steps.label(gap.field)
    return Item(
        rule=CheckCode.C3.value,
        kind=Kind.MISSING,
        field=gap.field,
        step=gap.step,
        why=str(_("An answer is missing: %(label)s.") % {"label": label}),
        todo=str(gap.message),
    )


def _statements(msa_request: MSARequest) -> QuerySet[ReadinessStatement]:
    return ReadinessStatement.objects.current().filter(msa_request=msa_request).select_related("stated_by")


def statement_of(msa_request: MSARequest) -> ReadinessStatement | None:
    """The statement that stands, whether or not anything is open still."""
    if hasattr(msa_request, _DOCUMENTS):
        return getattr(msa_request, _STATEMENT, None)
    return _statements(msa_request).first()


def with_evidence(rows: MSARequestQuerySet) -> MSARequestQuerySet:
    """Each request with its statement and the keys of the documents that were sent, in the one query."""
    sent = sent_documents().filter(msa_request=OuterRef("pk")).order_by().values("msa_request")
    keys = Subquery(sent.annotate(keys=StringAgg("topic", Value(","))).values("keys"))
    standing = Q(readiness_statements__superseded_at__isnull=True)
    along: dict[str, Any] = {
        _STATEMENT: FilteredRelation("readiness_statements", condition=standing),
        _DOCUMENTS: keys,
    }
    return rows.annotate(**along).select_related(f"{_STATEMENT}__stated_by")


def covers(statement: ReadinessStatement, items: Iterable[Item]) -> bool:
    stated = {f"{each['rule']}:{each['field']}" for each in statement.findings}
    return all(item.key in stated for item in items)


def supersede_uncovered(msa_request: MSARequest) -> None:
    """The facts changed: a statement that does not cover what is open now no longer stands."""
    statement = _statements(msa_request).first()
    if statement is not None and not covers(statement, check(msa_request).promisable):
        ReadinessStatement.objects.filter(pk=statement.pk).update(superseded_at=timezone.now())


def has_unstated_findings(msa_request: MSARequest, verdict: eligibility.Verdict) -> bool:
    """`check_nothing_unsaid` for a list, which has judged each row and prefetched `readiness_statements`."""
    found = Readiness(msa_request, verdict.on, tuple(map(_of_finding, verdict.findings)))
    standing = [each for each in msa_request.readiness_statements.all() if each.superseded_at is None]
    stated = any(covers(each, found.promisable) for each in standing)
    return found.question is not None or (bool(found.promisable) and not stated)


def check_findings_stated(msa_request: MSARequest) -> None:
    """What is open is stated, and the question about the panel answered; else `Refused`, naming each.

    While a checkout is open the facts stand as they stood when this held (D15).
    """
    if msa_request.frozen_until and msa_request.frozen_until > timezone.now():
        return
    found = check(msa_request)
    if found.question:
        raise Refused(
            _("Say which panel it is, on the page “Ready for the visit?”. %(why)s") % {"why": found.question.why},
            code="panel_model_unanswered",
            fields={found.question.field: [found.question.why]},
        )
    if found.unstated:
        raise Refused(
            _(
                "Put these right first, or state on the page “Ready for the visit?” that they will be done by the "
                "visit: %(findings)s"
            )
            % {"findings": " ".join(f"{item.why} ({item.rule})" for item in found.unstated)},
            code="fix_first",
            fields=_by_field(found.unstated),
        )


def _by_field(items: Iterable[Item]) -> dict[str, Any]:
    fields: dict[str, list[str]] = {}
    for item in items:
        fields.setdefault(item.field, []).append(f"{item.why} {item.todo}")
    return fields
