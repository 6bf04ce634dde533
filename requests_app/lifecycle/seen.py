"""What a person saw of a request when they decided, and what has changed since (fault 63, D24).

Every form of a decision carries it. The same comparison is made when the decision is written and when it's released.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.errors import Stale
from requests_app import history
from requests_app.enums import CheckCode, DecisionKind, DecisionState
from requests_app.models import Correction, MSARequest, RequestEvent, Screening, ScreeningAnswer, StaffDecision

_OF_SCREENING = frozenset({"status", "version", "screening", "answers", "items"})
# What a decision is about: if any of it has changed, it's refused.
ABOUT: dict[str, frozenset[str]] = {
    DecisionKind.SEND_BACK: _OF_SCREENING,
    DecisionKind.VALID: _OF_SCREENING,
    DecisionKind.JUDGE: frozenset({"status", "version", "items"}),
    DecisionKind.ORDER: frozenset({"status", "version", "items"}),
    DecisionKind.WITHDRAW: frozenset({"status", "version"}),
    DecisionKind.EXTEND: frozenset({"status", "act_by"}),
    DecisionKind.PAPER: frozenset(),  # the pages' own rows say it
}
CHECKS = frozenset({"status", "version", "screening", "answers"})


@dataclass(frozen=True)
class Seen:
    """`answers` and `items` change with any answer to a check, and with any item that opens, is answered or closes.

    `sequence` is the last event, and `at` the moment: they say what is new since, and aren't compared.
    """

    status: str
    version: int
    screening: int
    answers: str
    items: str
    act_by: str
    sequence: int
    at: str

    @property
    def token(self) -> str:
        """For a form's hidden field."""
        return json.dumps(list(asdict(self).values()), separators=(",", ":"))

    def differs(self, other: Seen, about: frozenset[str]) -> bool:
        return any(getattr(self, name) != getattr(other, name) for name in about)


def read(token: str) -> Seen | None:
    """What a form carried; None if it carried nothing that can be read, which is as good as stale."""
    try:
        status, version, screening, answers, items, act_by, sequence, at = json.loads(token)
        seen = Seen(
            str(status), int(version), int(screening), str(answers), str(items), str(act_by), int(sequence), str(at)
        )
        return seen if parse_datetime(seen.at) else None
    except (ValueError, TypeError):
        return None


def restored(stored: dict[str, Any]) -> Seen:
    return Seen(**stored)


def stored(seen: Seen) -> dict[str, Any]:
    return asdict(seen)


def columns() -> dict[str, Any]:
    """Columns for a query of requests, so that a page reads what it shows and what it showed in one."""
    request = {"msa_request": OuterRef("pk")}
    last = RequestEvent.objects.filter(**request).order_by("-sequence")
    undecided = Screening.objects.filter(**request, decided_at__isnull=True)
    answers = ScreeningAnswer.objects.filter(screening__msa_request=OuterRef("pk"), screening__decided_at__isnull=True)
    return {
        "seen_sequence": Subquery(last.values("sequence")[:1]),
        "seen_screening": Subquery(undecided.values("pk")[:1]),
        "seen_answers": _one(answers, "screening__msa_request", Max("answered_at")),
        "seen_open": _one(Correction.objects.filter(**request), "msa_request", Count("pk", filter=_OPEN)),
        "seen_newest": _one(Correction.objects.filter(**request), "msa_request", Max("pk")),
        "seen_answered": _one(Correction.objects.filter(**request), "msa_request", Max("answered_at")),
    }


_OPEN = Q(closed_at__isnull=True)


def _one(rows: QuerySet[Any], by: str, aggregate: Any) -> Subquery:
    return Subquery(rows.order_by().values(by).annotate(seen=aggregate).values("seen"))


def of(msa_request: MSARequest) -> Seen:
    """As it is now; from the request's own columns if its query asked for them."""
    row: Any = msa_request
    if "seen_sequence" not in vars(row):
        row = MSARequest.objects.filter(pk=msa_request.pk).annotate(**columns()).get()
    return Seen(
        status=row.status,
        version=row.version,
        screening=row.seen_screening or 0,
        answers=_moment(row.seen_answers),
        items=f"{row.seen_open or 0} {row.seen_newest or 0} {_moment(row.seen_answered)}",
        act_by=row.owner_acts_by.isoformat() if row.owner_acts_by else "",
        sequence=row.seen_sequence or 0,
        at=timezone.now().isoformat(),
    )


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def check(msa_request: MSARequest, seen: Seen | None, about: frozenset[str], *, to: User) -> None:
    """Raises `Stale` with what has changed, line by line in `fields["changed"]`. The caller holds the request's lock."""
    now = of(msa_request)
    if seen is None:
        raise unreadable()
    if not seen.differs(now, about):
        return
    lines = list(changes_since(msa_request, seen, to=to))
    if not lines:
        raise history.stale(msa_request, to=to)
    raise Stale(
        _("This changed while you were viewing it. Nothing was decided. %(changes)s") % {"changes": " ".join(lines)},
        code="stale",
        fields={"changed": lines},
    )


def unreadable() -> Stale:
    words = _("This form doesn't say what you were looking at. Look at the request as it is now, then decide.")
    return Stale(words, code="stale")


def changes_since(msa_request: MSARequest, seen: Seen, *, to: User) -> Iterator[str]:
    """Who did what and when since, a sentence each: events, answers to checks, items, and decisions."""
    since = parse_datetime(seen.at)
    for event in (
        RequestEvent.objects.filter(msa_request=msa_request, sequence__gt=seen.sequence)
        .select_related("actor")
        .order_by("sequence")
    ):
        yield _said(event.actor, to, event.at, event.get_kind_display())
    answers = ScreeningAnswer.objects.filter(screening__msa_request=msa_request, answered_at__gt=since)
    for answer in answers.select_related("answered_by").order_by("check_code"):
        words = _("%(check)s answered “%(answer)s”") % {
            "check": f"{answer.check_code} {CheckCode(answer.check_code).label}",
            "answer": answer.get_answer_display(),
        }
        yield _said(answer.answered_by, to, answer.answered_at, words)
    yield from _items(msa_request, since, to)
    ended = StaffDecision.objects.filter(msa_request=msa_request, ended_at__gt=since, state=DecisionState.SENT)
    for decision in ended.select_related("decided_by").order_by("pk"):
        yield _said(decision.decided_by, to, decision.decided_at, decision.get_kind_display())


def _items(msa_request: MSARequest, since: datetime | None, to: User) -> Iterator[str]:
    items = Correction.objects.filter(msa_request=msa_request).select_related("reason", "answered_by", "closed_by")
    for item in items.filter(answered_at__gt=since):
        words = _("“%(item)s” answered") % {"item": item.reason.title}
        yield _said(item.answered_by, to, item.answered_at, words)
    for item in items.filter(closed_at__gt=since):
        words = _("“%(item)s”: %(end)s") % {"item": item.reason.title, "end": item.get_closed_as_display()}
        yield _said(item.closed_by, to, item.closed_at, words)
    for item in items.filter(required_at__gt=since, follows__isnull=True).select_related("required_by"):
        words = _("“%(item)s” required") % {"item": item.reason.title}
        yield _said(item.required_by, to, item.required_at, words)


def _said(actor: User | None, to: User, at: datetime | None, words: Any) -> str:
    return _("%(who)s (%(when)s): %(what)s.") % {
        "who": history.display_name_for(actor, to),
        "when": formats.moment(at) if at else "",
        "what": words,
    }
