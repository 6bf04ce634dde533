"""What the people of a request are told by mail, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.business_days.calendar import local_day
from msa_portal.notices.links import PRIVATE_LINK, absolute
from msa_portal.notices.outbox import Attachment, Notice, queue
from requests_app import agreement_text, agreements, corrections, failures, fee_rules, followups, visit_photos
from requests_app.enums import (
    CorrectionKind,
    EventKind,
    PaperState,
    Party,
    RequestType,
    Section,
    Settlement,
    Status,
    VisitOutcome,
    WithdrawalReason,
)
from requests_app.models import (
    Agreement,
    Correction,
    MSARequest,
    PaperSigning,
    ProgramSettings,
    RequestEvent,
    SigningInvitation,
    VisitRound,
)

SIGNING_LINK = "sign"  # the kind of private link that opens a signer's page
_BOTH = "customer and agent"


class DraftStartedForYou(Notice):
    name = "draft_started_for_you"
    audience = "customer of an agent"


class InvitationToSign(Notice):
    name = "invitation_to_sign"
    audience = "customer of an agent"


class SignAgain(Notice):
    name = "sign_again"
    audience = "whoever signed an earlier version"


class SignatureReminder(Notice):
    name = "signature_reminder"
    audience = "whoever is waited for"


class SignedCopy(Notice):
    name = "signed_copy"
    audience = _BOTH


class RequestSubmitted(Notice):
    name = "request_submitted"
    audience = _BOTH


class CorrectionsRequired(Notice):
    name = "corrections_required"
    audience = _BOTH


class RequestValid(Notice):
    name = "request_valid"
    audience = _BOTH


class ServiceOrderIssued(Notice):
    name = "service_order_issued"
    audience = _BOTH


class VisitComplete(Notice):
    name = "visit_complete"
    audience = _BOTH


class VisitUnsuccessful(Notice):
    name = "visit_unsuccessful"
    audience = _BOTH


class RescheduleReceived(Notice):
    name = "reschedule_received"
    audience = _BOTH


class ModificationReceived(Notice):
    name = "modification_received"
    audience = _BOTH


class Withdrawn(Notice):
    name = "withdrawn"
    audience = _BOTH


class AgentRevoked(Notice):
    name = "agent_revoked"
    audience = "agent"


class AuthorityEnds(Notice):
    name = "authority_ends"
    audience = _BOTH


class HandedOver(Notice):
    name = "handed_over"
    audience = "the colleague who has the request now"


class RequestClaimed(Notice):
    name = "request_claimed"
    audience = "agent"


class PaperSentBack(Notice):
    name = "paper_sent_back"
    audience = "whoever signed on paper"


class UploadRemoved(Notice):
    name = "upload_removed"
    audience = "whoever sent the file"


@dataclass(frozen=True)
class Person:
    """Somebody who takes part in a request; without a user there is only an address."""

    email: str
    name: str
    user: User | None


def customer(request: MSARequest) -> Person:
    if request.owner is not None:
        return Person(request.owner.email, request.owner.name, request.owner)
    return Person(request.customer_email, request.customer_name, None)


def agent(request: MSARequest) -> Person | None:
    """The agent of record, also after their authority ended."""
    return Person(request.agent.email, request.agent.name, request.agent) if request.agent else None


def recipients(request: MSARequest) -> list[Person]:
    """The customer, and the agent while they act; each address once, nobody without one."""
    people = [customer(request)]
    acting = agent(request) if request.has_agent else None
    if acting is not None and acting.email.lower() != people[0].email.lower():
        people.append(acting)
    return [person for person in people if person.email]


def page(request: MSARequest, name: str = "") -> str:
    """The absolute address of one of the request's pages."""
    return absolute(f"/requests/{request.reference}/{name}{'/' if name else ''}")


