"""The verdict on a set of facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from msa_portal import formats
from requests_app.eligibility.facts import FIELDS, DeviceFacts, Facts
from requests_app.eligibility.rules import BY_NUMBER, NEVER_MISSED, Case, Rule, Severity, rules_for, taught_here
from requests_app.enums import Companion, RequestType


class Outcome(StrEnum):
    ELIGIBLE = "eligible"
    FIX_FIRST = "fix_first"
    NOT_ELIGIBLE = "not_eligible"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Finding:
    """What one rule has against the facts: why (`message`), and what to do next (`todo`).

    With a `suggestion` it is a question: was this other value of the field meant?
    """

    rule: str
    severity: Severity
    field: str
    message: str
    todo: str
    suggestion: str = ""

    @property
    def blocks(self) -> bool:
        return self.severity is Severity.BLOCKS

    @property
    def help_topic(self) -> str:
        return BY_NUMBER[self.rule].help_topic


@dataclass(frozen=True)
class Verdict:
    """`unknown` names, in the order of the form, the missing fields that could still change a finding."""

    on: date
    findings: list[Finding]
    unknown: list[str]

    @property
    def outcome(self) -> Outcome:
        if any(finding.blocks for finding in self.findings):
            return Outcome.NOT_ELIGIBLE
        if self.unknown:
            return Outcome.INCOMPLETE
        return Outcome.FIX_FIRST if self.findings else Outcome.ELIGIBLE


def judge(facts: Facts, *, on: date) -> Verdict:
    """Judge the facts by every rule for their type (D11); `on` is the day that they hold for.

    At most one finding a rule. While the type is open nothing else can be judged.
    """
    if facts.request_type is None:
        return Verdict(on, [], ["request_type"])
    findings: list[Finding] = []
    missing: set[str] = set()
    for rule, case in _cases(facts):
        truth = case.holds(facts)
        missing |= truth.missing
        if truth.value:
            findings.append(_finding(rule, case, facts, on))
    unknown = [name for name in FIELDS if name in missing - NEVER_MISSED]
    return Verdict(on, findings, unknown)


def _cases(facts: Facts) -> Iterator[tuple[Rule, Case]]:
    return ((rule, case) for rule in rules_for(facts.request_type) for case in rule.cases)


def _finding(rule: Rule, case: Case, facts: Facts, on: date) -> Finding:
    suggestion = case.suggests(facts)
    shown = figures(facts, on) | {"suggestion": suggestion}
    message, todo = str(case.message) % shown, str(case.todo) % shown
    return Finding(rule.number, case.severity, case.field_of(facts), message, todo, suggestion)


def figures(facts: Facts, on: date) -> dict[str, Any]:
    """What the texts of the rules may name."""
    device = facts.device if isinstance(facts.device, DeviceFacts) else None
    types = device.request_types if device else ()
    return {
        "day": formats.day(on),
        "panel_rating_amps": facts.panel_rating_amps,
        "backfeed_amps": facts.backfeed_amps,
        "device_amps": device.max_service_amps if device else None,
        "device_types": ", ".join(str(RequestType(type_).label).lower() for type_ in types),
        "lacking": ", ".join(_lacking(facts, device)) if device else "",
        "documents": ", ".join(facts.missing_documents),
        "taught": taught_here(facts),
    }


def _lacking(facts: Facts, device: DeviceFacts) -> Iterator[str]:
    """What the device needs and is said not to be there (E18)."""
    if device.requires_storage and facts.has_storage is False:
        yield str(Companion.STORAGE.label).lower()
    if facts.has_companions is False:
        yield from device.companions
