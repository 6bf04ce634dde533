"""Where a request stands, for a person: status in words, who has the ball, what comes next and by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from msa_portal import formats
from requests_app.enums import ORDERABLE, OWNER_HOLDS, Debit, Holder, RequestType, Status
from requests_app.models import MSARequest
from requests_app.status.clocks import Clocks, VisitClock

TONES = {
    Status.UNSUBMITTED: "act",
    Status.CORRECTIONS_REQUIRED: "act",
    Status.SITE_VISIT_UNSUCCESSFUL: "bad",
    Status.INSTALLATION_COMPLETE: "good",
    Status.WITHDRAWN: "none",
}


@dataclass(frozen=True)
class Outlook:
    """`text` says what happens next, `until_on` by when, `late` that this day has passed."""

    text: str
    until_on: date | None = None
    late: bool = False
    clock: VisitClock | None = None
    clock_text: str = ""


def tone(msa_request: MSARequest) -> str:
    return TONES.get(Status(msa_request.status), "wait")


def type_words(msa_request: MSARequest) -> str:
    """The words of the type beside the official status, where the two differ (D2)."""
    if msa_request.status != Status.INSTALLATION_COMPLETE:
        return ""
    kind = RequestType(msa_request.request_type)
    return "" if kind == RequestType.INSTALL else str(kind.done)


def holder(msa_request: MSARequest) -> Holder:
    """Who has the ball, as the last event says: the page reads it, nothing computes it anew."""
    events = msa_request.case.events
    return Holder(events[-1].holder) if events else Holder.CUSTOMER


def is_debit_awaited(msa_request: MSARequest) -> bool:
    """Whether nobody can do anything but wait for the bank (fault 68)."""
    return msa_request.is_debit_under_way and msa_request.status in OWNER_HOLDS


def holder_words(msa_request: MSARequest) -> str:
    """Who that is by name."""
    if is_debit_awaited(msa_request):
        return _("The bank: the payment is on its way")
    who = holder(msa_request)
    if who == Holder.UTILITY:
        return _("The utility")
    if who == Holder.AGENT and msa_request.agent_company:
        return _("%(company)s, the agent") % {"company": msa_request.agent_company.name}
    if who == Holder.CUSTOMER:
        return (
            _("%(name)s, the customer") % {"name": msa_request.customer_name}
            if msa_request.customer_name
            else _("The customer")
        )
    return _("Nobody: this request is closed")


def outlook(msa_request: MSARequest, clocks: Clocks) -> Outlook:
    """What happens next and by when (V1, V2, D6, D8)."""
    clock = clocks.visit(msa_request)
    words = _clock_words(clock)
    text, until_on = _next(msa_request, clocks, clock)
    late = until_on is not None and until_on < clocks.today
    return Outlook(text, until_on, late, clock, words)


_NEXT = {
    Status.UNSUBMITTED: _lazy(
        "The form, the agreement and the fee come first. Paying submits the request. "
        "After that day it is withdrawn if nothing changes."
    ),
    Status.REQUEST_SUBMITTED: _lazy(
        "Program staff look at the request and write to you. The visit is expected by then."
    ),
    Status.CORRECTIONS_REQUIRED: _lazy(
        "Answer what staff marked, and send the request back. After that day it is withdrawn."
    ),
    Status.SERVICE_ORDER_ISSUED: _lazy("A meter technician visits the site. Nobody has to be at home."),
    Status.SITE_VISIT_UNSUCCESSFUL: _lazy(
        "Put right what the technician found. Then ask for a new visit, choose another MSA, or withdraw. "
        "After that day the request is withdrawn."
    ),
    Status.INSTALLATION_COMPLETE: _lazy("Nothing more is to be done."),
    Status.WITHDRAWN: _lazy("This request is closed. You can start a new one at any time."),
}


_DEBIT_UNDER_WAY = _lazy(
    "Your bank payment is on its way, which usually takes up to four business days. Then the request goes on"
    " automatically, and you get an email. Until then your answers can't change."
)
_DEBIT_FAILED = _lazy(
    "Your bank payment failed, and no money was taken. Pay the fee another way, and the request goes on."
)


def _next(msa_request: MSARequest, clocks: Clocks, clock: VisitClock | None) -> tuple[str, date | None]:
    if is_debit_awaited(msa_request):
        return str(_DEBIT_UNDER_WAY), None
    if msa_request.debit == Debit.FAILED and msa_request.status in OWNER_HOLDS:
        return str(_DEBIT_FAILED), msa_request.owner_acts_by
    if msa_request.status in ORDERABLE:
        return _service_order(msa_request, clocks)
    until_on = msa_request.owner_acts_by if msa_request.status in OWNER_HOLDS else clock.due_on if clock else None
    return str(_NEXT[Status(msa_request.status)]), until_on


def _service_order(msa_request: MSARequest, clocks: Clocks) -> tuple[str, date | None]:
    window = clocks.service_order(msa_request)
    if window is None:
        return _("The utility issues the service order for the visit."), None
    return (
        _("The utility issues the service order for the visit, usually not before %(day)s.")
        % {"day": formats.day(window[0])},
        window[1],
    )


def _clock_words(clock: VisitClock | None) -> str:
    """How the 30 business days stand, each pause with its holder (D6)."""
    if clock is None or clock.ended_on is not None:
        return ""
    counted = _("%(used)s of %(total)s business days are used.") % {
        "used": min(clock.used_days, clock.total_days),
        "total": clock.total_days,
    }
    if clock.paused_by:
        return _("%(counted)s The count stands still while the %(holder)s has the request.") % {
            "counted": counted,
            "holder": clock.paused_by.label.lower(),
        }
    return counted
