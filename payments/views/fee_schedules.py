"""What it costs and what comes back: the public page, grouped so that it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from msa_portal import formats
from msa_portal.business_days.calendar import local_day
from msa_portal.guards import public
from payments import decision_table
from payments.decision_table import Row, Side, Standing
from payments.refund_rules import paid_apart
from requests_app.enums import FINAL, RequestType, Status


@public
@require_GET
def fees(request: HttpRequest) -> HttpResponse:
    table = decision_table.table(local_day(timezone.now()))
    context = {
        "table": table,
        "in_force": [(kind, schedule) for kind, schedule in table.in_force.items() if schedule],
        "without_fee": [kind.label for kind, schedule in table.in_force.items() if schedule is None],
        "sections": sections(table.rows),
        "apart": paid_apart(),
    }
    return render(request, "payments/fees.html", context)


@dataclass
class Group:
    """Rows with one answer: the statuses that share it, and their amounts by request type."""

    row: Row
    statuses: list[Status] = field(default_factory=list)
    fee_cents: dict[RequestType, int | None] = field(default_factory=dict)
    refund_cents: dict[RequestType, int | None] = field(default_factory=dict)

    @property
    def fee(self) -> str:
        return amounts_in_words(self.fee_cents) if self.row.fee.due else _("Nothing")

    @property
    def refund(self) -> str:
        if not self.row.withdrawable:
            return _("Cannot be withdrawn now") if self.row.facts.status not in FINAL else _("Closed")
        return amounts_in_words(self.refund_cents)

    @property
    def refund_why(self) -> list[str | Promise]:
        """For each visit that was paid for, by the words of its decision."""
        if self.row.facts.standing == Standing.ON_SITE:
            return [_("Wait for the outcome of the visit.")]
        if self.row.facts.status == Status.WITHDRAWN:
            return [_("What was owed was proposed when the request was withdrawn.")]
        if not self.row.withdrawable:
            return []
        if not self.row.refunds:
            return [_("Nothing has been paid yet.")]
        if len(self.row.refunds) == 1:
            return [self.row.refunds[0].why]
        return [_("Visit %(number)s: %(why)s") % {"number": one.number, "why": one.why} for one in self.row.refunds]

    @property
    def refund_rules(self) -> list[str]:
        codes = [one.rule for one in self.row.refunds] or (["S"] if not self.row.withdrawable else ["D4"])
        return list(dict.fromkeys([*codes, *self.row.rules_beside]))


def sections(rows: Sequence[Row]) -> list[tuple[str, list[Group]]]:
    """The table in parts: before a failed visit, and after one by whose side its reasons were on.

    Reasons on both sides have a part of their own only where their answers differ from the customer's.
    """
    parts = {side: _groups(row for row in rows if row.facts.side == side) for side in Side}
    titles = {
        Side.NOBODY: _("No visit has failed"),
        Side.CUSTOMER: _("A visit failed, and every reason was on the customer's side"),
        Side.BOTH: _("A visit failed, with reasons on both sides"),
        Side.UTILITY: _("A visit failed, and every reason was on the utility's side"),
    }
    if [_answer(part.row) for part in parts[Side.CUSTOMER]] == [_answer(part.row) for part in parts[Side.BOTH]]:
        titles[Side.CUSTOMER] = _("A visit failed, and at least one reason was on the customer's side")
        del titles[Side.BOTH]
    return [(title, parts[side]) for side, title in titles.items() if parts[side]]


def _groups(rows: Iterable[Row]) -> list[Group]:
    """Rows with one answer together; first those where the customer has to choose how to go on."""
    groups: dict[tuple[object, ...], Group] = {}
    for row in rows:
        group = groups.setdefault(_answer(row), Group(row))
        if row.facts.status not in group.statuses:
            group.statuses.append(row.facts.status)
        group.fee_cents.update(row.fee_cents)
        group.refund_cents.update(row.refund_cents)
    return sorted(groups.values(), key=lambda group: Status.SITE_VISIT_UNSUCCESSFUL not in group.statuses)


def _answer(row: Row) -> tuple[object, ...]:
    """What rows of one group have in common: everything that is shown of them."""
    refunds = tuple((one.number, one.because) for one in row.refunds)
    fee = (row.fee.due, row.fee.rule, row.fee.because)
    return row.facts.standing, fee, row.withdrawable, refunds, row.rules_beside


def amounts_in_words(cents: Mapping[RequestType, int | None]) -> str:
    """One amount where every type that has a fee has the same, else each with its type."""
    known = {kind: amount for kind, amount in cents.items() if amount}
    if not known:
        return _("Nothing")
    if len(set(known.values())) == 1:
        return formats.usd(next(iter(known.values())))
    return ", ".join(f"{kind.label} {formats.usd(amount)}" for kind, amount in known.items())
