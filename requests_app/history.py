"""A request's history: appending an event, verifying the chain, who acted, and whose turn is next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.db import locked
from msa_portal.errors import Stale
from requests_app import signals
from requests_app.enums import (
    OWNER_HOLDS,
    AgreementState,
    EventKind,
    Holder,
    Party,
    Section,
    Status,
)
from requests_app.events import Turn, turn_in
from requests_app.models import (
    Agreement,
    MSARequest,
    RequestEvent,
    SignedSection,
)
from requests_app.models.case import Link
from requests_app.models.parties import with_agent


def display_name_for(actor: User | None, viewer: User | None, *, has_role: bool | None = None) -> str:
    """The actor's name. Customers and agents see "the utility" for anyone who works there.

    `actor` None is a timer, `viewer` None is nobody in particular. `has_role`: whether the actor has a staff
    role, if the caller knows.
    """
    if actor is None:
        return _("the portal")
    if actor == viewer:
        return _("you")
    inside = viewer is not None and (viewer.is_staff or bool(viewer.roles))
    if inside:
        return str(actor)
    if actor.is_staff or (any(actor.groups.all()) if has_role is None else has_role):
        return _("the utility")
    return str(actor)


def record(
    msa_request: MSARequest,
    kind: EventKind,
    *,
    by: User | None,
    from_status: str | None = None,
    codes: dict[str, Any] | None = None,
    save: Sequence[str] = (),
    at: datetime | None = None,
) -> RequestEvent:
    """Append the event and send the signal to the other apps.

    The caller holds the lock on the request's row, so that two events never get the same place in the chain.
    `by` None is a timer. `codes` holds codes and ids only. `save` names fields of the request that the caller
    changed: they're saved together with those that the event changes. `at` is when staff decided, if the event is the
    release of a decision that waited: the clocks count from then (D24).
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an event is recorded in the transaction of its cause")
    last = msa_request.case.last_link
    event = RequestEvent(
        msa_request=msa_request,
        sequence=last.sequence + 1 if last else 1,
        kind=kind,
        from_status=from_status or msa_request.status,
        to_status=msa_request.status,
        holder=waiting_on(msa_request),
        actor=by,
        at=at or timezone.now(),
        codes=codes or {},
        previous_digest=last.digest if last else "",
    )
    event.digest = event.computed_digest()
    event.save()
    msa_request.case.now_has(last_link=Link(event.sequence, event.digest, event.holder))
    if last is None or last.holder != event.holder:
        msa_request.waiting_since = event.at
        save = [*save, "waiting_since"]
    if save:
        msa_request.save(update_fields=save)
    signals.event_recorded.send(sender=MSARequest, msa_request=msa_request, event=event, by=by)
    return event


def broken_links(msa_request: MSARequest | None = None) -> Iterator[str]:
    """A line for each event that does not verify, of one request or of all."""
    events = RequestEvent.objects.order_by("msa_request_id", "sequence")
    if msa_request is not None:
        events = events.filter(msa_request=msa_request)
    place, digest, of_request = 0, "", None
    for event in events.iterator():
        if event.msa_request_id != of_request:
            place, digest, of_request = 0, "", event.msa_request_id
        place += 1
        if event.sequence != place:
            yield f"request {event.msa_request_id}: event {place} is missing"
            place = event.sequence
        elif event.previous_digest != digest:
            yield f"request {event.msa_request_id}: event {place} does not follow its predecessor"
        if event.digest != event.computed_digest():
            yield f"request {event.msa_request_id}: event {event.sequence} was changed"
        digest = event.digest


def waiting_on(msa_request: MSARequest) -> Holder:
    """Who must act next. While the customer's signature or a link to pay is out, that is the customer."""
    turn = turn_in(msa_request.status)
    if turn is Turn.NOBODY:
        return Holder.NOBODY
    if turn is Turn.UTILITY:
        return Holder.UTILITY
    if not msa_request.has_agent or msa_request.customer_pays or _waits_for_customer_signature(msa_request):
        return Holder.CUSTOMER
    return Holder.AGENT


def _waits_for_customer_signature(msa_request: MSARequest) -> bool:
    case = msa_request.case
    if case.agreement is None or case.agreement.state != AgreementState.SIGNING:
        return False
    waited_for = case.waited_for
    return Party.CUSTOMER in waited_for and (msa_request.status != Status.UNSUBMITTED or Party.AGENT not in waited_for)


def waits_for(user: User) -> Q:
    """The requests that `waiting_on` gives to this person: as the customer, or as one of the agent's people.

    Lists count and filter in the database, so the rule is written twice, side by side.
    `tests/requests_app/test_one_rule_once.py` checks over many generated requests that both agree.
    """
    alone = Q(sections__1__isnull=True)  # the customer signs alone: no sections for an agent
    customer_has = _signed(Party.CUSTOMER, Section.CUSTOMER_TERMS) & (
        alone | _signed(Party.CUSTOMER, Section.AUTHORIZATION)
    )
    agent_has = alone | _signed(Party.AGENT, Section.AUTHORIZATION) & _signed(Party.AGENT, Section.SUBMITTAL)
    out = Agreement.objects.filter(~customer_has, msa_request=OuterRef("pk"), state=AgreementState.SIGNING)
    customer_signs = Exists(out.filter(agent_has)) | (~Q(status=Status.UNSUBMITTED) & Exists(out))
    customer_pays = Q(customer_pays_until__isnull=False, customer_pays_until__gt=timezone.now())
    customer_acts = customer_signs | customer_pays
    by_agent = with_agent() & Q(agent_company__in=user.company_ids) & ~customer_acts
    by_customer = Q(owner=user) & (~with_agent() | customer_acts)
    return Q(status__in=OWNER_HOLDS) & (by_agent | by_customer)


def _signed(party: Party, section: Section) -> Q:
    rows = SignedSection.objects.filter(agreement=OuterRef("pk"), party=party, section=section)
    return Q(Exists(rows))


def stale(msa_request: MSARequest, *, to: User | None) -> Stale:
    """The refusal for a request that changed in the meantime: what happened, who did it and when, and its status now."""
    status = msa_request.get_status_display()
    last = msa_request.events.exclude(from_status=F("to_status")).select_related("actor").last()
    if last is None:
        return Stale(
            _("This request is “%(status)s”, so that is not possible now.") % {"status": status}, code="stale"
        )
    return Stale(
        _(
            "Meanwhile this happened: %(event)s, by %(who)s, on %(when)s. "
            "The request is now “%(status)s”. Look at it again before you decide."
        )
        % {
            "event": last.get_kind_display(),
            "who": display_name_for(last.actor, to),
            "when": formats.moment(last.at),
            "status": status,
        },
        code="stale",
    )


def record_locked(msa_request: MSARequest, kind: EventKind, *, by: User | None, codes: dict[str, object]) -> None:
    """Record a payment's event that moves no status: fee raised, payment held, a refund's steps."""
    with locked(msa_request) as fresh:
        record(fresh, kind, by=by, codes=codes)
