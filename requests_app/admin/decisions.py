"""The staff desk's part on decisions that wait and on who holds a request: what is shown, and the acts of its buttons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import user_of
from requests_app.application import steps
from requests_app.enums import CorrectionEnd, DecisionKind, WithdrawalReason
from requests_app.lifecycle import correction_items, staff_decisions
from requests_app.lifecycle import seen as seen_states
from requests_app.lifecycle.seen import Seen
from requests_app.models import Correction, CorrectionReason, DeskNote, MSARequest, StaffDecision
from requests_app.screening import claims


def seen_in(request: HttpRequest) -> Seen | None:
    """What the page showed on which this was decided."""
    return seen_states.read(request.POST.get("seen", ""))


def decided(decision: StaffDecision, done: str) -> str:
    """The message after a decision: what was done, or until when it can be canceled."""
    if not decision.is_waiting:
        return done
    words = _("Decided, and not sent yet: %(what)s. You can cancel it (until %(when)s).")
    return words % {"what": decision.get_kind_display(), "when": formats.time_of_day(decision.release_at)}


def context(row: MSARequest, user: User) -> dict[str, Any]:
    """For the top of the page: the decision that waits, who holds the request, and what ended lately."""
    waiting, screening = row.case.waiting_decision, row.case.open_screening
    holder = screening.taken_by if screening else None
    is_held = holder is not None and holder.pk != user.pk
    return {
        "seen_token": seen_states.of(row).token,
        "waiting": waiting,
        "waiting_lines": lines(row, waiting) if waiting else [],
        "waiting_seconds": max(int((waiting.release_at - timezone.now()).total_seconds()), 0) if waiting else 0,
        "waiting_is_mine": waiting is not None and waiting.decided_by_id == user.pk,
        "open_screening": screening,
        "is_held": is_held,
        "is_idle": is_held and screening is not None and claims.is_idle(screening),
        "may_decide": not is_held and (waiting is None or waiting.kind == DecisionKind.JUDGE),
    }


def ended(row: MSARequest) -> list[StaffDecision]:
    """Decisions that never acted, newest first: canceled, or not sent."""
    rows = row.staff_decisions.filter(state__in=["canceled", "not_sent"])
    return list(rows.select_related("decided_by", "ended_by")[:20])


def notes_of_events(row: MSARequest) -> list[DeskNote]:
    """Why something was taken over or taken back, for the events that say that it was; read only if there are any."""
    named = [event.codes["note"] for event in row.case.events if event.codes.get("note")]
    return list(row.desk_notes.filter(pk__in=named)) if named else []


def lines(row: MSARequest, decision: StaffDecision) -> list[str]:
    """What was decided, in words, a line for each part."""
    content = decision.content
    said = _judged_lines(row, content.get("judged", {}))
    match decision.kind:
        case DecisionKind.SEND_BACK:
            said += _item_lines(content["items"])
        case DecisionKind.WITHDRAW:
            said += [str(WithdrawalReason(content["reason"]).label), content["note"]]
        case DecisionKind.EXTEND:
            said += [_("New last day: %(day)s") % {"day": formats.day(date.fromisoformat(content["to"]))}]
            said += [content["reason"]]
        case DecisionKind.PAPER:
            said += content.get("words", [])
    return said


def _item_lines(items: list[dict[str, Any]]) -> list[str]:
    reasons = CorrectionReason.objects.in_bulk([item["reason"] for item in items])
    said = []
    for item in items:
        reason = reasons[item["reason"]]
        parts = [reason.title, item["note"]]
        if item["proposal"] is not None:
            proposed = correction_items.in_words(Correction(field=reason.field), item["proposal"])
            label = steps.label(reason.field)
            parts.append(_("Proposed for %(field)s: %(value)s") % {"field": label, "value": proposed})
        said.append(". ".join(part for part in parts if part))
    return said


def _judged_lines(row: MSARequest, judged: Mapping[str, Any]) -> list[str]:
    titles = {str(item.pk): item.reason.title for item in row.case.corrections}
    said = []
    for pk, verdict in judged.items():
        title = titles.get(pk, "")
        if verdict["end"] == CorrectionEnd.ACCEPTED:
            said.append(_("Accepted: %(item)s") % {"item": title})
        else:
            said.append(_("Kept open: %(item)s. %(note)s") % {"item": title, "note": verdict["note"]})
    return said


# The acts


def _decision(request: HttpRequest, row: MSARequest) -> StaffDecision:
    posted = request.POST.get("decision", "")
    decision = row.staff_decisions.filter(pk=posted if posted.isdecimal() and len(posted) < 19 else 0).first()
    if decision is None:
        raise Refused(_("This decision isn't there."), code="no_decision")
    return decision


def send_now(request: HttpRequest, row: MSARequest) -> str:
    decision = staff_decisions.send_now(_decision(request, row), by=user_of(request))
    if decision.ended_why:
        raise Refused(_("Not sent. %(why)s") % {"why": decision.ended_why}, code="not_sent")
    return _("Sent: %(what)s.") % {"what": decision.get_kind_display()}


def cancel(request: HttpRequest, row: MSARequest) -> str:
    decision = _decision(request, row)
    staff_decisions.cancel(decision, by=user_of(request), why=request.POST.get("cancel_why", ""))
    return _("Canceled: %(what)s. Nothing was sent.") % {"what": decision.get_kind_display()}


def take_over(request: HttpRequest, row: MSARequest) -> str:
    holder = request.POST.get("holder", "")
    claims.take_over(
        row,
        by=user_of(request),
        reason=request.POST.get("take_over_reason", ""),
        holder=int(holder) if holder.isdecimal() and len(holder) < 19 else 0,
    )
    return _("This request is assigned to you now. Your colleague has been told.")


def keep(request: HttpRequest, row: MSARequest) -> str:
    claims.keep(row, by=user_of(request))
    return _("It stays assigned to you.")


def mark_read(request: HttpRequest, row: MSARequest) -> str:
    posted = request.POST.get("note", "")
    note = DeskNote.objects.filter(
        msa_request=row, pk=posted if posted.isdecimal() and len(posted) < 19 else 0
    ).first()
    if note is not None:
        claims.mark_read(note, by=user_of(request))
    return _("Marked as read.")
