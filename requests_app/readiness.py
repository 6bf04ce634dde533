"""Is the request ready to be paid for? One answer, with every finding and where to see to it.

The rules are those of `eligibility`; an answer that is missing is a finding too (C3). What can be
put right may be paid for only with a statement that it will be (`promises.state`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet, Value
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from requests_app import completeness, eligibility, form_steps, photos
from requests_app.enums import CheckCode, PhotoTopic
from requests_app.models import MSARequest, ReadinessStatement
from requests_app.models.request import MSARequestQuerySet

# Where `with_statement` puts what it read.
_READ_ALONG = "standing_statement"


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
    request: MSARequest
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
        found = statement_of(self.request)
        return found if found and covers(found, self.promisable) else None

    @property
    def unstated(self) -> list[Item]:
        return [] if self.statement else self.promisable


def check(request: MSARequest, *, on: date | None = None) -> Readiness:
    """At most three queries: the listed panels, the device, and, when asked for, the statement."""
    day = on or request.judged_on or local_day(timezone.now())
    gaps = completeness.gaps(request)
    verdict = completeness.verdict(request, on=day)
    return Readiness(request, day, (*map(_of_finding, verdict.findings), *map(_of_gap, gaps)))


def _of_finding(finding: eligibility.Finding) -> Item:
    kind = Kind.QUESTION if finding.suggestion else Kind.CANNOT_SERVE if finding.blocks else Kind.PUT_RIGHT
    return Item(
        rule=finding.rule,
        kind=kind,
        field=finding.field,
        step=form_steps.STEP_OF_FIELD[finding.field],
        why=finding.message,
        todo=finding.todo,
        suggestion=finding.suggestion,
        photos=photos.TOPICS_OF_RULE[finding.rule],
    )


def _of_gap(gap: completeness.Gap) -> Item:
    label = form_steps.label(gap.field)
    return Item(
        rule=CheckCode.C3.value,
        kind=Kind.MISSING,
        field=gap.field,
        step=gap.step,
        why=str(_("An answer is missing: %(label)s.") % {"label": label}),
        todo=str(gap.message),
    )


def _statements(request: MSARequest) -> QuerySet[ReadinessStatement]:
    return ReadinessStatement.objects.current().filter(request=request).select_related("stated_by")


def statement_of(request: MSARequest) -> ReadinessStatement | None:
    """The statement that stands, whether or not anything is open still."""
    if hasattr(request, "statement_was_read"):
        return getattr(request, _READ_ALONG, None)
    return _statements(request).first()


def with_statement(rows: MSARequestQuerySet) -> MSARequestQuerySet:
    """Each request with its statement, in the one query."""
    standing = Q(readiness_statements__superseded_at__isnull=True)
    along: dict[str, Any] = {_READ_ALONG: FilteredRelation("readiness_statements", condition=standing)}
    return rows.annotate(**along, statement_was_read=Value(True)).select_related(f"{_READ_ALONG}__stated_by")


def covers(statement: ReadinessStatement, items: Iterable[Item]) -> bool:
    stated = {f"{each['rule']}:{each['field']}" for each in statement.findings}
    return all(item.key in stated for item in items)


def supersede_uncovered(request: MSARequest) -> None:
    """The facts changed: a statement that does not cover what is open now no longer stands."""
    statement = _statements(request).first()
    if statement is not None and not covers(statement, check(request).promisable):
        ReadinessStatement.objects.filter(pk=statement.pk).update(superseded_at=timezone.now())


def check_nothing_unsaid(request: MSARequest) -> None:
    """What is open is stated, and the question about the panel answered; else `Refused`, naming each.

    While a checkout is open the facts stand as they stood when this held (D15).
    """
    if request.frozen_until and request.frozen_until > timezone.now():
        return
    found = check(request)
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