def tell(
    notice: type[Notice],
    request: MSARequest,
    *,
    key: str,
    people: Iterable[Person] | None = None,
    to_page: str = "",
    private_link: str = "",
    act_by: date | None = None,
    attachments: Sequence[Attachment] = (),
    **values: Any,
) -> None:
    """Queue the notice for each person, once per key and person.

    The button opens `to_page` of the request, or the private link; who has no account and no
    private link gets no button, since no page would open for them.
    """
    for person in recipients(request) if people is None else people:
        context = _about(request) | {
            "name": person.name,
            "has_account": person.user is not None,
            "action_url": PRIVATE_LINK if private_link else page(request, to_page) if person.user else "",
            "act_by": formats.day(act_by) if act_by else "",
        }
        queue(
            notice,
            to=person.email,
            key=f"{key}:{person.email.lower()}"[:150],
            context=context | values,
            recipient=person.user,
            reference=request.reference or "",
            private_link=private_link,
            attachments=attachments,
        )


def _about(request: MSARequest) -> dict[str, Any]:
    return {
        "site_address": request.full_address if request.street else _("the customer's address"),
        "agent_name": request.agent.name if request.agent else "",
        "agent_company": request.agent_company.name if request.agent_company else "",
        "places_device": request.places_device,
    }


def upload_removed(request: MSARequest, *, key: str, file_name: str, sender: User | None) -> None:
    """To whoever sent it; by a mailed link that was the customer."""
    person = Person(sender.email, sender.name, sender) if sender else customer(request)
    tell(UploadRemoved, request, key=key, people=[person], file_name=file_name)


# --- Before submission -------------------------------------------------------------------
def draft_started_for_you(request: MSARequest) -> None:
    """An agent named the customer's address: once per request and address."""
    if request.has_agent and request.owner_id is None and request.customer_email:
        tell(DraftStartedForYou, request, key=str(request.pk), people=[customer(request)])


def invitation_to_sign(request: MSARequest, event: RequestEvent) -> None:
    """With what changed, where the person signed an earlier version."""
    invitation = SigningInvitation.objects.select_related("agreement").get(pk=event.codes["invitation"])
    again = _what_changed(invitation.agreement, request, Party.CUSTOMER)
    _about_signing(InvitationToSign, request, invitation, key=str(invitation.key), **again)


def sign_again(agreement: Agreement, request: MSARequest) -> None:
    """To those with an account who signed the version before; who prepared the new one sees it on the page."""
    prepared = request.events.filter(kind=EventKind.AGREEMENT_PREPARED).order_by("sequence").last()
    for party in agreement.waited_for:
        person = customer(request) if party == Party.CUSTOMER else agent(request)
        again = _what_changed(agreement, request, party)
        if not again["changes"] or person is None or person.user is None:
            continue
        if prepared is None or prepared.actor_id != person.user.pk:
            tell(SignAgain, request, key=str(agreement.pk), people=[person], to_page="agreement", **again)


def _what_changed(agreement: Agreement, request: MSARequest, party: Party) -> dict[str, Any]:
    before = agreements.replaced(agreement, request)
    if before is None or not before.signatures.filter(party=party).exists():
        return {"changes": [], "sections": []}
    changes = agreement_text.changes(before.facts, agreement.facts)
    return {
        "changes": [{"label": each.label, "before": each.before, "after": each.after} for each in changes],
        "sections": [str(Section(each).label) for each in agreement.missing_sections(party)],
    }


def signature_reminder(request: MSARequest, party: Party, invitation: SigningInvitation | None, *, key: str) -> None:
    """To the one who is waited for: by the open link, or to the page for those with an account."""
    if invitation is not None and request.owner is None:
        _about_signing(SignatureReminder, request, invitation, key=key, by_link=True)
        return
    person = customer(request) if party == Party.CUSTOMER else agent(request)
    if person is not None:
        tell(SignatureReminder, request, key=key, people=[person], to_page="agreement", by_link=False)


def _about_signing(
    notice: type[Notice], request: MSARequest, invitation: SigningInvitation, *, key: str, **values: Any
) -> None:
    known = customer(request)
    tell(
        notice,
        request,
        key=key,
        people=[Person(invitation.email, known.name, known.user if known.email == invitation.email else None)],
        private_link=f"{SIGNING_LINK}:{invitation.key}",
        act_by=local_day(invitation.expires_at),
        **values,
    )


