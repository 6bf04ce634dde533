"""A request's history in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from requests_app import history
from requests_app.application import steps
from requests_app.enums import AuthorityEnd, EventKind, Holder, Settlement, Status
from requests_app.models import CorrectionReason, MSARequest, OutcomeReason, RequestEvent

_WHY_ENDED = {"taken_over": gettext_lazy("The customer took this request over")} | {
    end.value: end.label for end in AuthorityEnd
}


STAFF_ONLY = frozenset({EventKind.SCREENING_TAKEN_OVER})


@dataclass(frozen=True)
class Entry:
    at: datetime
    title: str
    who: str
    details: tuple[str, ...]
    status: str  # the status's words, where the event changed it
    waits_for: str  # whoever got the ball with this event


def timeline(msa_request: MSARequest, viewer: User) -> list[Entry]:
    """Newest first. To customers and agents, whoever works for the utility is "the utility"."""
    events = msa_request.case.events
    titles = _reason_titles(msa_request, events) | _names_of_agents(events)
    entries, holder = [], ""
    is_inside = viewer.is_staff or bool(viewer.roles)
    for event in events:
        if event.kind in STAFF_ONLY and not is_inside:
            continue
        entries.append(
            Entry(
                at=event.at,
                title=event.get_kind_display(),
                who=history.display_name_for(event.actor, viewer, has_role=getattr(event, "actor_has_role", None)),
                details=tuple(_details(event, titles)),
                status=str(Status(event.to_status).label) if event.changed_status else "",
                waits_for=str(Holder(event.holder).label) if event.holder not in (holder, Holder.NOBODY) else "",
            )
        )
        holder = event.holder
    return entries[::-1]


_CORRECTED = (EventKind.CORRECT_TO_COMPLETE, EventKind.CORRECT_TO_FAILED)
_FAILED = (EventKind.FAIL, EventKind.CORRECT_TO_FAILED)


def _reason_titles(msa_request: MSARequest, events: Iterable[RequestEvent]) -> dict[str, str]:
    """Why visits failed, and what had to be corrected."""
    why = [(event.kind, event.codes.get("reasons", [])) for event in events]
    titles: dict[str, str] = {}
    if any(codes for kind, codes in why if kind in _FAILED):
        titles |= {reason.code: reason.title for visit in msa_request.case.rounds for reason in visit.reasons.all()}
    if any(kind in _CORRECTED for kind, _codes in why):  # the visit has other reasons now
        failed = {code for kind, codes in why if kind in _FAILED for code in codes} - set(titles)
        titles |= dict(OutcomeReason.objects.filter(code__in=failed).values_list("code", "title"))
    asked = {code for kind, codes in why if kind == EventKind.REQUIRE_CORRECTIONS for code in codes}
    if asked:
        titles |= dict(CorrectionReason.objects.filter(code__in=asked).values_list("code", "title"))
    return titles


def _names_of_agents(events: Iterable[RequestEvent]) -> dict[str, str]:
    named = {event.codes.get("agent") for event in events if event.kind == EventKind.AGENT_NAMED}
    if not named:
        return {}
    return {f"agent:{person.pk}": person.name for person in User.objects.filter(pk__in=named)}


def _details(event: RequestEvent, titles: dict[str, str]) -> Iterable[str]:
    if event.kind in (*_FAILED, EventKind.REQUIRE_CORRECTIONS):
        yield from (titles.get(code, code) for code in event.codes.get("reasons", []))
    if event.kind == EventKind.FEE_SETTLED and event.codes.get("how") in Settlement.values:
        yield str(Settlement(event.codes["how"]).label)
    if event.kind == EventKind.AGENT_NAMED:
        yield titles.get(f"agent:{event.codes.get('agent')}", "")
    if event.kind == EventKind.AGENT_REVOKED and event.codes.get("why") in _WHY_ENDED:
        yield str(_WHY_ENDED[event.codes["why"]])
    if event.kind == EventKind.ANSWERS_BY_PHONE:
        yield _("Entered by program staff on the phone on %(day)s") % {"day": formats.day(local_day(event.at))}
        yield from (steps.label(name) for name in event.codes.get("fields", []))
    if event.kind in (EventKind.PRODUCT_RULES_CHANGED, EventKind.PANEL_RULE_ADDED):
        yield from _rules_changed(event)
    planned = event.codes.get("on")
    if event.kind in (EventKind.VISIT_SCHEDULED, EventKind.VISIT_MOVED) and isinstance(planned, str):
        yield formats.day(date.fromisoformat(planned))


def _rules_changed(event: RequestEvent) -> Iterable[str]:
    """Which rules have something against it now, and which no longer have."""
    since = event.codes.get("from")
    if since:
        yield _("From %(day)s") % {"day": formats.day(date.fromisoformat(since))}
    for name, words in (("appears", _("New finding: %(rules)s")), ("disappears", _("No longer found: %(rules)s"))):
        if event.codes.get(name):
            yield words % {"rules": ", ".join(event.codes[name])}
