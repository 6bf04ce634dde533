"""Emails about signing and about who acts for whom."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.urls import reverse

from msa_portal.accounts.models import Company, User
from msa_portal.business_days.calendar import local_day
from msa_portal.notices.limits import Cause
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import Notice, queue
from requests_app.agreements import text as agreement_text
from requests_app.agreements import versions
from requests_app.enums import (
    AuthorityEnd,
    EventKind,
    PaperState,
    Party,
    Section,
    Status,
)
from requests_app.models import (
    AddressCorrection,
    Agreement,
    MSARequest,
    PaperSigning,
    RequestEvent,
    SigningInvitation,
)
from requests_app.notices import CUSTOMER_AND_AGENT, SIGNING_LINK, Person, agent, customer, is_of, notify

_CLOSED = AuthorityEnd.CLOSED.value
_MOST_NAMED = 20


class InvitationToSign(Notice):
    name = "invitation_to_sign"
    audience = "customer of an agent"


class ConfirmAddress(Notice):
    name = "confirm_address"
    audience = "the new address of a customer who gave it on the phone"
    confidential = True


class AddressToChange(Notice):
    name = "address_to_change"
    audience = "the address of a customer for whom another one was given on the phone"


class SignAgain(Notice):
    name = "sign_again"
    audience = "whoever signed an earlier version"


class SignatureReminder(Notice):
    name = "signature_reminder"
    audience = "whoever is waited for"


class AgentSignatureDue(Notice):
    name = "agent_signature_due"
    audience = "agent"


class SignedCopy(Notice):
    name = "signed_copy"
    audience = CUSTOMER_AND_AGENT


class AgentRevoked(Notice):
    name = "agent_revoked"
    audience = "agent"


class AuthorityEnds(Notice):
    name = "authority_ends"
    audience = CUSTOMER_AND_AGENT


class ActingEnded(Notice):
    name = "acting_ended"
    audience = "customer"


class HandedOver(Notice):
    name = "handed_over"
    audience = "the colleague who has the request now"


class WorkHandedOver(Notice):
    name = "work_handed_over"
    audience = "the colleague who takes over from somebody who leaves the company"


class AgentSteppedDown(Notice):
    name = "agent_stepped_down"
    audience = "customer of a company that closed"


class PaperSentBack(Notice):
    name = "paper_sent_back"
    audience = "whoever signed on paper"


def invitation_to_sign(msa_request: MSARequest, event: RequestEvent) -> None:
    """With what changed, where the person signed an earlier version."""
    invitation = SigningInvitation.objects.select_related("agreement").get(pk=event.codes["invitation"])
    again = _what_changed(invitation.agreement, msa_request, Party.CUSTOMER)
    by = event.actor or _preparer(invitation)
    _about_signing(InvitationToSign, msa_request, invitation, key=str(invitation.key), by=by, **again)


def _preparer(invitation: SigningInvitation) -> User | None:
    """Who caused the first invitation of a version, which the portal sends when the document is there; None for a renewal."""
    if invitation.agreement.invitations.exclude(pk=invitation.pk).exists():
        return None
    prepared = invitation.agreement.msa_request.events.filter(kind=EventKind.AGREEMENT_PREPARED)
    newest = prepared.select_related("actor").order_by("sequence").last()
    return newest.actor if newest else None


def sign_again(agreement: Agreement, msa_request: MSARequest) -> None:
    """To those with an account who signed the version before; who prepared the new one sees it on the page."""
    prepared = msa_request.events.filter(kind=EventKind.AGREEMENT_PREPARED).order_by("sequence").last()
    for party in agreement.waited_for:
        person = customer(msa_request) if party == Party.CUSTOMER else agent(msa_request)
        again = _what_changed(agreement, msa_request, party)
        if not again["changes"] or person is None or person.user is None:
            continue
        if prepared is None or prepared.actor_id != person.user.pk:
            by = prepared.actor if prepared else None
            notify(SignAgain, msa_request, key=str(agreement.pk), people=[person], to_page="agreement", by=by, **again)


def _what_changed(agreement: Agreement, msa_request: MSARequest, party: Party) -> dict[str, Any]:
    before = versions.replaced(agreement, msa_request)
    if before is None or not before.signatures.filter(party=party).exists():
        return {"changes": [], "sections": []}
    changes = agreement_text.changes(before.facts, agreement.facts)
    return {
        "changes": [{"label": change.label, "before": change.before, "after": change.after} for change in changes],
        "sections": [str(Section(section).label) for section in agreement.missing_sections(party)],
    }


def signature_reminder(
    msa_request: MSARequest, party: Party, invitation: SigningInvitation | None, *, key: str
) -> None:
    """To the one who is waited for: by the open link, or to the page for those with an account."""
    if invitation is not None and msa_request.owner is None:
        _about_signing(SignatureReminder, msa_request, invitation, key=key, by_link=True)
        return
    person = customer(msa_request) if party == Party.CUSTOMER else agent(msa_request)
    if person is not None:
        notify(SignatureReminder, msa_request, key=key, people=[person], to_page="agreement", by_link=False)


def agent_signature_due(msa_request: MSARequest, event: RequestEvent) -> None:
    """The customer has signed, and only the agent is waited for."""
    person = agent(msa_request) if msa_request.has_agent else None
    if person is None or event.codes["party"] != Party.CUSTOMER or msa_request.case.waited_for != [Party.AGENT]:
        return
    key = str(event.pk)
    notify(AgentSignatureDue, msa_request, key=key, people=[person], is_new_cause=True, to_page="agreement")


def _about_signing(
    notice: type[Notice],
    msa_request: MSARequest,
    invitation: SigningInvitation,
    *,
    key: str,
    by: User | None = None,
    **values: Any,
) -> None:
    known = customer(msa_request)
    notify(
        notice,
        msa_request,
        key=key,
        people=[Person(invitation.email, known.name, known.user if known.email == invitation.email else None)],
        private_link=f"{SIGNING_LINK}:{invitation.key}",
        act_by=local_day(invitation.expires_at),
        by=by,
        **values,
    )


def signed_copy(msa_request: MSARequest, event: RequestEvent) -> None:
    fee_next = msa_request.status == Status.UNSUBMITTED
    key = str(event.pk)
    notify(SignedCopy, msa_request, key=key, is_new_cause=True, to_page="agreement", fee_next=fee_next)


def paper_sent_back(msa_request: MSARequest, event: RequestEvent) -> None:
    """To the signer: the agent, or the customer, who without an account gets the signing link again."""
    paper = PaperSigning.objects.select_related("agreement").get(pk=event.codes["paper"])
    sections = paper.sections.filter(state=PaperState.SENT_BACK).select_related("reason")
    for_agent = paper.party == Party.AGENT
    signer = agent(msa_request) if for_agent else customer(msa_request)
    link = "" if for_agent or msa_request.owner else _open_signing_link(paper)
    items = [
        {"section": row.get_section_display(), "title": row.reason.title, "explanation": row.reason.explanation}
        | {"note": row.note}
        for row in sections
        if row.reason
    ]
    people = [signer] if signer else []
    notify(
        PaperSentBack, msa_request, key=str(event.pk), people=people, to_page="paper", private_link=link, items=items
    )


def _open_signing_link(paper: PaperSigning) -> str:
    invitation = paper.agreement.invitations.filter(used_at__isnull=True, voided_at__isnull=True).first()
    return f"{SIGNING_LINK}:{invitation.key}" if invitation else ""


def agent_revoked(msa_request: MSARequest, event: RequestEvent) -> None:
    """To the agent; whose own company closed knows."""
    if event.codes.get("why") == _CLOSED:
        return
    person = agent(msa_request)
    expired = event.codes.get("why") == "expired"
    people = [person] if person else []
    notify(AgentRevoked, msa_request, key=str(event.pk), people=people, action_url="", expired=expired, by=event.actor)


def agent_stepped_down(msa_request: MSARequest, event: RequestEvent) -> None:
    """The company closed: its customer goes on alone."""
    if event.codes.get("why") == _CLOSED:
        notify(AgentSteppedDown, msa_request, key=str(event.pk), people=[customer(msa_request)], by=event.actor)


def acting_ended(ended: Iterable[tuple[MSARequest, RequestEvent]], *, why: str) -> None:
    """To each customer, once for all requests on which one ending stopped the agent; the agent is told of each."""
    by_customer: dict[str, list[tuple[MSARequest, RequestEvent]]] = defaultdict(list)
    for msa_request, event in ended:
        by_customer[customer(msa_request).email.lower()].append((msa_request, event))
    for rows in by_customer.values():
        msa_request, event = rows[0]
        notify(
            ActingEnded,
            msa_request,
            key=str(event.pk),
            people=[customer(msa_request)],
            by=event.actor,
            is_new_cause=True,
            references=[str(row) for row, _event in rows],
            why=why,
        )


def authority_ends(msa_request: MSARequest, *, on: date, key: str) -> None:
    """To customer and agent: a new signature makes it last longer, else the customer goes on alone."""
    notify(AuthorityEnds, msa_request, key=key, act_by=on)


def handed_over(msa_request: MSARequest, *, to: User, by: User, key: str) -> None:
    notify(HandedOver, msa_request, key=key, people=[Person(to.email, to.name, to)], colleague=by.name, by=by)


def work_handed_over(company: Company, requests: Sequence[MSARequest], *, to: User, leaver: User, by: User) -> None:
    """One message for all that a colleague who leaves had open."""
    queue(
        WorkHandedOver,
        to=to.email,
        key=f"{company.pk}:{leaver.pk}:{uuid.uuid4().hex}",
        is_new_cause=True,
        recipient=to,
        cause=Cause(by, company if is_of(by, company) else None),
        context={
            "name": to.name,
            "leaver": leaver.name,
            "company": company.name,
            "count": len(requests),
            "references": [str(msa_request) for msa_request in requests[:_MOST_NAMED]],
            "more": max(0, len(requests) - _MOST_NAMED),
            "action_url": absolute(reverse("requests:list")),
        },
    )


def confirm_address(correction: AddressCorrection) -> None:
    """The link, to the new address alone."""
    notify(
        ConfirmAddress,
        correction.msa_request,
        key=str(correction.pk),
        people=[Person(correction.to_email, "", None)],
        private_link=f"address_correction:{correction.key}",
    )


def address_to_change(correction: AddressCorrection) -> None:
    """To the address that counts until then, if there is one."""
    if correction.from_email:
        person = Person(correction.from_email, "", None)
        notify(AddressToChange, correction.msa_request, key=str(correction.pk), people=[person])
