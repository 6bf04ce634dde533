"""What the people of a request are told by mail, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import Company, User
from msa_portal.notices.limits import AtLimit, Cause
from msa_portal.notices.links import PRIVATE_LINK, absolute
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import Attachment, Notice, queue
from requests_app.events import ROWS, row_for
from requests_app.models import MSARequest, RequestEvent
from requests_app.models.parties import acts_for
from requests_app.signals import event_recorded

SIGNING_LINK = "sign"  # the kind of private link that opens a signer's page
CUSTOMER_AND_AGENT = "customer and agent"


class UploadRemoved(Notice):
    name = "upload_removed"
    audience = "whoever sent the file"


@dataclass(frozen=True)
class Person:
    """Somebody who takes part in a request; without a user there is only an address."""

    email: str
    name: str
    user: User | None


def customer(msa_request: MSARequest) -> Person:
    if msa_request.owner is not None:
        return Person(msa_request.owner.email, msa_request.owner.name, msa_request.owner)
    return Person(msa_request.customer_email, msa_request.customer_name, None)


def agent(msa_request: MSARequest) -> Person | None:
    """The agent of record, also after their authority ended."""
    return Person(msa_request.agent.email, msa_request.agent.name, msa_request.agent) if msa_request.agent else None


def recipients(msa_request: MSARequest) -> list[Person]:
    """The customer, and the agent while they act; each address once, nobody without one."""
    people = [customer(msa_request)]
    acting = agent(msa_request) if msa_request.has_agent else None
    if acting is not None and acting.email.lower() != people[0].email.lower():
        people.append(acting)
    return [person for person in people if person.email]


def page(msa_request: MSARequest, name: str = "") -> str:
    """The absolute address of one of the request's pages."""
    return absolute(f"/requests/{msa_request.reference}/{name}{'/' if name else ''}")


def notify(
    notice: type[Notice],
    msa_request: MSARequest,
    *,
    key: str,
    people: Iterable[Person] | None = None,
    to_page: str = "",
    private_link: str = "",
    act_by: date | None = None,
    attachments: Sequence[Attachment] = (),
    is_new_cause: bool = False,
    by: User | None = None,
    at_limit: AtLimit | None = None,
    **values: Any,
) -> None:
    """Queue the notice for each person, once per key and person. `is_new_cause` as in `outbox.queue`.

    `by` is who causes it, for the notices that `limits` counts; None is a timer or the portal. `at_limit` as in
    `outbox.queue`. What people of a
    company that staff haven't verified typed stands in no subject, and in no greeting of somebody without an account
    (D21).

    The button opens `to_page` of the request, or the private link; who has no account and no
    private link gets no button, since no page would open for them.
    """
    company = msa_request.agent_company
    is_vouched_for = company is None or company.is_verified
    for person in recipients(msa_request) if people is None else people:
        context = _about(msa_request) | {
            "name": person.name if person.user is not None or is_vouched_for else "",
            "has_account": person.user is not None,
            "action_url": PRIVATE_LINK if private_link else page(msa_request, to_page) if person.user else "",
            "act_by": formats.day(act_by) if act_by else "",
        }
        queue(
            notice,
            to=person.email,
            key=f"{key}:{person.email.lower()}"[:150],
            context=context | values,
            recipient=person.user,
            reference=msa_request.reference or "",
            private_link=private_link,
            attachments=attachments,
            is_new_cause=is_new_cause,
            cause=Cause(by, company if by is not None and is_of(by, company) else None),
            at_limit=at_limit,
            is_vouched_for=is_vouched_for,
        )


def is_of(person: User, company: Company | None) -> bool:
    return company is not None and company.pk in person.company_ids


def _about(msa_request: MSARequest) -> dict[str, Any]:
    return {
        "site_address": msa_request.full_address if msa_request.street else _("the customer's address"),
        "agent_name": msa_request.agent.name if msa_request.agent else "",
        "agent_company": msa_request.agent_company.name if msa_request.agent_company else "",
        "places_device": msa_request.places_device,
        "is_unverified": msa_request.agent_company is not None and not msa_request.agent_company.is_verified,
    }


# What people of the agent's company get after its authority ended: that it did, and what became of money it paid.
_ALSO_AFTERWARD = frozenset(
    {
        *("agent_revoked", "request_claimed", "receipt", "receipt_for_several"),
        *("refund_paid", "refund_failed", "refund_declined", "payment_held", "payment_failed", "payment_disputed"),
    }
)


def takes_no_part(message: NoticeMessage, person: User) -> str:
    """Why a message about a request is no longer for this person: they left the company, or it acts no longer."""
    msa_request = MSARequest.objects.filter(reference=message.reference).select_related("authority").first()
    if msa_request is None or acts_for(person, msa_request) or person.roles or person.is_staff:
        return ""
    if msa_request.agent_company_id in person.company_ids and message.kind in _ALSO_AFTERWARD:
        return ""
    return _("This person doesn't act on the request now, so they get no email about it.")


def connect(app: str) -> None:
    """Called once when the app is ready: from then on, the app's notices that an event's row names are sent in the
    event's transaction. Raises `ImportError` if a row names a notice that the app doesn't have."""
    paths = {path for row in ROWS.values() for path in row.notices if path.startswith(f"{app}.")}
    senders: dict[str, Callable[[MSARequest, RequestEvent], None]] = {path: import_string(path) for path in paths}

    def send(msa_request: MSARequest, event: RequestEvent, **_kwargs: Any) -> None:
        for path in row_for(event.kind).notices:
            if path in senders:
                senders[path](msa_request, event)

    event_recorded.connect(send, weak=False, dispatch_uid=f"notices of {app}")


def upload_removed(msa_request: MSARequest, *, key: str, file_name: str, sender: User | None) -> None:
    """To whoever sent it; by a mailed link that was the customer."""
    person = Person(sender.email, sender.name, sender) if sender else customer(msa_request)
    notify(UploadRemoved, msa_request, key=key, people=[person], file_name=file_name)
