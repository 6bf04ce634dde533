"""Emails about the lifecycle's own events."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.notices.limits import AtLimit
from msa_portal.notices.outbox import Notice
from requests_app import history, hooks, program
from requests_app.enums import (
    EventKind,
    RequestType,
    Status,
    WithdrawalReason,
)
from requests_app.models import (
    MSARequest,
    RequestEvent,
)
from requests_app.notices import CUSTOMER_AND_AGENT, agent, customer, notify, page


class DraftStartedForYou(Notice):
    name = "draft_started_for_you"
    audience = "customer of an agent"


class RequestSubmitted(Notice):
    name = "request_submitted"
    audience = CUSTOMER_AND_AGENT


class RequestValid(Notice):
    name = "request_valid"
    audience = CUSTOMER_AND_AGENT


class ServiceOrderIssued(Notice):
    name = "service_order_issued"
    audience = CUSTOMER_AND_AGENT


class VisitComplete(Notice):
    name = "visit_complete"
    audience = CUSTOMER_AND_AGENT


class RescheduleReceived(Notice):
    name = "reschedule_received"
    audience = CUSTOMER_AND_AGENT


class ModificationReceived(Notice):
    name = "modification_received"
    audience = CUSTOMER_AND_AGENT


class Withdrawn(Notice):
    name = "withdrawn"
    audience = CUSTOMER_AND_AGENT


class RequestClaimed(Notice):
    name = "request_claimed"
    audience = "agent"


# --- Before submission -------------------------------------------------------------------
def draft_started_for_you(msa_request: MSARequest, *, by: User) -> None:
    """An agent named the customer's address: once per request and address."""
    if msa_request.has_agent and msa_request.owner_id is None and msa_request.customer_email:
        notify(DraftStartedForYou, msa_request, key=str(msa_request.pk), people=[customer(msa_request)], by=by)


# --- At the utility ----------------------------------------------------------------------
def _times(msa_request: MSARequest, event: RequestEvent) -> dict[str, Any]:
    """V1 and V2 for a request with nothing missing, from the event's day."""
    settings = program.of(msa_request)
    return {
        "order_from": settings.figures.service_order_from_days,
        "order_to": settings.figures.service_order_to_days,
        "visit_by": formats.day(settings.calendar.add(local_day(event.at), settings.figures.visit_days)),
    }


def request_submitted(msa_request: MSARequest, event: RequestEvent) -> None:
    notify(RequestSubmitted, msa_request, key=str(event.pk), is_new_cause=True, **_times(msa_request, event))


def request_valid(msa_request: MSARequest, event: RequestEvent) -> None:
    notify(RequestValid, msa_request, key=str(event.pk), is_new_cause=True, **_times(msa_request, event))


def service_order_issued(msa_request: MSARequest, event: RequestEvent) -> None:
    notify(ServiceOrderIssued, msa_request, key=str(event.pk), is_new_cause=True)


# --- The visit ---------------------------------------------------------------------------
def visit_complete(msa_request: MSARequest, event: RequestEvent) -> None:
    """One official status for every type, told in the words of the request's own (D2), and what comes next."""
    visit = msa_request.case.round_of(event.codes["round"])
    notify(
        VisitComplete,
        msa_request,
        key=str(event.pk),
        is_new_cause=True,
        outcome=str(RequestType(msa_request.request_type).done),
        is_corrected=event.kind == EventKind.CORRECT_TO_COMPLETE,
        status=msa_request.get_status_display(),
        device=str(msa_request.device) if msa_request.places_device and msa_request.device else "",
        next_steps=next_steps(msa_request),
        photos_url=f"{page(msa_request)}#visit-title" if hooks.photos_of(visit) else "",
    )


def next_steps(msa_request: MSARequest) -> list[str]:
    """What the maker's device asks of its owner now; empty where staff entered nothing, or nothing was put in."""
    device = msa_request.device if msa_request.places_device else None
    return device.steps if device else []


def reschedule_received(msa_request: MSARequest, event: RequestEvent) -> None:
    notify(RescheduleReceived, msa_request, key=str(event.pk), is_new_cause=True, **_times(msa_request, event))


def modification_received(msa_request: MSARequest, event: RequestEvent) -> None:
    notify(
        ModificationReceived,
        msa_request,
        key=str(event.pk),
        is_new_cause=True,
        device=str(msa_request.device or ""),
        **_times(msa_request, event),
    )


# --- The end, and people -----------------------------------------------------------------
def withdrawn(msa_request: MSARequest, event: RequestEvent) -> None:
    """Of a draft without money nobody has a right to hear: starting and withdrawing drafts must flood no mailbox."""
    stake = hooks.stake_of(msa_request)
    is_mere_draft = event.from_status == Status.UNSUBMITTED and not stake.paid_cents
    notify(
        Withdrawn,
        msa_request,
        key=str(event.pk),
        is_new_cause=True,
        by=event.actor,
        at_limit=AtLimit.DROP if is_mere_draft else None,
        who=_withdrawn_by(msa_request, event),
        reason=WithdrawalReason(event.codes["reason"]).label,
        had_visit=event.from_status == Status.SERVICE_ORDER_ISSUED,
        money=list(stake.lines) or [str(hooks.NOTHING_PAID)],
        comes_back=stake.refund_cents > 0,
    )


def _withdrawn_by(msa_request: MSARequest, event: RequestEvent) -> str:
    if event.actor is None:
        return history.display_name_for(None, None)
    if event.actor.sees_all_requests:
        return _("program staff, on the customer's or agent's word")
    return event.actor.name


def request_claimed(msa_request: MSARequest, event: RequestEvent) -> None:
    person = agent(msa_request) if msa_request.has_agent else None
    notify(
        RequestClaimed,
        msa_request,
        key=str(event.pk),
        is_new_cause=True,
        by=event.actor,
        people=[person] if person else [],
    )
