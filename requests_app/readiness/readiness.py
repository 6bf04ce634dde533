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

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from msa_portal.errors import Refused
from requests_app import eligibility
from requests_app.application import completeness, steps
from requests_app.enums import CheckCode, PhotoTopic
from requests_app.files import site_photos
from requests_app.models import MSARequest, ReadinessStatement


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
    form: completeness.Form
    items: tuple[Item, ...]

    @property
    def on(self) -> date:
        return self.form.on

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
        statement = self.msa_request.case.statement
        return statement if statement and covers(statement, self.promisable) else None

    @property
    def unstated(self) -> list[Item]:
        return [] if self.statement else self.promisable

    @property
    def has_unstated(self) -> bool:
        """A person must still say something: which panel it is, or that a finding will be fixed before the visit."""
        return self.question is not None or bool(self.unstated)


def check(msa_request: MSARequest) -> Readiness:
    """Judged on the day that counts: today, or when the fee form was opened."""
    return msa_request.case.judged(_check)


def _check(msa_request: MSARequest) -> Readiness:
    form = completeness.form_of(msa_request)
    items = (*map(_of_finding, form.verdict.findings), *map(_of_gap, form.gaps))
    return Readiness(msa_request, form, items)


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


def statement_of(msa_request: MSARequest) -> ReadinessStatement | None:
    """The statement that stands, whether or not anything is open still."""
    return msa_request.case.statement


def covers(statement: ReadinessStatement, items: Iterable[Item]) -> bool:
    stated = {f"{finding['rule']}:{finding['field']}" for finding in statement.findings}
    return all(item.key in stated for item in items)


def supersede_uncovered(msa_request: MSARequest) -> None:
    """The facts changed: a statement that does not cover what is open now no longer stands."""
    statement = msa_request.case.statement
    if statement is not None and not covers(statement, check(msa_request).promisable):
        ReadinessStatement.objects.filter(pk=statement.pk).update(superseded_at=timezone.now())


def check_findings_stated(msa_request: MSARequest, state: Readiness | None = None) -> None:
    """What is open is stated, and the question about the panel answered; else `Refused`, naming each.

    While a checkout is open the facts stand as they stood when this held (D15).
    """
    if msa_request.is_frozen:
        return
    state = state or check(msa_request)
    if state.question:
        raise Refused(
            _("Say which panel it is, on the page “Ready for the visit?”. %(why)s") % {"why": state.question.why},
            code="panel_model_unanswered",
            fields={state.question.field: [state.question.why]},
        )
    if state.unstated:
        raise Refused(
            _(
                "Put these right first, or state on the page “Ready for the visit?” that they will be done by the "
                "visit: %(findings)s"
            )
            % {"findings": " ".join(f"{item.why} ({item.rule})" for item in state.unstated)},
            code="fix_first",
            fields=_by_field(state.unstated),
        )


def _by_field(items: Iterable[Item]) -> dict[str, Any]:
    fields: dict[str, list[str]] = {}
    for item in items:
        fields.setdefault(item.field, []).append(f"{item.why} {item.todo}")
    return fields
