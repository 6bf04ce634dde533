"""What a technician ticked off at a visit, in words."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fieldwork.models import CloseOut
from requests_app import eligibility

_ANSWERS: dict[str, str | Promise] = {"ok": _("in order"), "not_ok": _("not in order"), "not_seen": _("not seen")}


class Check(NamedTuple):
    """`what` was looked at, by `rule`; `answer` in words."""

    rule: str
    what: str
    answer: str
    is_in_order: bool


def checks_of(report: CloseOut) -> list[Check]:
    """In the order of the rules, E2 before E10. Of a rule that is gone, what it asked stays empty."""
    asked = {rule.number: str(rule.checklist) for rule in eligibility.RULES if rule.checklist}
    rows = sorted(report.checklist.items(), key=lambda row: (len(row[0]), row[0]))
    return [
        Check(rule, asked.get(rule, ""), str(_ANSWERS.get(str(answer), answer)), answer == "ok")
        for rule, answer in rows
    ]
