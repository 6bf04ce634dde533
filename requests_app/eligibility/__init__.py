"""Eligibility: `judge(facts, on=day)` goes through `RULES` and gives a `Verdict`."""

from requests_app.eligibility.facts import FIELDS, DeviceFacts, Facts, Panels, Taught, Unlisted
from requests_app.eligibility.judge import Finding, Outcome, Verdict, judge
from requests_app.eligibility.panels import load_panels, panels_of
from requests_app.eligibility.rules import BY_NUMBER, RULES, Rule, Severity, questions_for, rules_for
from requests_app.eligibility.sources import facts_from, facts_of

__all__ = [
    "BY_NUMBER",
    "FIELDS",
    "RULES",
    "DeviceFacts",
    "Facts",
    "Finding",
    "Outcome",
    "Panels",
    "Rule",
    "Severity",
    "Taught",
    "Unlisted",
    "Verdict",
    "facts_from",
    "facts_of",
    "judge",
    "load_panels",
    "panels_of",
    "questions_for",
    "rules_for",
]