def signed_copy(request: MSARequest, event: RequestEvent) -> None:
    fee_next = request.status == Status.UNSUBMITTED
    tell(SignedCopy, request, key=str(event.pk), to_page="agreement", fee_next=fee_next)


def paper_sent_back(request: MSARequest, event: RequestEvent) -> None:
    """To the signer: the agent, or the customer, who without an account gets the signing link again."""
    paper = PaperSigning.objects.select_related("agreement").get(pk=event.codes["paper"])
    sections = paper.sections.filter(state=PaperState.SENT_BACK).select_related("reason")
    for_agent = paper.party == Party.AGENT
    signer = agent(request) if for_agent else customer(request)
    link = "" if for_agent or request.owner else _open_signing_link(paper)
    items = [
        {"section": row.get_section_display(), "title": row.reason.title, "explanation": row.reason.explanation}
        | {"note": row.note}
        for row in sections
        if row.reason
    ]
    people = [signer] if signer else []
    tell(PaperSentBack, request, key=str(event.pk), people=people, to_page="paper", private_link=link, items=items)


def _open_signing_link(paper: PaperSigning) -> str:
    invitation = paper.agreement.invitations.filter(used_at__isnull=True, voided_at__isnull=True).first()
    return f"{SIGNING_LINK}:{invitation.key}" if invitation else ""


# --- At the utility ----------------------------------------------------------------------
def _times(event: RequestEvent) -> dict[str, Any]:
    """V1 and V2 for a request with nothing missing, from the event's day."""
    program = ProgramSettings.current()
    return {
        "order_from": program.service_order_from_days,
        "order_to": program.service_order_to_days,
        "visit_by": formats.day(calendar.load().add(local_day(event.at), program.visit_days)),
    }


def request_submitted(request: MSARequest, event: RequestEvent) -> None:
    tell(RequestSubmitted, request, key=str(event.pk), **_times(event))


def corrections_required(request: MSARequest, event: RequestEvent) -> None:
    items = list(Correction.objects.filter(request=request).unanswered().select_related("reason"))
    tell(
        CorrectionsRequired,
        request,
        key=str(event.pk),
        to_page="corrections",
        act_by=request.owner_acts_by,
        corrections=[_correction(request, item) for item in items],
        cannot_be_served=any(item.reason.kind == CorrectionKind.CANNOT_BE_SERVED for item in items),
    )


def _correction(request: MSARequest, item: Correction) -> dict[str, str]:
    field = str(getattr(MSARequest._meta.get_field(item.field), "verbose_name", item.field)) if item.field else ""
    return {
        "title": item.reason.title,
        "explanation": item.reason.explanation,
        "note": item.note,
        "field": field,
        "document": item.get_photo_topic_display() or item.get_document_display(),
        "value": item.value_then,
        "proposal": corrections.proposal_in_words(item),
        "url": f"{page(request, 'corrections')}#item-{item.pk}",
    }


def request_valid(request: MSARequest, event: RequestEvent) -> None:
    tell(RequestValid, request, key=str(event.pk), **_times(event))


def service_order_issued(request: MSARequest, event: RequestEvent) -> None:
    tell(ServiceOrderIssued, request, key=str(event.pk))


# --- The visit ---------------------------------------------------------------------------
_COMPLETE_IN_WORDS = {
    RequestType.INSTALL: gettext_lazy("Installation complete"),
    RequestType.REMOVAL: gettext_lazy("Removal complete"),
    RequestType.REPLACEMENT: gettext_lazy("Replacement complete"),
    RequestType.MAINTENANCE: gettext_lazy("Maintenance complete"),
}


def visit_complete(request: MSARequest, event: RequestEvent) -> None:
    """One official status for every type, told in the words of the request's own (D2), and what comes next."""
    words = _COMPLETE_IN_WORDS[RequestType(request.request_type)]
    visit = request.rounds.get(number=event.codes["round"])
    tell(
        VisitComplete,
        request,
        key=str(event.pk),
        outcome=words,
        status=request.get_status_display(),
        device=str(request.device) if request.places_device and request.device else "",
        next_steps=next_steps(request),
        photos_url=f"{page(request)}#visit-title" if visit_photos.of(visit) else "",
    )


