"""What was promised and shown before the visit, by rule: for staff who screen and for the technician."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from requests_app.enums import PhotoTopic
from requests_app.files import site_photos
from requests_app.models import Document, MSARequest, PanelModelAnswer, ReadinessStatement
from requests_app.readiness import readiness


@dataclass(frozen=True)
class Line:
    """A rule that something was found or promised about, and the photos that are evidence for it."""

    rule: str
    message: str
    is_open: bool
    is_promised: bool
    photos: list[Document] = field(default_factory=list)


@dataclass(frozen=True)
class Evidence:
    lines: list[Line]
    statement: ReadinessStatement | None
    photos: list[tuple[site_photos.Guide, Document]]
    panel_answers: list[PanelModelAnswer]

    def __bool__(self) -> bool:
        return bool(self.lines or self.statement or self.photos or self.panel_answers)


def evidence_of(msa_request: MSARequest) -> Evidence:
    """Five queries, however much there is."""
    state, statement = readiness.check(msa_request), msa_request.case.statement
    shown = site_photos.current(msa_request)
    pictures = [(site_photos.guide(PhotoTopic(document.topic)), document) for document in shown.values()]
    answers = list(msa_request.panel_answers.select_related("answered_by"))
    return Evidence(_lines(state, statement, shown), statement, pictures, answers)


def _lines(state: readiness.Readiness, statement: ReadinessStatement | None, shown: dict[str, Document]) -> list[Line]:
    """What is open now, then what was promised and is put right by now."""
    promised: dict[str, Any] = {
        f"{finding['rule']}:{finding['field']}": finding for finding in (statement.findings if statement else [])
    }
    open_now = [
        Line(item.rule, item.why, True, item.key in promised, _evidence_for(item.rule, shown))
        for item in state.findings
    ]
    keys = {item.key for item in state.findings}
    done = [
        Line(finding["rule"], finding["message"], False, True, _evidence_for(finding["rule"], shown))
        for key, finding in promised.items()
        if key not in keys
    ]
    return [*open_now, *done]


def _evidence_for(rule: str, shown: dict[str, Document]) -> list[Document]:
    return [shown[topic] for topic in site_photos.TOPICS_OF_RULE.get(rule, ()) if topic in shown]