def next_steps(request: MSARequest) -> list[str]:
    """What the maker's device asks of its owner now; empty where staff entered nothing, or nothing was put in."""
    device = request.device if request.places_device else None
    return device.steps if device else []


def visit_unsuccessful(request: MSARequest, event: RequestEvent) -> None:
    """The reasons, and the three options under their official names (V4, R7)."""
    visit = followups.failed_round(request)
    tell(
        VisitUnsuccessful,
        request,
        key=str(event.pk),
        act_by=request.owner_acts_by,
        reasons=[_failure(request, each) for each in failures.explained(request, visit)],
        second_fee=followups.second_fee_due(visit),
        options=_options(request),
    )


def _failure(request: MSARequest, each: failures.Explained) -> dict[str, str]:
    return {
        "title": each.reason.title,
        "explanation": each.reason.explanation,
        "whose": each.whose,
        "todo": each.todo,
        "cost": each.cost,
        "photo_url": f"{page(request, 'reschedule')}#reason-{each.reason.pk}" if each.photos else "",
    }


def _options(request: MSARequest) -> list[dict[str, str]]:
    options = [
        ("reschedule", _("Reschedule MSA Site Visit"), _("You put the reasons right and keep your device.")),
        ("withdraw", _("Withdraw IR"), _("You end the request.")),
    ]
    if request.places_device:
        options.insert(0, ("modify", _("Modification Request"), _("You choose a different approved MSA.")))
    return [{"url": page(request, name), "title": title, "what": what} for name, title, what in options]


def reschedule_received(request: MSARequest, event: RequestEvent) -> None:
    tell(RescheduleReceived, request, key=str(event.pk), **_times(event))


def modification_received(request: MSARequest, event: RequestEvent) -> None:
    tell(ModificationReceived, request, key=str(event.pk), device=str(request.device or ""), **_times(event))


# --- The end, and people -----------------------------------------------------------------
def withdrawn(request: MSARequest, event: RequestEvent) -> None:
    tell(
        Withdrawn,
        request,
        key=str(event.pk),
        who=_withdrawn_by(request, event),
        reason=WithdrawalReason(event.codes["reason"]).label,
        had_visit=event.from_status == Status.SERVICE_ORDER_ISSUED,
        refund=refund_outlook(request),
    )


def _withdrawn_by(request: MSARequest, event: RequestEvent) -> str:
    if event.actor is None:
        return _("the portal, because the time to act ran out")
    if event.actor.sees_all_requests:
        return _("program staff, on the customer's or agent's word")
    return event.actor.name


def refund_outlook(request: MSARequest) -> str:
    """What comes back after a withdrawal (D4): "unpaid", "none", "part" or "full"."""
    paid = (
        VisitRound.objects.filter(request=request, settlement=Settlement.PAID)
        .exclude(outcome=VisitOutcome.COMPLETE)
        .prefetch_related("reasons")
    )
    kept = [visit for visit in paid if not _comes_back(visit)]
    if not paid:
        return "unpaid"
    if not kept:
        return "full"
    return "none" if len(kept) == len(paid) else "part"


def _comes_back(visit: VisitRound) -> bool:
    return fee_rules.comes_back(visit.outcome, (reason.responsible for reason in visit.reasons.all()))


def agent_revoked(request: MSARequest, event: RequestEvent) -> None:
    person = agent(request)
    expired = event.codes.get("why") == "expired"
    people = [person] if person else []
    tell(AgentRevoked, request, key=str(event.pk), people=people, action_url="", expired=expired)


def authority_ends(request: MSARequest, *, on: date, key: str) -> None:
    """To customer and agent: a new signature makes it last longer, else the customer goes on alone."""
    tell(AuthorityEnds, request, key=key, act_by=on)


def handed_over(request: MSARequest, *, to: User, by: User, key: str) -> None:
    tell(HandedOver, request, key=key, people=[Person(to.email, to.name, to)], colleague=by.name)


def request_claimed(request: MSARequest, event: RequestEvent) -> None:
    person = agent(request) if request.has_agent else None
    tell(RequestClaimed, request, key=str(event.pk), people=[person] if person else [])
